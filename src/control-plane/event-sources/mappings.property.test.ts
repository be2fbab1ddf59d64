/**
 * Any sequence of creates, updates, deletes, waits, failing commits and restarts leaves every record with exactly what finds it, and
 * answers that agree with a model of a few lines.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { memoryDocuments } from '#engines/memory';
import { type Documents, FakeClock, seededEntropy } from '#platform';
import { WireError } from '#wire';
import { mappingTransitionMs } from '#event-sources';
import { Mappings } from './mappings.ts';
import type { MappingRecord } from '#event-sources';
import { changed, created } from './store.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const prefix = 'control-plane/event-source-mappings/';

type Step =
  | { readonly kind: 'create'; readonly source: number; readonly target: number }
  | { readonly kind: 'move'; readonly which: number; readonly target: number }
  | { readonly kind: 'delete'; readonly which: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'break'; readonly when: 'before' | 'after' };

const few = fc.nat({ max: 2 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('create' as const), source: few, target: few }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), which: fc.nat(), target: few }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), which: fc.nat() }) },
    { weight: 4, arbitrary: fc.constant({ kind: 'wait' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('break' as const), when: fc.constantFrom('before', 'after') }),
    },
  ),
  { maxLength: 40 },
);

/** Documents whose next commit fails: before it was made, or after, when its answer is lost. */
class Breakable {
  readonly documents: Documents = memoryDocuments();
  next: 'before' | 'after' | undefined;

  constructor() {
    const commit = this.documents.commit.bind(this.documents);
    this.documents.commit = async (writes) => {
      const when = this.next;
      this.next = undefined;
      if (when === 'before') throw new Error('broken');
      const outcome = await commit(writes);
      if (when === 'after') throw new Error('broken');
      return outcome;
    };
  }
}

function record(uuid: string, source: number, target: number, nowMs: number): MappingRecord {
  return {
    ...place,
    uuid,
    kind: 'sqs',
    eventSourceArn: `arn:aws:sqs:us-east-1:000000000000:q${source}`,
    functionName: `f${target}`,
    settings: { BatchSize: 10 },
    enabled: true,
    transition: 'Creating',
    changedAtMs: nowMs,
    tags: {},
  };
}

/** Every key below the prefix is one that a record calls for, and no key that one calls for is missing. */
async function requireInStep(documents: Documents): Promise<readonly MappingRecord[]> {
  const { documents: all } = await documents.list(prefix);
  const isRecord = (key: string): boolean => key.startsWith(`${prefix}records/`);
  const records = all
    .filter(({ key }) => isRecord(key))
    .map(({ value }) => value as unknown as MappingRecord);
  const called = records.flatMap((each) => {
    const stored = { key: created(each)[0]?.key ?? '', value: each, revision: 1 };
    return [...created(each), ...changed(stored, each)].map(({ key }) => key);
  });
  assert.deepEqual(
    all.map(({ key }) => key),
    [...new Set(called)].toSorted(),
  );
  return records;
}

test('records and what finds them stay in step', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const broken = new Breakable();
      const { documents } = broken;
      const clock = new FakeClock();
      const entropy = seededEntropy(1);
      let mappings = new Mappings({ documents, clock, warn: () => {} });
      const known: string[] = [];
      for (const step of sequence) {
        const isBroken = broken.next !== undefined;
        try {
          switch (step.kind) {
            case 'create': {
              const uuid = entropy.uuid();
              known.push(uuid);
              await mappings.create(record(uuid, step.source, step.target, clock.wallMs()));
              break;
            }
            case 'move':
              await mappings.update(place, known[step.which % known.length] ?? '', async (before) => ({
                ...before,
                functionName: `f${step.target}`,
                transition: 'Updating',
                changedAtMs: clock.wallMs(),
              }));
              break;
            case 'delete':
              await mappings.delete(place, known[step.which % known.length] ?? '');
              break;
            case 'wait':
              clock.advance(mappingTransitionMs);
              await mappings.close(); // waits for the removals that are running
              mappings = new Mappings({ documents, clock, warn: () => {} });
              break;
            case 'restart':
              await mappings.close();
              mappings = new Mappings({ documents, clock, warn: () => {} });
              await mappings.resume();
              break;
            case 'break':
              broken.next = step.when;
              break;
          }
        } catch (error) {
          assert.ok(error instanceof WireError || isBroken, String(error));
        }
        const records = await requireInStep(documents);
        const seen = records.filter((each) => !mappings.isGone(each));
        const pairs = seen.map(
          ({ eventSourceArn, functionName }) => `${eventSourceArn ?? ''} ${functionName}`,
        );
        assert.equal(new Set(pairs).size, pairs.length, 'one mapping for each source and function');
      }
      broken.next = undefined;
      await mappings.resume();
      const left = await requireInStep(documents);
      assert.ok(left.every(({ transition }) => transition !== 'Deleting'));
    }),
    { numRuns: 200 },
  );
});
