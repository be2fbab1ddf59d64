/** Event sources on a store in memory: which mappings are polled, and what holds once a change has been applied. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { memoryDocuments } from '#engines/memory';
import { type Documents, FakeClock, type Json, type Revision, seededEntropy, seededRandom } from '#platform';
import { WireError } from '#wire';
import { FakeQueue } from './fixtures/fake-queue.ts';
import { type MappingRecord, mappingRecordsPrefix } from './mapping.ts';
import { createEventSources, type EventSources } from './service.ts';

const place = { accountId: '000000000000', region: 'us-east-1' };
const prefix = mappingRecordsPrefix(place);
const record = (uuid: string, more: Partial<MappingRecord> = {}): MappingRecord => ({
  ...place,
  functionName: 'hello',
  uuid,
  kind: 'sqs',
  eventSourceArn: `arn:aws:sqs:us-east-1:000000000000:${uuid}`,
  settings: { BatchSize: 10 },
  enabled: true,
  transition: 'Creating',
  changedAtMs: 0,
  tags: {},
  ...more,
});

async function turns(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
}

interface World {
  readonly documents: Documents;
  readonly clock: FakeClock;
  readonly sources: EventSources;
  readonly invoked: string[];
  readonly queueOf: (uuid: string) => FakeQueue;
  readonly put: (mapping: MappingRecord) => Promise<Revision>;
}

async function open(t: TestContext, first: readonly MappingRecord[] = []): Promise<World> {
  const documents = memoryDocuments();
  const clock = new FakeClock();
  const queues = new Map<string, FakeQueue>();
  const invoked: string[] = [];
  const queueOf = (uuid: string): FakeQueue => {
    const queue = queues.get(uuid) ?? new FakeQueue(clock);
    queues.set(uuid, queue);
    return queue;
  };
  const put = async (mapping: MappingRecord): Promise<Revision> => {
    const value = mapping as unknown as Json;
    const outcome = await documents.commit([
      { kind: 'put', key: prefix + mapping.uuid, value, expected: 'any' },
    ]);
    assert.ok(outcome.kind === 'committed');
    return outcome.revision;
  };
  for (const mapping of first) await put(mapping);
  const sources = createEventSources({
    ...place,
    documents,
    metadata: {
      resolve: (_account, functionName) =>
        ({ kind: 'found', version: { configuration: { role: `role/${functionName}` } } }) as never,
    },
    frontend: {
      invoke({ functionName, payload }) {
        if (functionName === 'gone')
          throw new WireError('ResourceNotFoundException', 'Function not found: gone');
        invoked.push(Buffer.from(payload).toString());
        return Promise.resolve({ statusCode: 200, payload: Buffer.from('null') });
      },
    },
    openQueue: (arn) => queueOf(arn.split(':').at(-1) ?? ''),
    roleMay: (role) => (role === 'role/powerless' ? false : undefined),
    clock,
    random: seededRandom(1),
    entropy: seededEntropy(1),
    reportFault: (error) => assert.fail(String(error)),
    onTrouble: (message) => assert.fail(message),
  });
  await sources.start();
  await turns();
  t.after(() => sources.close(0));
  return { documents, clock, sources, invoked, queueOf, put };
}

test('what is enabled and of SQS is polled: at the start, and from when it is made', async (t) => {
  const { queueOf, put, sources, invoked } = await open(t, [
    record('first'),
    record('disabled', { enabled: false }),
    record('deleting', { transition: 'Deleting' }),
    record('stream', { kind: 'kinesis' }),
  ]);
  assert.deepEqual([...sources.counts().keys()], ['first']);
  await sources.reached(await put(record('second', { kind: 'sqs-fifo' })));
  assert.deepEqual([...sources.counts().keys()], ['first', 'second']);
  queueOf('second').send(['a'], 'g');
  await turns();
  assert.match(invoked[0] ?? '', /"body":"a"/);
  assert.deepEqual(queueOf('second').deleted, ['a']);
  const { received, batchesDone } = sources.counts().get('second') ?? {};
  assert.deepEqual([received, batchesDone], [1, 1]);
});

test('once a disable or a delete has been applied, nothing waits at the queue', async (t) => {
  const { queueOf, put, sources, documents } = await open(t, [record('a'), record('b')]);
  assert.deepEqual([queueOf('a').waiting, queueOf('b').waiting], [1, 1]);
  await sources.reached(await put(record('a', { enabled: false })));
  assert.equal(queueOf('a').waiting, 0);
  const outcome = await documents.commit([{ kind: 'delete', key: `${prefix}b`, expected: 'any' }]);
  assert.ok(outcome.kind === 'committed');
  await sources.reached(outcome.revision);
  assert.equal(queueOf('b').waiting, 0);
  assert.equal(sources.counts().size, 0);
});

test('what keeps a mapping from its work is told', async (t) => {
  const { queueOf, put, sources, clock } = await open(t, [record('a', { functionName: 'powerless' })]);
  assert.match(sources.problemOf('a') ?? '', /permissions to call ReceiveMessage on SQS$/);
  assert.equal(queueOf('a').receptions, 0);
  assert.equal(sources.problemOf('unknown'), undefined);
  await sources.reached(await put(record('b', { functionName: 'gone' })));
  queueOf('b').send(['x']);
  await turns();
  assert.equal(sources.problemOf('b'), 'Function call failed: Function not found: gone');
  await sources.reached(await put(record('b')));
  clock.advance(1_000);
  await turns();
  assert.deepEqual(queueOf('b').deleted, ['x']);
  assert.equal(sources.problemOf('b'), undefined);
});

test('heartbeats keep what is polled, and an end leaves nothing waiting', async (t) => {
  const { queueOf, sources, clock } = await open(t, [record('a')]);
  for (let second = 0; second < 60; second += 1) {
    clock.advance(1_000);
    await turns();
  }
  assert.equal(queueOf('a').waiting, 1);
  await sources.close(0);
  assert.equal(queueOf('a').waiting, 0);
  queueOf('a').send(['late']);
  await turns();
  assert.equal(queueOf('a').left, 1);
});
