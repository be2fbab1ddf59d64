/** Tests of how long an environment may live on its credentials, on a clock that stands still. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#platform';
import { CredentialLife, credentialMarginMs, retiresAtMs } from './credential-life.ts';

const hourMs = 3_600_000;

function watched(clock: FakeClock): { readonly life: CredentialLife; readonly ended: number[] } {
  const ended: number[] = [];
  return { life: new CredentialLife(clock, () => ended.push(clock.wallMs())), ended };
}

test('an environment is retired a longest invoke before its credentials expire', () => {
  assert.equal(retiresAtMs(0, 6 * hourMs), 6 * hourMs - credentialMarginMs);
  const clock = new FakeClock();
  const { life, ended } = watched(clock);
  const expiresAtMs = clock.wallMs() + 6 * hourMs;
  life.begin(expiresAtMs);
  clock.advance(6 * hourMs - credentialMarginMs - 1);
  assert.equal(life.isOver, false);
  assert.deepEqual(ended, []);
  clock.advance(1);
  assert.equal(life.isOver, true);
  assert.deepEqual(ended, [expiresAtMs - credentialMarginMs]);
});

test('credentials that live shortly are used for half of their life, not for none', () => {
  const clock = new FakeClock();
  const { life, ended } = watched(clock);
  life.begin(clock.wallMs() + 60_000);
  assert.equal(life.isOver, false);
  clock.advance(30_000);
  assert.equal(ended.length, 1);
});

test('a host that slept notices at its next look, without its timer', () => {
  const clock = new FakeClock();
  const { life, ended } = watched(clock);
  life.begin(clock.wallMs() + hourMs);
  clock.setWall(clock.wallMs() + hourMs);
  assert.equal(life.isOver, true);
  assert.deepEqual(ended, []);
});

test('a wall clock that was set back keeps the environment for longer', () => {
  const clock = new FakeClock();
  const { life, ended } = watched(clock);
  life.begin(clock.wallMs() + hourMs);
  clock.setWall(clock.wallMs() - hourMs);
  clock.advance(hourMs);
  assert.deepEqual(ended, []);
  clock.advance(hourMs);
  assert.equal(ended.length, 1);
});

test('new credentials begin a new life, and an environment that is gone leaves no timer', () => {
  const clock = new FakeClock();
  const { life, ended } = watched(clock);
  life.begin(clock.wallMs() + hourMs);
  clock.advance(30 * 60_000);
  life.begin(clock.wallMs() + hourMs);
  clock.advance(30 * 60_000);
  assert.equal(ended.length, 0);
  life.end();
  assert.equal(clock.timers, 0);
  assert.equal(life.isOver, false);
  life.begin(undefined);
  assert.equal(clock.timers, 0);
});

test('environments that began together need not end together', () => {
  const clock = new FakeClock();
  const life = new CredentialLife(clock, () => undefined, { earliness: 0.5 });
  life.begin(clock.wallMs() + 6 * hourMs);
  const usableMs = 6 * hourMs - credentialMarginMs;
  clock.advance(usableMs * 0.9 - 1);
  assert.equal(life.isOver, false);
  clock.advance(1);
  assert.equal(life.isOver, true);
});

test('an environment lives no longer than it may, whatever its credentials say', () => {
  for (const credentialsMs of [undefined, 100 * hourMs]) {
    const clock = new FakeClock();
    const ended: number[] = [];
    const life = new CredentialLife(clock, () => ended.push(clock.wallMs()), { lifetimeMsMax: 4 * hourMs });
    const begunMs = clock.wallMs();
    life.begin(credentialsMs === undefined ? undefined : begunMs + credentialsMs);
    clock.advance(4 * hourMs - 1);
    assert.equal(life.isOver, false);
    clock.advance(1);
    assert.deepEqual(ended, [begunMs + 4 * hourMs]);
    assert.equal(life.isOver, true);
  }
});
