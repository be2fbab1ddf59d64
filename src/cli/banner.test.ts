/** What people read when Lambkin starts, looks around, and when a function fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { banner, runtimesLine } from './banner.ts';
import type { Paint } from './banner.ts';
import { doctorReport } from './doctor.ts';
import { limitIn } from './doctor-findings.ts';
import { functionFailure } from './invoke.ts';
import { logGroup, Seen } from './logs.ts';

const plain: Paint = (_style, text) => text;

test('the banner says where it is, what the isolation means, and what to do next', () => {
  const text = banner(
    {
      endpoint: 'http://127.0.0.1:9000',
      dataDirectory: '/tmp/x',
      accountId: '000000000000',
      region: 'us-east-1',
      isolation: { kind: 'process', weakerBecause: 'runc is not installed' },
      readyMs: 812.4,
    },
    '0.1.0',
    'npx lambkin env',
    plain,
  );
  for (const part of [
    'http://127.0.0.1:9000',
    '/tmp/x',
    '000000000000, us-east-1',
    'development only',
    'No containers here: runc is not installed.',
    '812 ms',
    'eval "$(npx lambkin env)"',
  ]) {
    assert.ok(text.includes(part), part);
  }
});

test('runtimes are named by what they need', () => {
  const line = runtimesLine(
    [
      { runtime: 'nodejs24.x', availability: { kind: 'ready' } },
      { runtime: 'nodejs22.x', availability: { kind: 'installable' } },
      { runtime: 'python3.14', availability: { kind: 'missing' } },
    ],
    plain,
  );
  assert.match(line, /Runtimes +nodejs24\.x \(on demand: nodejs22\.x\)/);
});

test('the report groups findings, and says what to do', () => {
  const text = doctorReport(
    [
      { area: 'Host', name: 'Node', status: 'good', detail: '24' },
      {
        area: 'More',
        name: 'runc',
        status: 'missing',
        detail: 'not installed',
        remedy: 'apt-get install runc',
      },
      { area: 'More', name: 'nodejs22.x', status: 'available', detail: 'comes when asked for' },
    ],
    { kind: 'process', weakerBecause: 'runc is not installed' },
    plain,
  );
  assert.match(text, /Host\n {2}✓ Node +24\n\nMore\n {2}✗ runc +not installed\n +→ apt-get install runc\n/);
  assert.match(text, / {2}\+ nodejs22\.x +comes when asked for\n/);
  assert.match(text, /Isolation "auto" picks process: .*No containers here: runc is not installed/);
});

test('limits are read as the kernel writes them', () => {
  const limits =
    'Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 4096     files\nMax processes             unlimited            unlimited     processes\n';
  assert.equal(limitIn(limits, 'Max open files'), 1_024);
  assert.equal(limitIn(limits, 'Max processes'), Number.POSITIVE_INFINITY);
  assert.equal(limitIn('', 'Max open files'), undefined);
});

test("a function's failure is told with its type, message and trace", () => {
  const payload = {
    errorType: 'TypeError',
    errorMessage: 'x is not a function',
    trace: ['TypeError: x is not a function', '    at handler (a.js:1:1)'],
  };
  assert.equal(
    functionFailure(JSON.stringify(payload)),
    'the function failed. TypeError: x is not a function\n    at handler (a.js:1:1)',
  );
  assert.equal(functionFailure('not json'), 'the function failed. it says no more');
});

test('a name becomes its log group', () => {
  assert.equal(logGroup('hello'), '/aws/lambda/hello');
  assert.equal(logGroup('hello:live'), '/aws/lambda/hello');
  assert.equal(logGroup('arn:aws:lambda:us-east-1:000000000000:function:hello'), '/aws/lambda/hello');
  assert.equal(logGroup('/my/group'), '/my/group');
});

test('an event that comes again is not new, until it is forgotten', () => {
  const seen = new Seen();
  assert.ok(seen.add({ eventId: '1', timestamp: 10 }));
  assert.ok(!seen.add({ eventId: '1', timestamp: 10 }));
  seen.forgetBefore(11);
  assert.ok(seen.add({ eventId: '1', timestamp: 10 }));
});
