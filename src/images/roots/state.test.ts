/**
 * The collection of garbage, model-checked: every order of the steps of an uploader, a collector that may die anywhere, a releaser, a reader and
 * time is walked, with the store as plain sets. The deciding code is the real one.
 *
 * In every state that can be reached: what a record names is there, whole, and a read of it finds it. From every state the
 * garbage can be got rid of.
 *
 * | state    | open (a newer root) | carry        | expire           | delete          | read                   | forget |
 * | -------- | ------------------- | ------------ | ---------------- | --------------- | ---------------------- | ------ |
 * | active   | retired             | -            | -                | -               | served                 | -      |
 * | retired  | -                   | retired      | expired (unused) | -               | served                 | -      |
 * | expired  | -                   | -            | -                | deleting        | served, alarm, put off | -      |
 * | deleting | -                   | -            | -                | -               | gone                   | gone   |
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  activeRoot,
  applyStep,
  forget,
  nextStep,
  readRoot,
  type CollectionOptions,
  type Root,
} from './state.ts';

const options: CollectionOptions = { epochMs: 2, retiredMs: 1, expiredMs: 1 };
/** Roots that a walk opens. */
const rootsMax = 3;

/** Blobs are `root/c` for a chunk and `root/m` for the manifest: an image of one chunk. */
interface World {
  readonly now: number;
  readonly roots: readonly Root[];
  readonly blobs: readonly string[];
  /** The root that the image's record names. */
  readonly record: number | undefined;
  /** The image's uploader: where it puts, and how far it is. */
  readonly upload: { readonly root: number; readonly step: 'begun' | 'chunk' | 'manifest' } | undefined;
  readonly uploads: number;
  /** What a collector that has looked is about to do. */
  readonly carrying:
    | { readonly from: number; readonly to: number; readonly step: 'chunk' | 'manifest' | 'record' }
    | undefined;
  readonly expiring: number | undefined;
  /** Where a reader who opened the image long ago still reads. */
  readonly reader: number | undefined;
}

const start: World = {
  now: 0,
  roots: applyStep([], { kind: 'open', id: 1, retire: undefined }, 0),
  blobs: [],
  record: undefined,
  upload: undefined,
  uploads: 0,
  carrying: undefined,
  expiring: undefined,
  reader: undefined,
};

const withBlob = (world: World, blob: string): readonly string[] =>
  [...new Set([...world.blobs, blob])].sort();
const active = (world: World): number => activeRoot(world.roots)?.id ?? 0;

/** A moment later. Now is always 0, and how long ago something was counts only up to what any option asks. */
function aged(world: World): World {
  const roots = world.roots.map((root) => ({
    ...root,
    sinceMs: Math.max(root.sinceMs - 1, -options.epochMs),
  }));
  return { ...world, roots };
}

const few = (roots: readonly Root[]): readonly Root[] =>
  roots.map((root) => ({ ...root, alarms: Math.min(root.alarms, 1) }));

/** What may happen next; the rules of compare-and-set are those of the shell. */
function* nexts(world: World): Generator<readonly [string, World]> {
  yield ['time', aged(world)];
  yield* uploads(world);
  yield* collections(world);
  if (world.record !== undefined) yield ['release', { ...world, record: undefined }];
  if (world.record !== undefined && world.reader === undefined)
    yield ['open', { ...world, reader: world.record }];
  if (world.reader !== undefined) {
    // As the tier does: it follows the record where there is one.
    const at = world.record ?? world.reader;
    yield ['read', { ...world, reader: at, roots: few(readRoot(world.roots, at, world.now).roots) }];
    yield ['close', { ...world, reader: undefined }];
  }
}

function* uploads(world: World): Generator<readonly [string, World]> {
  const { upload } = world;
  if (upload === undefined) {
    if (world.uploads < 2)
      yield [
        'begin',
        { ...world, uploads: world.uploads + 1, upload: { root: active(world), step: 'begun' } },
      ];
    return;
  }
  yield ['the uploader dies', { ...world, upload: undefined }];
  const { root, step } = upload;
  if (step === 'begun')
    yield ['put chunk', { ...world, blobs: withBlob(world, `${root}/c`), upload: { root, step: 'chunk' } }];
  if (step === 'chunk')
    yield [
      'put manifest',
      { ...world, blobs: withBlob(world, `${root}/m`), upload: { root, step: 'manifest' } },
    ];
  if (step !== 'manifest') return;
  if (active(world) === root) {
    yield ['commit', { ...world, record: root, upload: undefined }];
  } else if (world.blobs.includes(`${root}/c`)) {
    const to = active(world);
    yield ['carry own', { ...world, blobs: withBlob(world, `${to}/c`), upload: { root: to, step: 'chunk' } }];
  } else {
    yield ['superseded', { ...world, upload: undefined }];
  }
}

function* collections(world: World): Generator<readonly [string, World]> {
  const { carrying, expiring, roots, now } = world;
  if (carrying !== undefined) {
    const { from, to, step } = carrying;
    yield ['the carrier dies', { ...world, carrying: undefined }];
    if (step === 'chunk' && world.blobs.includes(`${from}/c`)) {
      yield [
        'carry chunk',
        { ...world, blobs: withBlob(world, `${to}/c`), carrying: { from, to, step: 'manifest' } },
      ];
    } else if (step === 'manifest') {
      yield [
        'carry manifest',
        { ...world, blobs: withBlob(world, `${to}/m`), carrying: { from, to, step: 'record' } },
      ];
    } else if (step === 'record') {
      const holds = world.record === from && active(world) === to;
      yield ['carry record', { ...world, record: holds ? to : world.record, carrying: undefined }];
    }
  }
  if (expiring !== undefined) {
    // Decided on what was seen earlier; done only to a root that is still retired.
    const still = roots.some(({ id, state }) => id === expiring && state === 'retired');
    const after = still ? applyStep(roots, { kind: 'expire', id: expiring }, now) : roots;
    yield ['expire', { ...world, roots: after, expiring: undefined }];
  }
  const due = nextStep(roots, (root) => (world.record === root ? 1 : 0), now, options);
  switch (due.kind) {
    case 'open':
      if (due.id <= rootsMax) yield ['open root', { ...world, roots: applyStep(roots, due, now) }];
      break;
    case 'carry':
      if (carrying === undefined)
        yield ['look', { ...world, carrying: { from: due.from, to: due.to, step: 'chunk' } }];
      break;
    case 'expire':
      if (expiring === undefined) yield ['look', { ...world, expiring: due.id }];
      break;
    case 'delete':
      yield ['delete', { ...world, roots: applyStep(roots, due, now) }];
      break;
    case 'empty': {
      const mine = world.blobs.filter((blob) => blob.startsWith(`${due.id}/`));
      for (const blob of mine)
        yield ['delete blob', { ...world, blobs: world.blobs.filter((other) => other !== blob) }];
      if (mine.length === 0) yield ['forget', { ...world, roots: forget(roots, due.id) }];
      break;
    }
    case 'wait':
      break;
    default:
      due satisfies never;
  }
  for (const blob of world.blobs) {
    if (roots.some(({ id }) => blob.startsWith(`${id}/`))) continue;
    yield ['sweep', { ...world, blobs: world.blobs.filter((other) => other !== blob) }];
  }
}

function check(world: World): void {
  assert.equal(world.roots.filter(({ state }) => state === 'active').length, 1, 'one root is active');
  const newest = Math.max(...world.roots.map(({ id }) => id));
  assert.equal(active(world), newest, 'the newest root is the active one');
  const { record } = world;
  if (record === undefined) return;
  const state = world.roots.find(({ id }) => id === record)?.state;
  assert.ok(state === 'active' || state === 'retired', `a record names a root that is ${state}`);
  assert.ok(
    world.blobs.includes(`${record}/c`) && world.blobs.includes(`${record}/m`),
    'what a record names is there',
  );
  assert.notEqual(readRoot(world.roots, record, world.now).outcome, 'gone');
}

/** Every world that can be reached, with the worlds that follow; throws with the way to the first that is wrong. */
function walk(from: World, next: (world: World) => Iterable<readonly [string, World]>): Map<string, World> {
  const seen = new Map<string, World>([[JSON.stringify(from), from]]);
  const before = new Map<string, readonly [string, string]>();
  const todo = [JSON.stringify(from)];
  for (let key; (key = todo.pop()) !== undefined;) {
    const world = seen.get(key);
    if (world === undefined) continue;
    try {
      check(world);
    } catch (error) {
      const way: string[] = [];
      for (let at = before.get(key); at !== undefined; at = before.get(at[1])) way.unshift(at[0]);
      throw new Error(`${String(error)}\n${way.join(' > ')}\n${key}`, { cause: error });
    }
    for (const [name, following] of next(world)) {
      const id = JSON.stringify(following);
      if (seen.has(id)) continue;
      seen.set(id, following);
      before.set(id, [name, key]);
      todo.push(id);
    }
  }
  return seen;
}

/** The walk takes seconds; two tests look at it. */
let walked: Map<string, World> | undefined;
const allWorlds = (): Map<string, World> => (walked ??= walk(start, nexts));

test('in every order of events, what an image needs is there', () => {
  const worlds = allWorlds();
  assert.ok(worlds.size > 10_000, `${worlds.size} states`);
  const seen = [...worlds.values()];
  // The walk saw what it is about.
  assert.ok(seen.some(({ roots }) => roots.some(({ state }) => state === 'deleting')));
  assert.ok(seen.some(({ roots }) => roots.some(({ alarms }) => alarms > 0)));
  assert.ok(seen.some(({ record }) => (record ?? 0) > 1));
});

function* careless(world: World): Generator<readonly [string, World]> {
  yield* nexts(world);
  if (world.upload?.step === 'manifest')
    yield ['careless commit', { ...world, record: world.upload.root, upload: undefined }];
}

test('without the rule that a commit needs an active root, the walk finds the loss', () => {
  assert.throws(() => walk(start, careless), /careless commit/);
});

test('what nobody refers to goes in the end, whatever was left half done', () => {
  for (const world of [...allWorlds().values()].filter((_, index) => index % 97 === 0)) {
    let roots = world.roots;
    let { now } = world;
    const old = new Set(roots.map(({ id }) => id));
    for (let steps = 0; roots.some(({ id }) => old.has(id)); steps += 1) {
      assert.ok(steps < 100, JSON.stringify(world));
      const step = nextStep(roots, () => 0, now, options);
      if (step.kind === 'empty') roots = forget(roots, step.id);
      else if (step.kind === 'wait') now += 1;
      else roots = applyStep(roots, step, now);
    }
  }
});

test('each step is taken from its own state only, and a read puts a deletion off', () => {
  let roots = applyStep([], { kind: 'open', id: 1, retire: undefined }, 0);
  assert.deepEqual(
    nextStep(roots, () => 0, 1, options),
    { kind: 'wait' },
  );
  assert.deepEqual(
    nextStep(roots, () => 0, 2, options),
    { kind: 'open', id: 2, retire: 1 },
  );
  roots = applyStep(roots, { kind: 'open', id: 2, retire: 1 }, 2);
  assert.deepEqual(
    nextStep(roots, () => 1, 3, options),
    { kind: 'carry', from: 1, to: 2 },
  );
  assert.deepEqual(
    nextStep(roots, () => 1, 3, options, new Set([1])),
    { kind: 'wait' },
  );
  assert.deepEqual(
    nextStep(roots, () => 0, 3, options),
    { kind: 'expire', id: 1 },
  );
  assert.equal(readRoot(roots, 1, 3).outcome, 'served');
  roots = applyStep(roots, { kind: 'expire', id: 1 }, 3);
  const read = readRoot(roots, 1, 3.5);
  assert.equal(read.outcome, 'alarm');
  assert.deepEqual(
    nextStep(read.roots, () => 0, 3.9, options),
    { kind: 'wait' },
  );
  assert.deepEqual(
    nextStep(roots, () => 0, 4 - 0.01, { ...options, expiredMs: 0.5 }),
    { kind: 'delete', id: 1 },
  );
  roots = applyStep(read.roots, { kind: 'delete', id: 1 }, 4.5);
  assert.equal(readRoot(roots, 1, 5).outcome, 'gone');
  assert.deepEqual(
    nextStep(roots, () => 0, 3.6, options),
    { kind: 'empty', id: 1 },
  );
  assert.deepEqual(
    forget(roots, 1).map(({ id }) => id),
    [2],
  );
});
