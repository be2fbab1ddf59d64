/** Where permission is asked, in both protocols: after validation, before the handler, and only where there is a handler. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { WireError } from '../error.ts';
import { jsonRpcService } from '../json-rpc/service.ts';
import { restJsonService } from '../rest-json/service.ts';
import type { Authorize, Input, RequestContext, Service, WireRequest } from '../service.ts';

const context: RequestContext = {
  requestId: 'r',
  principal: { kind: 'user', userId: 'AIDA', accountId: '000000000000', arn: 'arn', accessKeyId: 'AKIA' },
  region: 'us-east-1',
  endpoint: 'http://127.0.0.1:9000',
  sourceIp: '127.0.0.1',
  signal: new AbortController().signal,
};
const refuse: Authorize = () => {
  throw new WireError('AccessDeniedException', 'no');
};
const allow: Authorize = () => {};
const unreported = (error: unknown): never => {
  throw error;
};

interface Protocol {
  readonly name: string;
  readonly refusedStatus: number;
  readonly serve: (authorize: Authorize | undefined, called: (input: Input) => void) => Service;
  readonly good: WireRequest & { readonly body: string };
  readonly invalid: WireRequest & { readonly body: string };
  readonly unserved: WireRequest & { readonly body: string };
}

const lambda = (rawPath: string, body = '') => ({ method: 'POST', rawPath, rawQuery: '', headers: {}, body });
const rpc = (operation: string, body: string) => ({
  method: 'POST',
  rawPath: '/',
  rawQuery: '',
  headers: { 'x-amz-target': `T.${operation}` },
  body,
});

const protocols: readonly Protocol[] = [
  {
    name: 'REST-JSON',
    refusedStatus: 403,
    serve: (authorize, called) =>
      restJsonService({
        handlers: {
          PublishVersion: async (input) => {
            called(input);
            return {};
          },
        },
        reportFault: unreported,
        ...(authorize && { authorize }),
      }),
    good: lambda('/2015-03-31/functions/f/versions'),
    invalid: lambda('/2015-03-31/functions/!/versions'),
    unserved: lambda('/2015-03-31/functions', '{}'),
  },
  {
    name: 'AWS JSON',
    refusedStatus: 400,
    serve: (authorize, called) =>
      jsonRpcService({
        targetPrefix: 'T',
        operations: {
          Do: {
            type: 'structure',
            members: { name: { shape: { type: 'string', max: 3 }, required: true } },
          },
          Other: { type: 'structure', members: {} },
        },
        handlers: {
          Do: async (input) => {
            called(input);
            return {};
          },
        },
        reportFault: unreported,
        ...(authorize && { authorize }),
      }),
    good: rpc('Do', '{"name":"a"}'),
    invalid: rpc('Do', '{"name":"long"}'),
    unserved: rpc('Other', '{}'),
  },
];

async function send(
  { serve }: Protocol,
  authorize: Authorize | undefined,
  { body, ...request }: WireRequest & { readonly body: string },
) {
  const inputs: Input[] = [];
  const routed = serve(authorize, (input) => inputs.push(input)).route(request);
  assert.ok(routed.kind === 'operation');
  const { statusCode } = await routed.call(Buffer.from(body), context);
  return { statusCode, inputs };
}

for (const protocol of protocols) {
  const { name, refusedStatus, good, invalid, unserved } = protocol;
  suite(name, () => {
    test('who may not is refused, and the handler not called', async () => {
      assert.deepEqual(await send(protocol, refuse, good), { statusCode: refusedStatus, inputs: [] });
    });

    test('what is asked is the operation with its input, once; then the handler has it', async () => {
      const asked: [string, Input, RequestContext][] = [];
      const { statusCode, inputs } = await send(protocol, (...question) => asked.push(question), good);
      assert.ok(statusCode < 300);
      assert.equal(asked.length, 1);
      assert.equal(asked[0]?.[1], inputs[0]);
      assert.equal(asked[0]?.[2], context);
    });

    test('what is not valid, or not served, is answered as such without asking', async () => {
      const asked: string[] = [];
      const asking: Authorize = (operation) => void asked.push(operation);
      assert.equal((await send(protocol, asking, invalid)).statusCode, 400);
      assert.equal((await send(protocol, asking, unserved)).statusCode, 501);
      assert.deepEqual(asked, []);
    });

    test('without anybody to ask, everything is allowed', async () => {
      assert.equal((await send(protocol, undefined, good)).inputs.length, 1);
      assert.equal((await send(protocol, allow, good)).inputs.length, 1);
    });
  });
}
