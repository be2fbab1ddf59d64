/** A service with queues and functions that are mapped to them, for tests: what functions got is read from a file that they write to. */
import {
  CreateEventSourceMappingCommand,
  type CreateEventSourceMappingCommandInput,
  CreateFunctionCommand,
  GetEventSourceMappingCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { credentials, role, type Service, startService } from '../service.ts';
import { sqsClient } from './sqs-client.ts';

export interface Seen {
  readonly startMs: number;
  readonly endMs: number;
  readonly event: { readonly Records: readonly SeenRecord[] };
}

export interface SeenRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, unknown>>;
}

/**
 * What a message's body makes the function do: `throw`; `bad…`: named as failed; `nonsense`, an answer that names nothing that is there;
 * `sleep <ms>`.
 */
const handler = `
const { appendFileSync } = require('node:fs');
exports.handler = async (event) => {
  const startMs = Date.now();
  const bodies = event.Records.map(({ body }) => body);
  const sleeps = bodies.map((body) => Number(/^sleep (\\d+)/.exec(body)?.[1] ?? 0));
  await new Promise((resolve) => setTimeout(resolve, Math.max(...sleeps)));
  appendFileSync(process.env.SEEN, JSON.stringify({ startMs, endMs: Date.now(), event }) + '\\n');
  if (bodies.includes('throw')) throw new Error('as asked');
  if (bodies.includes('nonsense')) return { batchItemFailures: [{ itemIdentifier: 'nobody' }] };
  const failed = event.Records.filter(({ body }) => body.startsWith('bad'));
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};`;

/** Other than the handler above: it writes what it gets to the file that SEEN names. */
export interface FunctionSource {
  readonly source?: string;
  readonly variables?: Readonly<Record<string, string>>;
}

export class QueueWorld {
  service: Service;
  readonly #directory: string;
  #made = 0;

  private constructor(service: Service, directory: string) {
    this.service = service;
    this.#directory = directory;
  }

  static async open(args: readonly string[] = []): Promise<QueueWorld> {
    const directory = mkdtempSync(join(tmpdir(), 'lambkin-queues-'));
    const dataDirectory = join(directory, 'data');
    return new QueueWorld(await startService({ dataDirectory, args }), directory);
  }

  async close(): Promise<void> {
    await this.service.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Ends the service at once and starts it again on the same data. */
  async crash(): Promise<void> {
    await this.service.kill();
    this.service = await startService({ dataDirectory: this.service.dataDirectory });
  }

  async sqs(operation: string, input: object): Promise<Readonly<Record<string, unknown>>> {
    const answer = await sqsClient(this.service, credentials).json(operation, input);
    assert.equal(answer.status, 200, answer.text);
    return answer.json;
  }

  /** Visibility of a second, so that what failed comes back soon. */
  async queue(attributes: Readonly<Record<string, string>> = {}): Promise<{ url: string; arn: string }> {
    this.#made += 1;
    const name = `queue-${this.#made}${attributes['FifoQueue'] ? '.fifo' : ''}`;
    const Attributes = { VisibilityTimeout: '1', ...attributes };
    const { QueueUrl } = await this.sqs('CreateQueue', { QueueName: name, Attributes });
    return { url: String(QueueUrl), arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
  }

  /** In one batch, so that they come together. */
  async send(
    url: string,
    ...messages: readonly (string | Readonly<Record<string, unknown>>)[]
  ): Promise<void> {
    const Entries = messages.map((message, index) =>
      Object.assign({ Id: String(index) }, typeof message === 'string' ? { MessageBody: message } : message),
    );
    await this.sqs('SendMessageBatch', { QueueUrl: url, Entries });
  }

  /** Messages of a queue: that wait, and that are with somebody. */
  async left(url: string): Promise<number> {
    const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'];
    const { Attributes } = await this.sqs('GetQueueAttributes', { QueueUrl: url, AttributeNames: names });
    return names.reduce((sum, name) => sum + Number((Attributes as Record<string, string>)[name]), 0);
  }

  async function(
    timeoutSeconds = 1,
    roleArn: string = role,
    { source = handler, variables = {} }: FunctionSource = {},
  ): Promise<string> {
    this.#made += 1;
    const FunctionName = `worker-${this.#made}`;
    const { client } = this.service;
    await client.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: roleArn,
        Timeout: timeoutSeconds,
        Code: { ZipFile: await archive({ 'index.js': source }) },
        Environment: { Variables: { SEEN: this.#seenFile(FunctionName), ...variables } },
      }),
    );
    await waitUntilFunctionActiveV2(
      { client, maxWaitTime: 30, minDelay: 0.02, maxDelay: 0.1 },
      { FunctionName },
    );
    return FunctionName;
  }

  async map(
    FunctionName: string,
    EventSourceArn: string,
    settings: Partial<CreateEventSourceMappingCommandInput> = {},
  ): Promise<string> {
    const command = new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn, ...settings });
    const { UUID = '' } = await this.service.client.send(command);
    return UUID;
  }

  async state(UUID: string, wanted: string): Promise<void> {
    const command = new GetEventSourceMappingCommand({ UUID });
    await eventually(async () => assert.equal((await this.service.client.send(command)).State, wanted));
  }

  seen(functionName: string): readonly Seen[] {
    const file = this.#seenFile(functionName);
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Seen);
  }

  bodies(functionName: string): readonly string[] {
    return this.seen(functionName).flatMap(({ event }) => event.Records.map(({ body }) => body));
  }

  #seenFile(functionName: string): string {
    return join(this.#directory, `${functionName}.jsonl`);
  }
}

/** Until it holds, or with the last reason why it does not. */
export async function eventually(check: () => void | Promise<void>, waitMs = 15_000): Promise<void> {
  const endMs = Date.now() + waitMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > endMs) throw error;
      await sleep(25);
    }
  }
}
