/** Environments and the credentials that their processes were started with: none outlives them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, World } from './fixtures/world.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** A world whose roles' credentials live for six hours; each of them is another. */
function worldOf(): { readonly world: World; readonly options: object } {
  const world = new World();
  let made = 0;
  const credentials = () => ({
    accessKeyId: `ASIA${(made += 1)}`,
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiresAtMs: world.clock.wallMs() + 6 * hourMs,
  });
  return { world, options: { credentials, limits: { lifetimeMsMax: 24 * hourMs } } };
}

test('an idle environment is gone before its credentials end, and the next invoke finds it gone', async () => {
  const { world, options } = worldOf();
  await using _ = world;
  const worker = await world.open(options);
  const environmentId = world.id();
  assert.deepEqual(await worker.create({ environmentId, version: world.version() }), { kind: 'created' });
  world.clock.leap(5 * hourMs + 44 * minuteMs);
  assert.equal((await worker.invoke(environmentId, world.request({ do: 'environment' }))).kind, 'answered');
  await world.until(() => world.events.some(({ kind }) => kind === 'idle'));
  world.clock.leap(minuteMs);
  await world.until(() => world.events.some(({ kind }) => kind === 'gone'));
  const outcome = await worker.invoke(environmentId, world.request({ do: 'environment' }));
  assert.equal(outcome.kind, 'not-started');
});

test('where functions ask for their credentials they are renewed in time, and the environment lives on', async () => {
  const { world, options } = worldOf();
  await using _ = world;
  const worker = await world.open({ ...options, credentialsBy: 'endpoint' });
  const environmentId = world.id();
  assert.deepEqual(await worker.create({ environmentId, version: world.version() }), { kind: 'created' });
  const { env } = answerOf(await worker.invoke(environmentId, world.request({ do: 'environment' }))) as {
    env: Readonly<Record<string, string>>;
  };
  const names = Object.keys(env).filter((name) => /ACCESS|SESSION|CONTAINER/.test(name));
  assert.deepEqual(names.sort(), ['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_CREDENTIALS_FULL_URI']);
  const url = env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '';
  assert.equal(url, `http://${env['AWS_LAMBDA_RUNTIME_API']}/2021-04-23/credentials`);
  const Authorization = env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? '';
  assert.ok(Authorization.length >= 43);
  const ask = async (): Promise<Readonly<Record<string, string>>> => {
    const answer = await fetch(url, { headers: { Authorization } });
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'application/json']);
    return (await answer.json()) as Readonly<Record<string, string>>;
  };
  const startMs = world.clock.wallMs();
  const first = await ask();
  assert.deepEqual(
    [first['AccessKeyId'], first['SecretAccessKey'], first['Token']],
    ['ASIA1', 'secret', 'token'],
  );
  assert.ok(Math.abs(Date.parse(first['Expiration'] ?? '') - startMs - 6 * hourMs) < minuteMs);
  world.clock.leap(5 * hourMs + 40 * minuteMs);
  assert.equal((await ask())['AccessKeyId'], 'ASIA1');
  world.clock.leap(6 * minuteMs);
  const second = await ask();
  assert.equal(second['AccessKeyId'], 'ASIA2');
  assert.ok(Date.parse(second['Expiration'] ?? '') > world.clock.wallMs() + 5 * hourMs);
  world.clock.leap(2 * hourMs);
  assert.equal((await worker.invoke(environmentId, world.request({ do: 'environment' }))).kind, 'answered');
  for (const wrong of ['', 'x', `${Authorization}x`, Authorization.slice(1)]) {
    const refused = await fetch(url, { headers: { Authorization: wrong } });
    assert.equal(refused.status, 404);
  }
  assert.equal((await fetch(url)).status, 404);
  assert.equal((await fetch(url, { method: 'POST', headers: { Authorization } })).status, 405);
});

test('where they are in the variables nothing is given out at that address', async () => {
  const { world, options } = worldOf();
  await using _ = world;
  const worker = await world.open(options);
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version() });
  const { env } = answerOf(await worker.invoke(environmentId, world.request({ do: 'environment' }))) as {
    env: Readonly<Record<string, string>>;
  };
  assert.equal(env['AWS_ACCESS_KEY_ID'], 'ASIA1');
  assert.ok(!Object.keys(env).some((name) => name.includes('CONTAINER')));
  const url = `http://${env['AWS_LAMBDA_RUNTIME_API']}/2021-04-23/credentials`;
  for (const Authorization of ['', 'undefined']) {
    assert.equal((await fetch(url, { headers: { Authorization } })).status, 404);
  }
});

test('an environment that is busy at its end is let finish, and is gone instead of idle', async () => {
  const { world, options } = worldOf();
  await using _ = world;
  const worker = await world.open(options);
  const environmentId = world.id();
  await worker.create({ environmentId, version: world.version({ timeoutSeconds: 900 }) });
  world.clock.leap(5 * hourMs + 44 * minuteMs);
  const running = worker.invoke(environmentId, world.request({ do: 'sleep', ms: 300 }));
  world.clock.leap(2 * minuteMs);
  assert.equal((await running).kind, 'answered');
  await world.until(() => world.events.some(({ kind }) => kind === 'gone'));
  assert.deepEqual(
    world.events.map(({ kind }) => kind),
    ['gone'],
  );
});
