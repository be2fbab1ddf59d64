/** CloudWatch on the wire: the same in all three protocols, and what each of them refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { cbor, tag } from '@smithy/core/cbor';
import { type Service, WireError, type WireResponse } from '#wire';
import { context } from '#wire/fixtures';
import { arnOf, World } from '../fixtures/world.ts';
import { metricsService } from './service.ts';

const beganSeconds = 1_767_225_600;

const authorize = (operation: string): void => {
  if (operation === 'ListMetrics') throw new WireError('AccessDeniedException', 'You may not.');
};

async function opened(): Promise<{ readonly world: World; readonly service: Service }> {
  const world = await World.open();
  return { world, service: metricsService(world.handlers, assert.fail, authorize) };
}

const protocols = ['cbor', 'json', 'query'] as const;
type Protocol = (typeof protocols)[number];

/** Input and output as plain values, times as epoch seconds. */
async function call(
  service: Service,
  protocol: Protocol,
  operation: string,
  input: object,
  form: Readonly<Record<string, string>>,
  compressed = false,
): Promise<{
  readonly response: WireResponse;
  readonly text: string;
  readonly body: Record<string, unknown>;
}> {
  const plain = {
    cbor: () => cbor.serialize(JSON.parse(JSON.stringify(input), revived)),
    json: () => Buffer.from(JSON.stringify(input)),
    query: () =>
      Buffer.from(new URLSearchParams({ Action: operation, Version: '2010-08-01', ...form }).toString()),
  }[protocol]();
  const headers = {
    cbor: { 'smithy-protocol': 'rpc-v2-cbor', 'content-type': 'application/cbor' },
    json: { 'x-amz-target': `GraniteServiceVersion20100801.${operation}` },
    query: {},
  }[protocol];
  const routed = service.route({
    method: 'POST',
    rawPath: protocol === 'cbor' ? `/service/GraniteServiceVersion20100801/operation/${operation}` : '/',
    rawQuery: '',
    headers: { ...headers, ...(compressed && { 'content-encoding': 'gzip' }) },
  });
  assert.ok(routed.kind === 'operation');
  const response = await routed.call(compressed ? gzipSync(plain) : plain, context);
  const bytes = response.body ?? new Uint8Array(0);
  const text = protocol === 'cbor' ? '' : Buffer.from(bytes).toString();
  const body = (
    protocol === 'cbor' ? cbor.deserialize(bytes) : protocol === 'json' ? JSON.parse(text) : {}
  ) as Record<string, unknown>;
  return { response, text, body };
}

const revived = (key: string, value: unknown): unknown =>
  key.endsWith('Time') && typeof value === 'number' ? tag({ tag: 1, value }) : value;

const asked = {
  Namespace: 'AWS/Lambda',
  MetricName: 'Invocations',
  Dimensions: [{ Name: 'FunctionName', Value: 'f' }],
  StartTime: beganSeconds - 300,
  EndTime: beganSeconds + 300,
  Period: 600,
  Statistics: ['Sum'],
};
const askedForm = {
  Namespace: 'AWS/Lambda',
  MetricName: 'Invocations',
  'Dimensions.member.1.Name': 'FunctionName',
  'Dimensions.member.1.Value': 'f',
  StartTime: new Date((beganSeconds - 300) * 1000).toISOString(),
  EndTime: new Date((beganSeconds + 300) * 1000).toISOString(),
  Period: '600',
  'Statistics.member.1': 'Sum',
};

for (const protocol of protocols) {
  for (const compressed of [false, true]) {
    test(`${protocol}${compressed ? ', compressed' : ''}: a question and its answer`, async () => {
      const { world, service } = await opened();
      for (let each = 0; each < 3; each += 1) world.invoke(arnOf('f'));
      const { response, text, body } = await call(
        service,
        protocol,
        'GetMetricStatistics',
        asked,
        askedForm,
        compressed,
      );
      assert.equal(response.statusCode, 200);
      if (protocol === 'query') {
        assert.match(
          text,
          /<Datapoints><member><Timestamp>2025-12-31T23:55:00Z<\/Timestamp><Sum>3<\/Sum><Unit>Count<\/Unit><\/member><\/Datapoints>/,
        );
        return;
      }
      const [point] = body['Datapoints'] as readonly Record<string, unknown>[];
      assert.deepEqual([point?.['Sum'], point?.['Unit']], [3, 'Count']);
      const at = point?.['Timestamp'];
      assert.equal(typeof at === 'object' ? (at as { value: number }).value : at, beganSeconds - 300);
    });
  }

  test(`${protocol}: refusals have the names that clients know`, async () => {
    const { service } = await opened();
    const codeOf = async (
      operation: string,
      input: object,
      form: Record<string, string>,
    ): Promise<string> => {
      const { response, text } = await call(service, protocol, operation, input, form);
      return (
        response.headers['x-amzn-query-error']?.split(';')[0] ??
        /<Code>(.*)<\/Code>/.exec(text)?.[1] ??
        String(response.statusCode)
      );
    };
    const { Period: _, ...withoutPeriod } = asked;
    const { Period: __, ...formWithoutPeriod } = askedForm;
    assert.equal(await codeOf('GetMetricStatistics', withoutPeriod, formWithoutPeriod), 'ValidationError');
    assert.equal(
      await codeOf(
        'GetMetricStatistics',
        { ...asked, EndTime: asked.StartTime },
        { ...askedForm, EndTime: askedForm.StartTime },
      ),
      'InvalidParameterValue',
    );
    assert.equal(await codeOf('PutMetricData', { Namespace: 'x' }, { Namespace: 'x' }), 'MissingParameter');
    assert.equal(await codeOf('ListMetrics', {}, {}), 'AccessDenied');
    assert.equal(await codeOf('PutMetricAlarm', {}, {}), 'NotImplementedException');
  });
}

test('an operation that CloudWatch does not have is none, in each protocol', async () => {
  const { service } = await opened();
  for (const headers of [
    { 'smithy-protocol': 'rpc-v2-cbor' },
    { 'x-amz-target': 'GraniteServiceVersion20100801.Dream' },
  ]) {
    const request = {
      method: 'POST',
      rawPath: '/service/GraniteServiceVersion20100801/operation/Dream',
      rawQuery: '',
      headers,
    };
    const routed = service.route(request);
    assert.ok(routed.kind === 'refused' && routed.error.errorName === 'UnknownOperationException');
  }
  const { text } = await call(service, 'query', 'Dream', {}, {});
  assert.match(text, /<Code>InvalidAction<\/Code>/);
});

test('500 queries fit into a form', async () => {
  const { service } = await opened();
  const queries = Array.from({ length: 500 }, (_, index) => {
    const path = `MetricDataQueries.member.${index + 1}`;
    const metric = `${path}.MetricStat.Metric`;
    return [
      [`${path}.Id`, `q${index}`],
      [`${metric}.Namespace`, 'AWS/Lambda'],
      [`${metric}.MetricName`, 'Errors'],
      ...[1, 2, 3].flatMap((each) => [
        [`${metric}.Dimensions.member.${each}.Name`, `n${each}`],
        [`${metric}.Dimensions.member.${each}.Value`, 'v'],
      ]),
      [`${path}.MetricStat.Period`, '60'],
      [`${path}.MetricStat.Stat`, 'Sum'],
    ];
  }).flat() as [string, string][];
  const { StartTime, EndTime } = askedForm;
  const form = { ...Object.fromEntries(queries), StartTime, EndTime };
  const { response, text } = await call(service, 'query', 'GetMetricData', {}, form);
  assert.equal(response.statusCode, 200, text.slice(0, 300));
  assert.equal(text.match(/<StatusCode>Complete/g)?.length, 500);
});
