/**
 * Queues under load, killed at random moments: every message that was acknowledged is there again, unless its deletion was asked for; nothing
 * is there that was never sent; and each group of a FIFO queue is still in order.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '#platform';
import { type SqsClient, sqsClient } from '../conformance/sqs-client.ts';
import { credentials, startService } from '../service.ts';

const rounds = 3;
/** In each of them, also on a busy host. */
const acknowledgedMin = 40;
const standard = '/000000000000/standard';
const fifo = '/000000000000/ordered.fifo';

interface Ledger {
  /** Bodies whose sending was begun. */
  readonly begun: Set<string>;
  readonly acknowledged: Set<string>;
  /** Bodies whose deletion was begun. */
  readonly going: Set<string>;
  readonly gone: Set<string>;
}

interface Received {
  readonly Body: string;
  readonly ReceiptHandle: string;
}

async function receive(
  client: SqsClient,
  QueueUrl: string,
  VisibilityTimeout: number,
): Promise<readonly Received[]> {
  const { json, status, text } = await client.json('ReceiveMessage', {
    QueueUrl,
    MaxNumberOfMessages: 10,
    VisibilityTimeout,
  });
  assert.equal(status, 200, text);
  return (json['Messages'] ?? []) as readonly Received[];
}

/** Sends and deletes until the service is gone. */
async function load(client: SqsClient, ledger: Ledger, round: number): Promise<void> {
  const senders = [0, 1, 2, 3, 4, 5].map(async (sender) => {
    for (let count = 0; ; count += 1) {
      const body = `${round}.${sender}.${count}`;
      ledger.begun.add(body);
      const ordered = { MessageGroupId: `${round}.${sender}`, MessageDeduplicationId: body };
      const queue = sender < 3 ? { QueueUrl: standard } : { QueueUrl: fifo, ...ordered };
      const { status } = await client.json('SendMessage', { MessageBody: body, ...queue });
      if (status === 200) ledger.acknowledged.add(body);
    }
  });
  const receivers = [standard, fifo].map(async (queue) => {
    for (;;) {
      // Half of what is received is never deleted.
      for (const [index, { Body, ReceiptHandle }] of (await receive(client, queue, 1)).entries()) {
        if (queue === standard && index % 2 === 1) continue;
        ledger.going.add(Body);
        const { status } = await client.json('DeleteMessage', { QueueUrl: queue, ReceiptHandle });
        if (status === 200) ledger.gone.add(Body);
      }
    }
  });
  await Promise.allSettled([...senders, ...receivers]);
}

/** For at most 20 seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let looks = 0; !holds() && looks < 1_000; looks += 1) await sleep(20);
}

async function drain(client: SqsClient, queue: string): Promise<readonly string[]> {
  const bodies: string[] = [];
  for (let empty = 0; empty < 3;) {
    const messages = await receive(client, queue, 60);
    // What was in flight comes back after its second.
    if (messages.length === 0) await sleep(600);
    empty = messages.length === 0 ? empty + 1 : 0;
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    if (messages.length > 0) await client.json('DeleteMessageBatch', { QueueUrl: queue, Entries });
    bodies.push(...messages.map(({ Body }) => Body));
  }
  return bodies;
}

test('what was acknowledged survives kill -9, in order', async (context) => {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 1e6));
  context.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-sqs-'));
  const ledger: Ledger = { begun: new Set(), acknowledged: new Set(), going: new Set(), gone: new Set() };
  for (let round = 0; round < rounds; round += 1) {
    const service = await startService({ dataDirectory });
    const client = sqsClient(service, credentials);
    await client.json('CreateQueue', { QueueName: 'standard' });
    await client.json('CreateQueue', { QueueName: 'ordered.fifo', Attributes: { FifoQueue: 'true' } });
    const loading = load(client, ledger, round);
    await sleep(300 + random.next() * 700);
    await until(() => ledger.acknowledged.size >= (round + 1) * acknowledgedMin);
    await service.kill();
    await loading;
  }
  const service = await startService({ dataDirectory });
  context.after(async () => {
    await service.stop();
    // Not before: hooks run in the order of their making, and a service that runs writes.
    rmSync(dataDirectory, { recursive: true, force: true });
  });
  const client = sqsClient(service, credentials);
  const [plain, ordered] = [await drain(client, standard), await drain(client, fifo)];
  const found = new Set([...plain, ...ordered]);
  assert.equal(found.size, plain.length + ordered.length, 'nothing twice, once nobody is killed');
  context.diagnostic(`${ledger.acknowledged.size} acknowledged, ${found.size} left`);
  assert.ok(ledger.acknowledged.size >= rounds * acknowledgedMin && found.size > 0);
  const lost = [...ledger.acknowledged].filter((body) => !found.has(body) && !ledger.going.has(body));
  assert.deepEqual(lost, []);
  const back = [...ledger.gone].filter((body) => found.has(body));
  assert.deepEqual(back, []);
  const invented = [...found].filter((body) => !ledger.begun.has(body));
  assert.deepEqual(invented, []);
  const groups = Map.groupBy(ordered, (body) => body.slice(0, body.lastIndexOf('.')));
  for (const bodies of groups.values()) {
    const numbers = bodies.map((body) => Number(body.slice(body.lastIndexOf('.') + 1)));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  }
});
