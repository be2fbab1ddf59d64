/**
 * The codecs against the real client: for every operation, what `@aws-sdk/client-lambda` sends is what the handler gets,
 * and what the handler answers (or throws) is what the client returns (or throws).
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { suite, test } from 'node:test';
import * as sdk from '@aws-sdk/client-lambda';
import * as fc from 'fast-check';
import { WireError } from '../error.ts';
import type { ErrorName } from '../error.ts';
import { errors } from '../errors.ts';
import { context } from '../fixtures/context.ts';
import { validStructure } from '../operations/fixtures/arbitrary.ts';
import { operations } from '../operations/table.ts';
import type { Handler, Service } from '../service.ts';
import { restJsonService } from './service.ts';

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What every operation does at the moment: each test sets its own. */
let current: Handler = () => assert.fail('no handler');

const service: Service = restJsonService({
  handlers: Object.fromEntries(
    [...operations.keys()].map((name) => [name, (input, context) => current(input, context)]),
  ),
  reportFault: (error) => {
    throw error;
  },
});

/** The client's requests go straight into the service. */
const client = new sdk.LambdaClient({
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9',
  maxAttempts: 1,
  credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
  requestHandler: { handle, metadata: { handlerProtocol: 'http/1.1' } } as never,
});

async function handle(sent: SentRequest) {
  const rawQuery = Object.entries(sent.query)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((item) => [name, item ?? ''] as const),
    )
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const headers = Object.fromEntries(
    Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const routed = service.route({ method: sent.method, rawPath: sent.path, rawQuery, headers });
  const response =
    routed.kind === 'refused'
      ? service.encodeError(routed.error, context.requestId)
      : await routed.call(Buffer.from(sent.body ?? ''), context);
  const answered = Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    response: {
      statusCode: response.statusCode,
      headers: Object.fromEntries(answered),
      body:
        response.stream === undefined ? (response.body ?? new Uint8Array()) : Readable.from(response.stream),
    },
  };
}

type Command = Parameters<sdk.LambdaClient['send']>[0];
const commands = sdk as unknown as Readonly<Record<string, new (input: unknown) => Command>>;

function commandOf(name: string, input: unknown): Command {
  const constructor = commands[`${name}Command`];
  assert.ok(constructor !== undefined, name);
  return new constructor(input);
}

/** Bytes of every kind as one kind; what the client adds, and what an empty payload becomes, left out. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return value.byteLength === 0 ? undefined : `bytes ${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name]) => name !== '$metadata')
    .map(([name, item]) => [name, comparable(item)] as const)
    .filter(([, item]) => item !== undefined && item !== null);
  return Object.fromEntries(entries);
}

/** One event for each member. */
async function* eventsOf(events: unknown): AsyncGenerator<object> {
  for (const [name, event] of Object.entries(events ?? {})) yield { [name]: event };
}

async function together(events: AsyncIterable<object>): Promise<object> {
  const all = {};
  for await (const event of events) Object.assign(all, event);
  return all;
}

suite('every operation, with the real client', () => {
  for (const operation of operations.values()) {
    const stream = Object.entries(operation.output.members).find(
      ([, { shape }]) => shape.type === 'structure' && shape.stream === true,
    )?.[0];
    const defaults =
      stream === undefined
        ? {}
        : { [stream]: {}, ResponseStreamContentType: 'application/vnd.amazon.eventstream' };
    const status = Object.entries(operation.output.members).find(([, { place }]) => place === 'status')?.[0];

    test(`${operation.name}: what is sent is what the handler gets, and what it answers is what returns`, async () => {
      await fc.assert(
        fc.asyncProperty(
          validStructure(operation.input),
          validStructure(operation.output),
          async (input, output) => {
            let got: Record<string, unknown> = {};
            const answer = status === undefined ? output : { ...output, [status]: 200 };
            current = async (decoded) => {
              got = { ...decoded };
              return stream === undefined ? answer : { ...answer, [stream]: eventsOf(answer[stream]) };
            };
            const sent = (await client.send(commandOf(operation.name, input))) as unknown as Record<
              string,
              unknown
            >;
            if (stream !== undefined) sent[stream] = await together(sent[stream] as AsyncIterable<object>);
            if (operation.statusCode !== 204)
              assert.deepEqual(comparable(sent), comparable({ ...defaults, ...answer }));
            for (const token of ['ClientToken', 'CallerReference']) if (!(token in input)) delete got[token];
            assert.deepEqual(comparable(got), comparable(input));
          },
        ),
        { numRuns: 3, seed: 2026 },
      );
    });
  }
});

suite('every error of the model, with the real client', () => {
  for (const [name, row] of errors) {
    if (!row.modelled) continue;
    test(`${name} arrives with its status, fault and message`, async () => {
      const members =
        name === 'TooManyRequestsException'
          ? { Reason: 'CallerRateLimitExceeded', retryAfterSeconds: 7 }
          : {};
      current = async () => {
        throw new WireError(name as ErrorName, 'the text of it', members);
      };
      const error = await client.send(new sdk.GetFunctionCommand({ FunctionName: 'hello' })).then(
        () => assert.fail('no error'),
        (thrown: unknown) => thrown as Record<string, unknown>,
      );
      assert.equal(error['name'], name);
      assert.equal(error['message'], 'the text of it');
      assert.equal(error['$fault'], row.fault);
      assert.equal((error['$metadata'] as Record<string, unknown>)['httpStatusCode'], row.statusCode);
      assert.equal((error['$metadata'] as Record<string, unknown>)['requestId'], context.requestId);
      assert.equal(error['Type'], row.fault === 'client' ? 'User' : 'Service');
      if (name === 'TooManyRequestsException') {
        assert.equal(error['Reason'], 'CallerRateLimitExceeded');
        assert.equal(error['retryAfterSeconds'], '7');
      }
    });
  }
});
