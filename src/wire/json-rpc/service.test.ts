/** AWS JSON 1.1 with the real CloudWatch Logs client, and its refusals. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { WireError } from '../error.ts';
import { context } from '../fixtures/context.ts';
import type { StructureShape } from '../operations/shape.ts';
import type { Handlers, Input } from '../service.ts';
import { jsonRpcService } from './service.ts';

const logGroupName = { type: 'string', min: 1, max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]+' } as const;
const operations: Readonly<Record<string, StructureShape>> = {
  DescribeLogGroups: { type: 'structure', members: { logGroupNamePrefix: { shape: logGroupName } } },
  FilterLogEvents: {
    type: 'structure',
    members: {
      logGroupName: { shape: logGroupName, required: true },
      logStreamNames: { shape: { type: 'list', member: { type: 'string', max: 512 }, max: 100 } },
      startTime: { shape: { type: 'long', min: 0 } },
      limit: { shape: { type: 'integer', min: 1, max: 10_000 } },
    },
  },
};

const faults: unknown[] = [];
const serve = (handlers: Handlers) =>
  jsonRpcService({
    targetPrefix: 'Logs_20140328',
    operations,
    handlers,
    validationError: 'InvalidParameterException',
    reportFault: (error) => faults.push(error),
  });

async function call(handlers: Handlers, operation: string, body: string) {
  const routed = serve(handlers).route({
    method: 'POST',
    rawPath: '/',
    rawQuery: '',
    headers: { 'x-amz-target': `Logs_20140328.${operation}` },
  });
  assert.ok(routed.kind === 'operation');
  const response = await routed.call(Buffer.from(body), context);
  return {
    ...response,
    json: JSON.parse(Buffer.from(response.body ?? '').toString()) as Record<string, unknown>,
  };
}

function clientOf(handlers: Handlers): CloudWatchLogsClient {
  const service = serve(handlers);
  const handle = async (sent: {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: string | Uint8Array;
  }) => {
    const headers = Object.fromEntries(
      Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const routed = service.route({ method: sent.method, rawPath: sent.path, rawQuery: '', headers });
    const response =
      routed.kind === 'operation'
        ? await routed.call(Buffer.from(sent.body), context)
        : service.encodeError(routed.error, context.requestId);
    const answered = Object.entries(response.headers).map(([name, value]) => [name.toLowerCase(), value]);
    return {
      response: {
        statusCode: response.statusCode,
        headers: Object.fromEntries(answered),
        body: response.body,
      },
    };
  };
  return new CloudWatchLogsClient({
    region: 'us-east-1',
    maxAttempts: 3,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    requestHandler: { handle, metadata: { handlerProtocol: 'http/1.1' } } as never,
  });
}

suite('with the real client', () => {
  test('input and output arrive', async () => {
    let got: Input = {};
    const events = [{ timestamp: 1_767_323_045_250, message: 'héllo\n', eventId: '1', logStreamName: 's' }];
    const client = clientOf({
      FilterLogEvents: async (input) => {
        got = input;
        return { events, nextToken: undefined };
      },
    });
    const sent = { logGroupName: '/aws/lambda/hello', logStreamNames: ['a', 'b'], startTime: 5, limit: 10 };
    const { events: returned } = await client.send(new FilterLogEventsCommand(sent));
    assert.deepEqual(got, sent);
    assert.deepEqual(returned, events);
  });

  test('errors arrive by name, once', async () => {
    let calls = 0;
    const client = clientOf({
      FilterLogEvents: async () => {
        calls++;
        throw new WireError('ResourceNotFoundException', 'The specified log group does not exist.');
      },
    });
    await assert.rejects(client.send(new FilterLogEventsCommand({ logGroupName: 'x' })), {
      name: 'ResourceNotFoundException',
      message: 'The specified log group does not exist.',
    });
    assert.equal(calls, 1);
    await assert.rejects(client.send(new DescribeLogGroupsCommand({})), { name: 'NotImplementedException' });
    await assert.rejects(client.send(new FilterLogEventsCommand({ logGroupName: '!' })), {
      name: 'InvalidParameterException',
      message: `1 validation error detected: Value '!' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: ${logGroupName.pattern}`,
    });
  });
});

suite('AWS JSON 1.1', () => {
  test('a client fault is 400 whatever its status elsewhere, a fault of ours 500 without its text', async () => {
    const notFound = await call(
      { FilterLogEvents: () => Promise.reject(new WireError('ResourceNotFoundException', 'no')) },
      'FilterLogEvents',
      '{"logGroupName":"x"}',
    );
    assert.equal(notFound.statusCode, 400);
    assert.deepEqual(notFound.json, { __type: 'ResourceNotFoundException', message: 'no' });
    assert.equal(notFound.headers['Content-Type'], 'application/x-amz-json-1.1');
    faults.length = 0;
    const broken = await call(
      { FilterLogEvents: () => Promise.reject(new Error('hunter2')) },
      'FilterLogEvents',
      '{"logGroupName":"x"}',
    );
    assert.equal(broken.statusCode, 500);
    assert.equal(broken.json['__type'], 'InternalFailure');
    assert.doesNotMatch(String(broken.json['message']), /hunter2/);
    assert.equal(faults.length, 1);
  });

  for (const [body, name] of [
    ['{', 'SerializationException'],
    ['[]', 'SerializationException'],
    ['{"logGroupName":7}', 'SerializationException'],
    ['{}', 'InvalidParameterException'],
    ['', 'InvalidParameterException'],
    ['{"logGroupName":"x","limit":0}', 'InvalidParameterException'],
  ] as const) {
    test(`${body || 'an empty body'} is ${name}`, async () => {
      const { statusCode, json } = await call(
        { FilterLogEvents: () => assert.fail('called') },
        'FilterLogEvents',
        body,
      );
      assert.equal(statusCode, 400);
      assert.equal(json['__type'], name);
    });
  }

  for (const [method, target] of [
    ['GET', 'Logs_20140328.FilterLogEvents'],
    ['POST', 'Logs_20140328.Nonsense'],
    ['POST', 'Logs_20140328.constructor'],
    ['POST', 'Other.FilterLogEvents'],
    ['POST', 'Logs_20140328'],
    ['POST', ''],
    ['POST', undefined],
  ] as const) {
    test(`${method} with target ${target} is no operation`, () => {
      const service = serve({});
      const routed = service.route({
        method,
        rawPath: '/',
        rawQuery: '',
        headers: { 'x-amz-target': target },
      });
      assert.ok(routed.kind === 'refused');
      assert.equal(service.encodeError(routed.error, 'r').statusCode, 400);
    });
  }

  test('dates and bytes travel as epoch seconds and base64', async () => {
    const output = { at: new Date(1500), bytes: Buffer.from('a'), none: undefined, list: [new Date(0)] };
    const { json } = await call(
      { FilterLogEvents: async () => output },
      'FilterLogEvents',
      '{"logGroupName":"x"}',
    );
    assert.deepEqual(json, { at: 1.5, bytes: 'YQ==', list: [0] });
  });

  test('a handler for what is no operation is refused at once', () => {
    assert.throws(() => serve({ DoEverything: async () => ({}) }), /DoEverything/);
  });
});
