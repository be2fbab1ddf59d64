/** What Prometheus is shown, and to whom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenRoute } from '#wire';
import { arnOf, World } from '../fixtures/world.ts';
import { metricsRoute } from './route.ts';

const hostile = 'a"b\\c\nd';

async function answered(
  route: OpenRoute,
  headers: Readonly<Record<string, string>> = {},
  rawPath = '/metrics',
): Promise<{ readonly status: number; readonly type: string | undefined; readonly text: string }> {
  const answer = await route.serve(
    { method: 'GET', rawPath, rawQuery: '', headers },
    'r',
    new AbortController().signal,
  );
  if (answer.kind === 'refused') return { status: 404, type: undefined, text: answer.error.message };
  const { body } = answer;
  assert.ok(body instanceof Uint8Array);
  return {
    status: answer.statusCode,
    type: answer.headers['content-type'],
    text: Buffer.from(body).toString(),
  };
}

const openRoute = (world: World): OpenRoute =>
  metricsRoute({ metrics: world.metrics, gauges: () => [], token: undefined });

test('what was recorded is shown at once, and only grows', async () => {
  const world = await World.open();
  const route = openRoute(world);
  for (const durationMs of [0.5, 3, 900])
    world.invoke(arnOf('f'), '$LATEST', { durationMs, fails: durationMs > 800 });
  for (const expected of [3, 4]) {
    const { text } = await answered(route);
    assert.match(text, new RegExp(`^lambkin_invocations_total\\{function_name="f"\\} ${expected}$`, 'm'));
    assert.match(
      text,
      new RegExp(`^lambkin_duration_seconds_count\\{function_name="f"\\} ${expected}$`, 'm'),
    );
    world.invoke(arnOf('f'), '$LATEST', { durationMs: 3 });
    await world.pass(1);
  }
  const { text } = await answered(route);
  assert.match(text, /^lambkin_errors_total\{function_name="f"\} 1$/m);
  assert.match(text, /^lambkin_duration_seconds_bucket\{function_name="f",le="0.001"\} 1$/m);
  assert.match(text, /^lambkin_duration_seconds_bucket\{function_name="f",le="0.004"\} 4$/m);
  assert.match(text, /^lambkin_duration_seconds_bucket\{function_name="f",le="0.512"\} 4$/m);
  assert.match(text, /^lambkin_duration_seconds_bucket\{function_name="f",le="1.024"\} 5$/m);
  assert.match(text, /^lambkin_duration_seconds_bucket\{function_name="f",le="\+Inf"\} 5$/m);
});

test('buckets never shrink from one bound to the next', async () => {
  const world = await World.open();
  for (let durationMs = 0.001; durationMs < 2_000_000; durationMs *= 1.7) {
    world.invoke(arnOf('f'), '$LATEST', { durationMs });
  }
  const { text } = await answered(openRoute(world));
  const counts = [...text.matchAll(/^lambkin_duration_seconds_bucket\{.*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
  assert.equal(counts.length, 22);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => a - b),
  );
});

test('both formats, by what is accepted', async () => {
  const world = await World.open();
  world.invoke(arnOf('f'));
  const route = openRoute(world);
  for (const [accept, type] of [
    ['', 'text/plain; version=0.0.4; charset=utf-8'],
    ['text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text;q=0,text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ],
  ] as const) {
    const shown = await answered(route, { accept });
    assert.equal(shown.type, type, accept);
    assert.match(shown.text, /^lambkin_invocations_total\{function_name="f"\} 1$/m);
  }
  const { text } = await answered(route, { accept: 'application/openmetrics-text' });
  assert.match(text, /^# TYPE lambkin_invocations counter$/m);
  assert.ok(text.endsWith('# EOF\n'));
});

test('labels cannot break out of their quotes', async () => {
  const world = await World.open();
  world.metrics.recorder.ofFunction(hostile).add('AsyncEventsReceived', 1);
  const { text } = await answered(openRoute(world));
  assert.ok(text.includes('function_name="a\\"b\\\\c\\nd"'), text.slice(0, 2000));
});

test('functions beyond the bound share a label', async () => {
  const world = await World.open();
  for (let each = 0; each < 1_010; each += 1) world.invoke(arnOf(`f${each}`));
  const { text } = await answered(openRoute(world));
  assert.equal([...text.matchAll(/^lambkin_invocations_total\{/gm)].length, 1_001);
  assert.match(text, /^lambkin_invocations_total\{function_name="_others"\} 10$/m);
});

test('without the token nothing is shown', async () => {
  const world = await World.open();
  world.invoke(arnOf('secret'));
  const route = metricsRoute({ metrics: world.metrics, gauges: () => [], token: 'sesame' });
  for (const authorization of [
    '',
    'Bearer',
    'Bearer sesam',
    'Bearer sesamee',
    'Basic sesame',
    'sesame',
    'Bearer sesame x',
  ]) {
    const shown = await answered(route, { authorization });
    assert.equal(shown.status, 401, authorization);
    assert.doesNotMatch(shown.text, /secret/);
  }
  for (const authorization of ['Bearer sesame', 'bearer sesame']) {
    const shown = await answered(route, { authorization });
    assert.equal(shown.status, 200);
    assert.match(shown.text, /secret/);
  }
  for (const path of ['/metricsx', '/metrics/', '/metrics/x', '/metrics%00']) {
    assert.equal((await answered(route, { authorization: 'Bearer sesame' }, path)).status, 404);
  }
});

test('gauges are shown as they stand', async () => {
  const world = await World.open();
  const gauges = [
    {
      name: 'lambkin_depth',
      help: 'How deep.',
      type: 'gauge',
      samples: [{ labels: { shard: 'a' }, value: 7 }],
    },
  ] as const;
  const route = metricsRoute({ metrics: world.metrics, gauges: () => gauges, token: undefined });
  assert.match((await answered(route)).text, /^# TYPE lambkin_depth gauge\nlambkin_depth\{shard="a"\} 7$/m);
});
