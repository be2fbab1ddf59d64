/**
 * Event invokes as their clients meet them. What ran is read from the functions' logs. On a target of its own the role must allow
 * `lambda:InvokeFunction` for the tests of destinations; on Lambkin the tests make such a role.
 */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateAliasCommand,
  InvokeAsyncCommand,
  InvokeCommand,
  type InvokeCommandOutput,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../../archive.ts';
import { createRole } from '../../role.ts';
import { openTarget, type Target } from '../../target.ts';

/** Says what it got, and fails if it is told to. */
const source = `
export const handler = async (event, context) => {
  console.log('GOT ' + JSON.stringify({ event, requestId: context.awsRequestId, version: context.functionVersion, client: context.clientContext }) + ' END');
  if (event.fail) throw new Error(event.fail);
  return { echoed: event };
};
`;

interface Got {
  readonly event: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly version: string;
  readonly client?: unknown;
}

const ours = process.env['LAMBKIN_TEST_ENDPOINT'] === undefined;
const patienceMs = ours ? 20_000 : 120_000;
let target: Target;
let role: string;
let logs: CloudWatchLogsClient;
before(async () => {
  target = await openTarget();
  const { region, credentials, endpoint } = target;
  logs = new CloudWatchLogsClient({ region, credentials, ...(ours && { endpoint }) });
  role = ours ? await createRole(target, ['lambda:InvokeFunction', 'logs:*']) : target.role;
});
after(async () => {
  logs.destroy();
  await target.close();
});

const create = async (): Promise<string> =>
  target.createFunction({ Role: role, Code: { ZipFile: await archive({ 'index.mjs': source }) } });

const arnOf = (name: string): string =>
  `arn:aws:lambda:${target.region}:${target.accountId}:function:${name}`;

const send = (FunctionName: string, payload: unknown, Qualifier?: string): Promise<InvokeCommandOutput> =>
  target.client.send(
    new InvokeCommand({ FunctionName, Qualifier, InvocationType: 'Event', Payload: JSON.stringify(payload) }),
  );

/** What the function got so far. */
async function got(name: string): Promise<readonly Got[]> {
  const { events = [] } = await logs
    .send(new FilterLogEventsCommand({ logGroupName: `/aws/lambda/${name}`, filterPattern: 'GOT' }))
    .catch(() => ({ events: [] }));
  return events.flatMap(({ message = '' }) => {
    const text = /GOT (.*) END/.exec(message)?.[1];
    return text === undefined ? [] : [JSON.parse(text) as Got];
  });
}

async function gotAtLeast(name: string, count: number): Promise<readonly Got[]> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const all = await got(name);
    if (all.length >= count) return all;
    assert.ok(Date.now() < endMs, `${name} got ${all.length} of ${count} events`);
    await sleep(50);
  }
}

test('an event is answered with 202 and nothing else, and runs under its request id', async () => {
  const name = await create();
  const answer = await send(name, { x: 1 });
  assert.equal(answer.StatusCode, 202);
  assert.equal(answer.Payload?.length ?? 0, 0);
  assert.deepEqual(
    [answer.FunctionError, answer.ExecutedVersion, answer.LogResult],
    [undefined, undefined, undefined],
  );
  const [one] = await gotAtLeast(name, 1);
  assert.deepEqual([one?.event, one?.requestId], [{ x: 1 }, answer.$metadata.requestId]);
});

test('InvokeAsync does the same', async () => {
  const name = await create();
  const { Status } = await target.client.send(
    new InvokeAsyncCommand({ FunctionName: name, InvokeArgs: '{"async":true}' }),
  );
  assert.equal(Status, 202);
  assert.deepEqual((await gotAtLeast(name, 1))[0]?.event, { async: true });
});

test('the client context reaches the function, and an empty payload is an empty object', async () => {
  const name = await create();
  const ClientContext = Buffer.from('{"custom":{"a":"b"}}').toString('base64');
  await target.client.send(
    new InvokeCommand({ FunctionName: name, InvocationType: 'Event', ClientContext, LogType: 'Tail' }),
  );
  const [one] = await gotAtLeast(name, 1);
  assert.deepEqual(one?.event, {});
  assert.match(JSON.stringify(one?.client), /"a":"b"/);
});

test('what is no JSON is refused before anything is queued', async () => {
  const name = await create();
  for (const Payload of ['{', 'plain', '{"a":1} x']) {
    await assert.rejects(
      target.client.send(new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload })),
      { name: 'InvalidRequestContentException', message: /^Could not parse request body into json/ },
    );
  }
  await assert.rejects(target.client.send(new InvokeAsyncCommand({ FunctionName: name, InvokeArgs: '{' })), {
    name: 'InvalidRequestContentException',
  });
  assert.deepEqual(await got(name), []);
});

const payload = (bytes: number): string => `"${'x'.repeat(bytes - 2)}"`;

test('an event has at most 1 MB', async () => {
  const name = await create();
  const invoke = (Payload: string): Promise<InvokeCommandOutput> =>
    target.client.send(new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload }));
  assert.equal((await invoke(payload(1024 * 1024))).StatusCode, 202);
  await assert.rejects(
    invoke(payload(1024 * 1024 + 1)),
    (error: Error & { $metadata?: { httpStatusCode?: number } }) => {
      assert.equal(error.$metadata?.httpStatusCode, 413);
      assert.match(
        error.message,
        /^\d{7} byte payload is too large for the Event invocation type \(limit 1048576 bytes\)$/,
      );
      return true;
    },
  );
});

test('a function or qualifier that is not there is said at once', async () => {
  const name = await create();
  const notFound = { name: 'ResourceNotFoundException' };
  await assert.rejects(send(target.name(), {}), notFound);
  await assert.rejects(send(name, {}, '7'), notFound);
  await assert.rejects(send(name, {}, 'nobody'), notFound);
});

test('the record of a success goes to its destination, in AWS’s form', async () => {
  const [name, destination] = [await create(), await create()];
  await target.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      DestinationConfig: { OnSuccess: { Destination: arnOf(destination) } },
    }),
  );
  const { $metadata } = await send(name, { x: 2 });
  const [record] = await gotAtLeast(destination, 1);
  const { timestamp, ...rest } = record?.event ?? {};
  assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    version: '1.0',
    requestContext: {
      requestId: $metadata.requestId,
      functionArn: `${arnOf(name)}:$LATEST`,
      condition: 'Success',
      approximateInvokeCount: 1,
    },
    requestPayload: { x: 2 },
    responseContext: { statusCode: 200, executedVersion: '$LATEST' },
    responsePayload: { echoed: { x: 2 } },
  });
});

test('the configuration of an alias holds for its events, and that of the function for its own', async () => {
  const [name, destination] = [await create(), await create()];
  await target.client.send(new PublishVersionCommand({ FunctionName: name }));
  await target.client.send(
    new CreateAliasCommand({ FunctionName: name, Name: 'live', FunctionVersion: '1' }),
  );
  await target.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      Qualifier: 'live',
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: arnOf(destination) } },
    }),
  );
  await send(name, { fail: 'latest' });
  await send(name, { fail: 'because' }, 'live');
  const records = await gotAtLeast(destination, 1);
  assert.equal(records.length, 1);
  const event = records[0]?.event as {
    readonly requestContext: Readonly<Record<string, unknown>>;
    readonly responseContext: unknown;
    readonly responsePayload: Readonly<Record<string, unknown>>;
  };
  const { functionArn, condition, approximateInvokeCount } = event.requestContext;
  assert.deepEqual(
    [functionArn, condition, approximateInvokeCount],
    [`${arnOf(name)}:live`, 'RetriesExhausted', 1],
  );
  assert.deepEqual(event.responseContext, {
    statusCode: 200,
    executedVersion: '1',
    functionError: 'Unhandled',
  });
  assert.equal(event.responsePayload['errorMessage'], 'because');
  assert.deepEqual((await gotAtLeast(name, 2)).map(({ version }) => version).toSorted(), ['$LATEST', '1']);
});

test('with nothing reserved, events are accepted and go to the destination of failures untried', async () => {
  const [name, destination] = [await create(), await create()];
  await target.client.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      DestinationConfig: { OnFailure: { Destination: arnOf(destination) } },
    }),
  );
  await target.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 0 }),
  );
  assert.equal((await send(name, { x: 3 })).StatusCode, 202);
  const [record] = await gotAtLeast(destination, 1);
  assert.match(JSON.stringify(record?.event['requestContext']), /"condition":"ZeroReservedConcurrency"/);
  assert.deepEqual(await got(name), []);
});

test('a throttled event waits and runs when there is room', async () => {
  const name = await target.createFunction({
    Role: role,
    Timeout: 30,
    Code: {
      ZipFile: await archive({
        'index.mjs': source.replace(
          'if (event.fail)',
          'await new Promise((r) => setTimeout(r, event.ms ?? 0));\n  if (event.fail)',
        ),
      }),
    },
  });
  await target.client.send(
    new PutFunctionConcurrencyCommand({ FunctionName: name, ReservedConcurrentExecutions: 1 }),
  );
  const blocking = target.client.send(new InvokeCommand({ FunctionName: name, Payload: '{"ms":1500}' }));
  await gotAtLeast(name, 1);
  await send(name, { second: true });
  await blocking;
  const [, second] = await gotAtLeast(name, 2);
  assert.deepEqual(second?.event, { second: true });
});
