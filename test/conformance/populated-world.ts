/**
 * A control plane in this process that has one of everything, behind the real wire: for tests that go through the whole API. Names are
 * those of `good-requests.ts`.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { invokeHandlers } from '#frontend';
import type { Principal } from '#identity';
import { type Authorize, type Handlers, operations, type RequestContext, restJsonService } from '#wire';
import { newFunction, openWorldOn, type World, zip } from '../../src/control-plane/fixtures/world.ts';
import { context as rootContext } from '../../src/wire/fixtures/context.ts';
import { requestOf } from '../../src/wire/operations/fixtures/request.ts';

/** Members as JSON. */
export type Members = Readonly<Record<string, unknown>>;

export interface Answer {
  readonly statusCode: number;
  /** Of an error. */
  readonly errorName: string | undefined;
  readonly message: string;
  readonly json: Readonly<Record<string, unknown>>;
}

export interface PopulatedWorld {
  readonly world: World;
  /** Every operation that Lambkin serves. */
  readonly handlers: Handlers;
  /** What the world was given ids for. */
  readonly uuid: string;
  readonly codeSigningConfigArn: string;
  /** Base64 of a small archive. */
  readonly archive: string;
  /** A service on the handlers (or others), for one caller. */
  serve(options?: ServeOptions): (operation: string, members: Members) => Promise<Answer>;
  /** Rises with every commit. */
  revision(): Promise<number>;
  /** Every document and every blob, to be compared. */
  snapshot(): Promise<Snapshot>;
}

export interface ServeOptions {
  readonly handlers?: Handlers;
  readonly principal?: Principal;
  readonly authorize?: Authorize;
}

export interface Snapshot {
  readonly documents: Readonly<Record<string, string>>;
  readonly blobs: readonly string[];
}

/** Far more seconds than a mapping takes to be made. */
const settlingTurnsMax = 200;

export async function openPopulatedWorld(t: TestContext): Promise<PopulatedWorld> {
  const documents = memoryDocuments();
  const blobs = memoryBlobs();
  const world = await openWorldOn(t, { documents, blobs });
  const handlers: Handlers = {
    ...world.plane.handlers,
    ...invokeHandlers({
      invoke: async () => ({ statusCode: 200, payload: new Uint8Array(0) }),
      invokeStreaming: async () => {
        const body = Readable.from([]);
        return { statusCode: 200, form: 'whole', body, ended: Promise.resolve({}), cancel() {} };
      },
    }),
  };
  const serve = (options: ServeOptions = {}): ReturnType<PopulatedWorld['serve']> => {
    const service = restJsonService({
      handlers: options.handlers ?? handlers,
      reportFault: (error) => {
        throw error;
      },
      ...(options.authorize && { authorize: options.authorize }),
    });
    const context: RequestContext = { ...rootContext, principal: options.principal ?? rootContext.principal };
    return async (operation, members) => {
      const row = operations.get(operation) ?? assert.fail(operation);
      const { request, body } = requestOf(row, members);
      const routed = service.route(request);
      assert.ok(routed.kind === 'operation' && routed.operation === operation, `${operation} is not routed`);
      const answer = await routed.call(body, context);
      const json = parsed(answer.body);
      const message = json['message'] ?? json['Message'];
      return {
        statusCode: answer.statusCode,
        errorName: answer.headers['x-amzn-ErrorType'],
        message: typeof message === 'string' ? message : '',
        json,
      };
    };
  };
  const archive = (await zip({ 'index.mjs': 'export const handler = () => 2;' })).toString('base64');
  const made = await populate(world, serve(), archive);
  return {
    world,
    handlers,
    ...made,
    archive,
    serve,
    revision: async () => (await documents.list('')).revision,
    async snapshot() {
      const all: Record<string, string> = {};
      for (let after: string | undefined; ;) {
        const page = await documents.list('', after === undefined ? {} : { after });
        for (const { key, value, revision } of page.documents)
          all[key] = `${revision} ${JSON.stringify(value)}`;
        after = page.next;
        if (after === undefined) break;
      }
      const stored = await blobs.list('');
      return { documents: all, blobs: stored.map(({ key, sizeBytes }) => `${key} ${sizeBytes}`) };
    },
  };
}

async function populate(
  world: World,
  send: (operation: string, members: Members) => Promise<Answer>,
  archive: string,
): Promise<{ readonly uuid: string; readonly codeSigningConfigArn: string }> {
  const make = async (operation: string, members: Members): Promise<Members> => {
    const { statusCode, message, json } = await send(operation, members);
    assert.ok(statusCode < 300, `${operation}: ${statusCode} ${message}`);
    await world.plane.settled();
    return json;
  };
  await make('PublishLayerVersion', { LayerName: 'tools', Content: { ZipFile: archive } });
  await make('AddLayerVersionPermission', {
    LayerName: 'tools',
    VersionNumber: 1,
    StatementId: 'all',
    Action: 'lambda:GetLayerVersion',
    Principal: '*',
  });
  const { CodeSigningConfig: signing } = await make('CreateCodeSigningConfig', {
    AllowedPublishers: {
      SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789'],
    },
  });
  const { CodeSigningConfigArn: codeSigningConfigArn } = signing as { readonly CodeSigningConfigArn: string };
  await world.create('hello', {
    Layers: ['arn:aws:lambda:us-east-1:000000000000:layer:tools:1'],
    Environment: { Variables: { A: '1' } },
    Tags: { team: 'blue' },
  });
  await world.call('CreateFunction', { ...(await newFunction('other')), Timeout: 30 });
  await world.plane.settled();
  const hello = { FunctionName: 'hello' };
  await make('PublishVersion', hello);
  await make('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' });
  await make('UpdateFunctionConfiguration', { ...hello, Description: 'second' });
  await make('PublishVersion', hello);
  await make('AddPermission', {
    ...hello,
    StatementId: 's1',
    Action: 'lambda:InvokeFunction',
    Principal: 's3.amazonaws.com',
  });
  await make('CreateFunctionUrlConfig', { ...hello, AuthType: 'NONE' });
  await make('PutFunctionEventInvokeConfig', { ...hello, MaximumRetryAttempts: 1 });
  await make('PutFunctionConcurrency', { ...hello, ReservedConcurrentExecutions: 50 });
  await make('PutProvisionedConcurrencyConfig', {
    ...hello,
    Qualifier: 'live',
    ProvisionedConcurrentExecutions: 1,
  });
  await make('PutFunctionRecursionConfig', { ...hello, RecursiveLoop: 'Allow' });
  await make('PutRuntimeManagementConfig', { ...hello, UpdateRuntimeOn: 'FunctionUpdate' });
  await make('PutFunctionCodeSigningConfig', {
    FunctionName: 'other',
    CodeSigningConfigArn: codeSigningConfigArn,
  });
  const { UUID: uuid } = await make('CreateEventSourceMapping', {
    ...hello,
    EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:first',
  });
  // Mappings are created, changed and deleted in their own time.
  for (let turn = 0; turn < settlingTurnsMax; turn += 1) {
    if ((await make('GetEventSourceMapping', { UUID: uuid }))['State'] === 'Enabled') break;
    world.clock.advance(1_000);
    await new Promise(setImmediate);
  }
  return { uuid: String(uuid), codeSigningConfigArn };
}

function parsed(body: Uint8Array | undefined): Record<string, unknown> {
  if (body === undefined || body.byteLength === 0) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // an invoke's payload
  }
}
