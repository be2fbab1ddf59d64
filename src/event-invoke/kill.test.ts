/**
 * Kill -9 under load, again and again: every event that was acknowledged is processed or ends at its destination, and none runs more often than its retries
 * and the kills explain. `LAMBKIN_KILL_ROUNDS=200 npm test -- src/event-invoke/kill.test.ts` for a long run.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { drainAgain } from './fixtures/kill-exit.ts';
import { retriesDefault } from './limits.ts';

const rounds = Number(process.env['LAMBKIN_KILL_ROUNDS'] ?? 4);
/** So many rounds with one store, and no longer than this, then all is worked off. */
const roundsPerStore = 20;
const storeMs = 20_000;

test(
  `every acknowledged event survives ${rounds} kills`,
  { timeout: 120_000 + rounds * 20_000 },
  async (t) => {
    let [events, runs, records, redelivered] = [0, 0, 0, 0];
    for (let done = 0; done < rounds;) {
      const directory = mkdtempSync(join(tmpdir(), 'lambkin-events-'));
      try {
        const beganAtMs = Date.now();
        const killsMax = Math.min(roundsPerStore, rounds - done);
        let kills = 0;
        for (; kills < killsMax && Date.now() - beganAtMs < storeMs; kills += 1) {
          await killed(directory, kills, beganAtMs);
        }
        done += kills;
        await drained(directory, kills, beganAtMs);
        const counted = check(readFileSync(join(directory, 'told'), 'utf8'), kills);
        events += counted.events;
        runs += counted.runs;
        records += counted.records;
        redelivered += counted.redelivered;
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }
    t.diagnostic(
      `${events} events acknowledged, ${runs} attempts, ${redelivered} of them because of a kill; ${records} records delivered; none lost, none too often`,
    );
    // A host that is short of time manages a tenth of what one with time to spare does.
    assert.ok(events > 10 * rounds, 'there was load');
  },
);

const child = join(import.meta.dirname, 'fixtures', 'kill-child.ts');

async function killed(directory: string, round: number, beganAtMs: number): Promise<void> {
  const running = spawn(process.execPath, [child, directory, String(round), String(beganAtMs), 'send'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(running, 'exit');
  await Promise.race([once(running.stdout, 'data'), ended]);
  assert.equal(running.exitCode, null, 'the child works');
  await sleep(Math.random() * 1_500);
  assert.equal(running.exitCode, null, 'the child works until it is killed');
  running.kill('SIGKILL');
  await ended;
}

async function drained(directory: string, round: number, beganAtMs: number): Promise<void> {
  for (;;) {
    const running = spawn(process.execPath, [child, directory, String(round), String(beganAtMs), 'drain'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = (await once(running, 'exit')) as [number | null];
    const faults = readFileSync(join(directory, 'told'), 'utf8').match(/^\d+ (?:fault|given-up) .*$/gm);
    assert.deepEqual(faults ?? [], []);
    if (code === drainAgain) continue;
    assert.equal(code, 0, 'everything was worked off');
    return;
  }
}

interface Fate {
  functionName: string | undefined;
  runs: number;
  ends: number;
  /** Rounds that were killed in which it ran, or was delivered. */
  readonly killedRounds: Set<number>;
  records: number;
}

interface Counted {
  readonly events: number;
  readonly runs: number;
  readonly records: number;
  readonly redelivered: number;
}

function check(told: string, kills: number): Counted {
  const fates = new Map<string, Fate>();
  for (const line of told.split('\n').slice(0, -1)) {
    const [round, kind, id = '', more] = line.split(' ');
    assert.notEqual(kind, 'fault', line);
    const fate = fates.get(id) ?? {
      functionName: undefined,
      runs: 0,
      ends: 0,
      killedRounds: new Set(),
      records: 0,
    };
    fates.set(id, fate);
    if (kind === 'ack') fate.functionName = more;
    if (kind === 'run') fate.runs += 1;
    if (kind === 'end') fate.ends += 1;
    if (kind === 'record') fate.records += 1;
    if (kind !== 'ack' && Number(round) < kills) fate.killedRounds.add(Number(round));
  }
  let [events, runs, records, redelivered] = [0, 0, 0, 0];
  for (const [id, fate] of fates) {
    const { functionName, killedRounds } = fate;
    const explained = 1 + retriesDefault + killedRounds.size;
    assert.ok(
      fate.runs <= explained,
      `${id} (${functionName}) ran ${fate.runs} times, ${explained} explained`,
    );
    assert.ok(fate.records <= 1 + killedRounds.size, `${id}: ${fate.records} records`);
    runs += fate.runs;
    records += fate.records;
    if (functionName === undefined) continue; // sent, but killed before the answer
    events += 1;
    assert.ok(fate.ends > 0 || fate.records > 0, `${id} (${functionName}) was lost`);
    if (functionName === 'failing') {
      assert.ok(fate.records >= 1, `${id} failed, and nobody was told (${fate.runs} attempts)`);
      assert.ok(fate.ends >= 1 + retriesDefault, `${id} failed after ${fate.ends} attempts`);
      redelivered += fate.runs - 1 - retriesDefault;
    }
    if (functionName === 'fine') redelivered += fate.runs - 1;
  }
  return { events, runs, records, redelivered };
}
