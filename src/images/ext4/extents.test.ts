/** Extents: few in the inode, many in a tree, long ones cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeRuns, encodeRoot, nodesOf, runsOf, type Run } from './extents.ts';

const root = (runs: readonly Run[]): { bytes: Buffer; nodes: number } => {
  const { extents, nodes } = describeRuns(runs, 9_000_000);
  const bytes = Buffer.alloc(60);
  encodeRoot(extents, bytes);
  return { bytes, nodes: nodes.length };
};
const scattered = (count: number): readonly Run[] =>
  Array.from({ length: count }, (_, index) => ({ logical: index * 3, physical: index * 2, blocks: 1 }));
/** Entries and depth of a node. */
const shape = (node: Buffer): readonly number[] => [node.readUInt16LE(2), node.readUInt16LE(6)];

test('up to four extents stand in the inode; one run of 512 MiB is four', () => {
  assert.deepEqual(shape(root([]).bytes), [0, 0]);
  assert.deepEqual(shape(root([{ logical: 0, physical: 5, blocks: 1 }]).bytes), [1, 0]);
  assert.deepEqual(shape(root([{ logical: 0, physical: 5, blocks: 4 * 32_768 }]).bytes), [4, 0]);
  assert.deepEqual(shape(root(scattered(4)).bytes), [4, 0]);
});

test('more extents become a tree of one or two levels', () => {
  const file = root([{ logical: 0, physical: 5, blocks: 4 * 32_768 + 1 }]);
  assert.deepEqual([...shape(file.bytes), file.nodes], [1, 1, 1]);
  const some = root(scattered(1360));
  assert.deepEqual([...shape(some.bytes), some.nodes], [4, 1, 4]);
  const many = root(scattered(1361));
  assert.deepEqual([...shape(many.bytes), many.nodes], [1, 2, 6]);
  const { extents } = describeRuns(scattered(1361), 100);
  assert.deepEqual(extents && nodesOf(extents).blocks, 6);
  assert.deepEqual(extents && runsOf(extents), scattered(1361));
});
