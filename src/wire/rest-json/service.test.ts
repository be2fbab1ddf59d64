/** The service around the codecs: what is refused, what is not implemented, what goes wrong inside. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StoreUnavailableError } from '#platform';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { WireError } from '../error.ts';
import type { ErrorName } from '../error.ts';
import { errors } from '../errors.ts';
import { context } from '../fixtures/context.ts';
import type { Handlers, Routed, WireResponse } from '../service.ts';
import { codeBodyBytesMax, invokeBodyBytesMax } from './limits.ts';
import { restJsonService } from './service.ts';

const faults: unknown[] = [];
const serve = (handlers: Handlers) =>
  restJsonService({
    handlers,
    reportFault: (error, operation, requestId) => faults.push([error, operation, requestId]),
  });

function route(handlers: Handlers, method: string, rawPath: string): Routed & { kind: 'operation' } {
  const routed = serve(handlers).route({ method, rawPath, rawQuery: '', headers: {} });
  assert.ok(routed.kind === 'operation');
  return routed;
}

const call = (handlers: Handlers, method: string, path: string, body = '') =>
  route(handlers, method, path).call(Buffer.from(body), context);

const bodyOf = (response: WireResponse) =>
  JSON.parse(Buffer.from(response.body ?? '').toString()) as Record<string, unknown>;

const listFailing = (error: unknown) =>
  call(
    { ListFunctions: () => Promise.reject(error instanceof Error ? error : new Error(String(error))) },
    'GET',
    '/2015-03-31/functions',
  );

suite('answers', () => {
  test('a JSON body, the status of the model, the id of the request', async () => {
    const handlers = { CreateFunction: async () => ({ FunctionName: 'f', Timeout: 3, Role: undefined }) };
    const body = JSON.stringify({ FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/any', Code: {} });
    const response = await call(handlers, 'POST', '/2015-03-31/functions', body);
    assert.equal(response.statusCode, 201);
    assert.deepEqual(response.headers, { 'x-amzn-RequestId': 'r-1', 'Content-Type': 'application/json' });
    assert.deepEqual(bodyOf(response), { FunctionName: 'f', Timeout: 3 });
  });

  test('an invoke: status from the output, headers, the payload as it is', async () => {
    const payload = Buffer.from('[1]');
    const output = {
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      FunctionError: 'Unhandled',
      LogResult: 'bG9n',
      Payload: payload,
    };
    const response = await call(
      { Invoke: async () => output },
      'POST',
      '/2015-03-31/functions/f/invocations',
      '{}',
    );
    assert.equal(response.statusCode, 200);
    assert.deepEqual(response.headers, {
      'x-amzn-RequestId': 'r-1',
      'X-Amz-Executed-Version': '$LATEST',
      'X-Amz-Function-Error': 'Unhandled',
      'X-Amz-Log-Result': 'bG9n',
      'Content-Type': 'application/json',
    });
    assert.equal(response.body, payload);
  });

  test('202 and 204 of an invoke', async () => {
    const path = '/2015-03-31/functions/f/invocations';
    const accepted = await call(
      { Invoke: async () => ({ StatusCode: 202, Payload: new Uint8Array() }) },
      'POST',
      path,
    );
    assert.deepEqual([accepted.statusCode, accepted.body?.byteLength], [202, 0]);
    const dry = await call({ Invoke: async () => ({ StatusCode: 204 }) }, 'POST', path);
    assert.deepEqual(
      [dry.statusCode, dry.body, dry.headers],
      [204, undefined, { 'x-amzn-RequestId': 'r-1' }],
    );
  });

  test('no content has no body', async () => {
    const response = await call(
      { DeleteAlias: async () => ({}) },
      'DELETE',
      '/2015-03-31/functions/f/aliases/live',
    );
    assert.deepEqual(response, { statusCode: 204, headers: { 'x-amzn-RequestId': 'r-1' }, body: undefined });
  });

  test('timestamps are epoch seconds', async () => {
    const output = { UUID: 'x', LastModified: new Date(1_767_323_045_250) };
    const path = '/2015-03-31/event-source-mappings/14e0db71-5d35-4eb5-b481-8945cf9d10c2';
    assert.equal(
      bodyOf(await call({ GetEventSourceMapping: async () => output }, 'GET', path))['LastModified'],
      1_767_323_045.25,
    );
  });
});

suite('errors', () => {
  for (const [name, row] of errors) {
    test(`${name}: ${row.statusCode}`, async () => {
      const response = await listFailing(new WireError(name as ErrorName, 'why'));
      assert.equal(response.statusCode, row.statusCode);
      assert.equal(response.headers['x-amzn-ErrorType'], name);
      assert.equal(response.headers['x-amzn-RequestId'], 'r-1');
      const type = row.fault === 'client' ? 'User' : 'Service';
      assert.deepEqual(bodyOf(response), { ...(row.modelled && { Type: type }), [row.message]: 'why' });
    });
  }

  test('throttling carries its reason, and when to come back', async () => {
    const response = await listFailing(
      new WireError('TooManyRequestsException', 'Rate Exceeded.', {
        Reason: 'CallerRateLimitExceeded',
        retryAfterSeconds: 3,
      }),
    );
    assert.equal(response.headers['Retry-After'], '3');
    assert.deepEqual(bodyOf(response), {
      Reason: 'CallerRateLimitExceeded',
      Type: 'User',
      message: 'Rate Exceeded.',
    });
  });

  test('what is no WireError is an internal error that says nothing, and is reported', async () => {
    faults.length = 0;
    const fault = new TypeError('password is hunter2');
    const response = await listFailing(fault);
    assert.equal(response.statusCode, 500);
    assert.equal(response.headers['x-amzn-ErrorType'], 'ServiceException');
    assert.doesNotMatch(JSON.stringify(bodyOf(response)), /hunter2|TypeError|stack/);
    assert.deepEqual(faults, [[fault, 'ListFunctions', 'r-1']]);
  });

  test('a store without room is an internal error that says what to do', async () => {
    const response = await listFailing(new StoreUnavailableError('full', { code: 'SQLITE_FULL' }));
    assert.equal(response.headers['x-amzn-ErrorType'], 'ServiceException');
    assert.match(JSON.stringify(bodyOf(response)), /the disk of the data directory is full/);
    const failed = await listFailing(new StoreUnavailableError('failed', { message: '/secret/place' }));
    assert.doesNotMatch(JSON.stringify(bodyOf(failed)), /secret/);
  });

  test('an output that the operation does not have is a fault of ours', async () => {
    for (const output of [
      { Functoins: [] },
      { NextMarker: 7 },
      { Functions: {} },
      { Functions: [{ Timeout: '3' }] },
    ]) {
      faults.length = 0;
      const response = await call({ ListFunctions: async () => output }, 'GET', '/2015-03-31/functions');
      assert.equal(response.statusCode, 500);
      assert.equal(faults.length, 1);
    }
  });

  test('bad input never reaches the handler', async () => {
    const handlers = { ListFunctions: () => assert.fail('called') };
    const routed = serve(handlers).route({
      method: 'GET',
      rawPath: '/2015-03-31/functions',
      rawQuery: 'MaxItems=0',
      headers: {},
    });
    assert.ok(routed.kind === 'operation');
    const response = await routed.call(new Uint8Array(), context);
    assert.equal(response.headers['x-amzn-ErrorType'], 'ValidationException');
  });
});

suite('what is not there', () => {
  test('an unknown path is refused before anything is read', () => {
    const service = serve({});
    const routed = service.route({ method: 'GET', rawPath: '/nowhere', rawQuery: '', headers: {} });
    assert.ok(routed.kind === 'refused');
    const response = service.encodeError(routed.error, 'r-2');
    assert.equal(response.statusCode, 404);
    assert.equal(response.headers['x-amzn-ErrorType'], 'UnknownOperationException');
  });

  test('an operation without a handler says so, by name', async () => {
    const response = await call({}, 'GET', '/2015-03-31/functions');
    assert.equal(response.statusCode, 501);
    assert.equal(response.headers['x-amzn-ErrorType'], 'NotImplementedException');
    assert.match(String(bodyOf(response)['message']), /ListFunctions is not implemented/);
  });

  test('the client does not ask for it again', async () => {
    const service = serve({});
    let asked = 0;
    const handle = async (request: { method: string; path: string }) => {
      asked++;
      const routed = service.route({
        method: request.method,
        rawPath: request.path,
        rawQuery: '',
        headers: {},
      });
      assert.ok(routed.kind === 'operation');
      const { statusCode, headers, body } = await routed.call(new Uint8Array(), context);
      return {
        response: {
          statusCode,
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
          ),
          body,
        },
      };
    };
    const client = new LambdaClient({
      region: 'us-east-1',
      maxAttempts: 5,
      credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
      requestHandler: { handle, metadata: { handlerProtocol: 'http/1.1' } } as never,
    });
    await assert.rejects(client.send(new ListFunctionsCommand({})), { name: 'NotImplementedException' });
    assert.equal(asked, 1);
  });

  test('a handler for what is no operation is refused at once', () => {
    assert.throws(() => serve({ DoEverything: async () => ({}) }), /DoEverything/);
  });
});

suite('limits', () => {
  test('each operation says how much it reads, and what it says of more', () => {
    const invoke = route({}, 'POST', '/2015-03-31/functions/f/invocations');
    assert.equal(invoke.bodyBytesMax, invokeBodyBytesMax);
    assert.equal(
      invoke.bodyTooLarge().message,
      'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
    );
    assert.equal(invoke.bodyTooLarge().errorName, 'RequestEntityTooLargeException');
    const create = route({}, 'POST', '/2015-03-31/functions');
    assert.equal(create.bodyBytesMax, codeBodyBytesMax);
    assert.equal(
      create.bodyTooLarge().message,
      'Request must be smaller than 69905067 bytes for the CreateFunction operation',
    );
    assert.equal(route({}, 'GET', '/2015-03-31/functions').bodyBytesMax, 2 ** 20);
  });

  test('an archive of 50 MiB fits', () => {
    assert.ok(Math.ceil((50 * 2 ** 20) / 3) * 4 + 1000 > codeBodyBytesMax); // AWS's own figure leaves no room beside it
    assert.ok(Math.ceil((49.9 * 2 ** 20) / 3) * 4 + 1000 < codeBodyBytesMax);
  });
});
