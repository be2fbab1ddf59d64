/** Environments and the credentials that their processes were started with: none outlives them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { World } from './fixtures/world.ts';

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
