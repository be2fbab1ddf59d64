/** From what is provisioned to what is kept ready and set apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProvisionedChange } from '#metadata';
import { someVersion } from '#metadata/fixtures';
import { keepProvisioned } from './keeper.ts';

function world() {
  const told: string[] = [];
  let tell: ((change: ProvisionedChange) => void) | undefined;
  const stop = keepProvisioned({
    metadata: {
      onProvisionedChange: (listener) => {
        tell = listener;
        return () => told.push('stopped');
      },
    },
    assignment: { want: ({ generation }, count) => told.push(`want ${generation} ${count}`) },
    counting: {
      setProvisioned: (_account, name, version, count) => told.push(`slots ${name}:${version} ${count}`),
    },
  });
  const say = (...versions: ProvisionedChange['versions']): readonly string[] => {
    assert.ok(tell);
    tell({ accountId: '000000000000', functionName: 'hello', versions });
    return told.splice(0);
  };
  return { say, stop, told };
}

const one = someVersion({ version: '1', generation: 'g1' });
const two = someVersion({ version: '2', generation: 'g2' });

test('an alias that moves takes what is kept ready along, the old first', () => {
  const { say } = world();
  assert.deepEqual(say({ version: one, count: 3 }), ['slots hello:1 3', 'want g1 3']);
  assert.deepEqual(say({ version: two, count: 3 }), [
    'want g1 0',
    'slots hello:1 0',
    'slots hello:2 3',
    'want g2 3',
  ]);
  assert.deepEqual(say(), ['want g2 0', 'slots hello:2 0']);
  assert.deepEqual(say(), []);
});

test('a version that is not active is not started yet', () => {
  const { say } = world();
  const pending = { ...one, state: 'Pending' } as const;
  assert.deepEqual(say({ version: pending, count: 2 }), ['slots hello:1 2', 'want g1 0']);
  assert.deepEqual(say({ version: one, count: 2 }), ['slots hello:1 2', 'want g1 2']);
});

test('a version of the same number and another generation is another one', () => {
  const { say } = world();
  say({ version: one, count: 1 });
  const again = { ...one, generation: 'g3' };
  assert.deepEqual(say({ version: again, count: 1 }), ['want g1 0', 'slots hello:1 1', 'want g3 1']);
});
