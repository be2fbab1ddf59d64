/** RPC v2 with CBOR: what is routed, answered and refused, and bodies that come compressed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cbor, tag } from '@smithy/core/cbor';
import { WireError } from '../error.ts';
import { takingGzip } from '../gzip.ts';
import { context } from '../fixtures/context.ts';
import type { Handlers, Service } from '../service.ts';
import { bodyBytesMax } from './limits.ts';
import { rpcCborService, speaksRpcCbor } from './service.ts';

const faults: unknown[] = [];

const serviceOf = (handlers: Handlers): Service =>
  takingGzip(
    rpcCborService({
      serviceName: 'Some',
      operations: {
        Act: {
          input: {
            type: 'structure',
            members: {
              Text: { shape: { type: 'string', max: 3 }, required: true },
              At: { shape: { type: 'timestamp' } },
            },
          },
          output: { type: 'structure', members: { Text: { shape: { type: 'string' } } } },
        },
        Rest: { input: { type: 'structure', members: {} } },
      },
      notServed: ['Dream'],
      handlers,
      authorize: (_operation, { Text }) => {
        if (Text === 'no') throw new WireError('AccessDeniedException', 'You may not.');
      },
      reportFault: (error) => faults.push(error),
      queryCompatible: { namespace: 'com.some', modelled: new Set(['InvalidNextToken']) },
    }),
  );

async function call(
  service: Service,
  operation: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
) {
  const routed = service.route({
    method: 'POST',
    rawPath: `/service/Some/operation/${operation}`,
    rawQuery: '',
    headers: { 'smithy-protocol': 'rpc-v2-cbor', ...headers },
  });
  assert.ok(routed.kind === 'operation');
  const response = await routed.call(body, context);
  assert.equal(response.headers['Smithy-Protocol'], 'rpc-v2-cbor');
  assert.equal(response.headers['Content-Type'], 'application/cbor');
  return {
    statusCode: response.statusCode,
    code: response.headers['x-amzn-query-error'],
    body: cbor.deserialize(response.body ?? new Uint8Array(0)) as Record<string, unknown>,
  };
}

const echo: Handlers = { Act: async ({ Text }) => ({ Text }), Rest: async () => ({}) };

test('an operation is called with what was sent', async () => {
  const service = serviceOf({
    Act: async ({ Text, At }) => ({ Text: `${String(Text)} ${String((At as Date).getTime())}` }),
  });
  const { body } = await call(
    service,
    'Act',
    cbor.serialize({ Text: 'x', At: tag({ tag: 1, value: 1 }), Unknown: [1] }),
  );
  assert.deepEqual(body, { Text: 'x 1000' });
  assert.deepEqual((await call(serviceOf(echo), 'Rest', new Uint8Array(0))).body, {});
});

test('errors say their name in the body, and the older one in a header', async () => {
  const service = serviceOf({
    Act: async ({ Text }) => {
      if (Text === 'a') throw new WireError('InvalidNextToken', 'Not one.');
      throw new Error('secret');
    },
  });
  assert.deepEqual(await call(service, 'Act', cbor.serialize({ Text: 'a' })), {
    statusCode: 400,
    code: 'InvalidNextToken;Sender',
    body: { __type: 'com.some#InvalidNextToken', message: 'Not one.' },
  });
  const broken = await call(service, 'Act', cbor.serialize({ Text: 'b' }));
  assert.deepEqual([broken.statusCode, broken.code], [500, 'InternalFailure;Receiver']);
  assert.doesNotMatch(JSON.stringify(broken.body), /secret/);
  assert.equal(faults.length, 1);
  for (const [sent, code] of [
    [{ Text: 'no' }, 'AccessDenied;Sender'],
    [{ Text: 'long' }, 'ValidationError;Sender'],
    [{}, 'ValidationError;Sender'],
    [{ Text: 1 }, 'MalformedInput;Sender'],
    [[1], 'MalformedInput;Sender'],
  ] as const) {
    assert.equal((await call(service, 'Act', cbor.serialize(sent))).code, code);
  }
  assert.equal((await call(service, 'Act', Buffer.from('9f', 'hex'))).code, 'MalformedInput;Sender');
  assert.equal((await call(service, 'Dream', cbor.serialize({}))).statusCode, 501);
});

for (const [method, rawPath] of [
  ['GET', '/service/Some/operation/Act'],
  ['POST', '/service/Other/operation/Act'],
  ['POST', '/service/Some/operation/constructor'],
  ['POST', '/service/Some/operation/'],
  ['POST', '/'],
  ['POST', '/service/Some/operation/Act/x'],
] as const) {
  test(`${method} ${rawPath} is no operation`, () => {
    const routed = serviceOf(echo).route({ method, rawPath, rawQuery: '', headers: {} });
    assert.ok(routed.kind === 'refused' && routed.error.errorName === 'UnknownOperationException');
  });
}

test('the protocol is told by its header', () => {
  const request = { method: 'POST', rawPath: '/', rawQuery: '' };
  assert.ok(speaksRpcCbor({ ...request, headers: { 'smithy-protocol': 'rpc-v2-cbor' } }));
  assert.ok(!speaksRpcCbor({ ...request, headers: {} }));
});

test('a compressed body is inflated, within its bound', async () => {
  const service = serviceOf(echo);
  const gzip = { 'content-encoding': 'gzip' };
  const sent = gzipSync(cbor.serialize({ Text: 'x' }));
  assert.deepEqual((await call(service, 'Act', sent, gzip)).body, { Text: 'x' });
  const bomb = gzipSync(Buffer.alloc(bodyBytesMax + 1));
  assert.ok(bomb.length < 10_000);
  assert.equal((await call(service, 'Act', bomb, gzip)).code, 'RequestEntityTooLargeException;Sender');
  assert.equal((await call(service, 'Act', sent.subarray(0, 10), gzip)).code, 'MalformedInput;Sender');
  assert.equal((await call(service, 'Act', Buffer.from('plain'), gzip)).code, 'MalformedInput;Sender');
});
