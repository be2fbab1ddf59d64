/** Log lines to the letter, lines cut out of bytes, and the tail that callers get. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '#platform';
import type { LogEvent } from '#logs';
import { EnvironmentLog } from './environment-log.ts';
import { LineSplitter } from './line-splitter.ts';
import { endLine, initReportLine, logStreamName, reportLine, startLine, timeoutLine } from './lines.ts';

const mebibyte = 1024 * 1024;

test('the platform’s lines are as AWS writes them', () => {
  assert.equal(startLine('r', '$LATEST'), 'START RequestId: r Version: $LATEST\n');
  assert.equal(endLine('r'), 'END RequestId: r\n');
  const report = {
    requestId: 'r',
    durationMs: 12.344,
    initMs: undefined,
    memoryMb: 128,
    memoryUsedBytes: 63.2 * mebibyte,
    status: undefined,
  };
  assert.equal(
    reportLine(report),
    'REPORT RequestId: r\tDuration: 12.34 ms\tBilled Duration: 13 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB\t\n',
  );
  assert.equal(
    reportLine({ ...report, initMs: 150.12, memoryUsedBytes: 500 * mebibyte, status: { kind: 'timeout' } }),
    'REPORT RequestId: r\tDuration: 12.34 ms\tBilled Duration: 163 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tInit Duration: 150.12 ms\tStatus: timeout\n',
  );
  assert.match(
    reportLine({ ...report, durationMs: 1_000.000_000_2 }),
    /Duration: 1000\.00 ms\tBilled Duration: 1000 ms/,
  );
  assert.match(reportLine({ ...report, durationMs: 69.45, initMs: 54.55 }), /Billed Duration: 124 ms/);
  assert.match(reportLine({ ...report, durationMs: 0.004 }), /Duration: 0\.00 ms\tBilled Duration: 1 ms/);
  assert.equal(
    initReportLine(229.04, 'init', { kind: 'error', errorType: 'Runtime.ImportModuleError' }),
    'INIT_REPORT Init Duration: 229.04 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n',
  );
  assert.equal(
    timeoutLine('2026-01-01T00:00:00.000Z', 'r', 3_000),
    '2026-01-01T00:00:00.000Z r Task timed out after 3.00 seconds\n\n',
  );
  assert.equal(logStreamName(1_767_225_600_000, '7', 'ab'), '2026/01/01/[7]ab');
});

test('lines come out whole however the bytes are cut, and long ones in pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('a', ' ', 'ü', '€', '😀', '\r'), maxLength: 12 }), {
        maxLength: 6,
      }),
      fc.integer({ min: 1, max: 20 }),
      (texts, size) => {
        const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
        const lines: string[] = [];
        const splitter = new LineSplitter(1_000, (line) => lines.push(line));
        for (let at = 0; at < bytes.length; at += size) splitter.push(bytes.subarray(at, at + size));
        splitter.flush();
        assert.equal(lines.length, texts.length);
        assert.equal(lines.join(''), bytes.toString());
      },
    ),
  );
  const pieces: string[] = [];
  const splitter = new LineSplitter(4, (line) => pieces.push(line));
  splitter.push(Buffer.from('abcdefghij\nk'));
  splitter.flush();
  assert.deepEqual(pieces, ['abcd', 'efgh', 'ij\n', 'k']);
});

function logOf(clock: FakeClock): { log: EnvironmentLog; batches: (readonly LogEvent[])[] } {
  const batches: (readonly LogEvent[])[] = [];
  const sink = {
    write: (_group: string, _stream: string, events: readonly LogEvent[]) => void batches.push(events),
  };
  return { log: new EnvironmentLog(sink, 'g', 's', clock), batches };
}

test('events are handed on in batches, and none waits long', () => {
  const clock = new FakeClock();
  const { log, batches } = logOf(clock);
  log.write('one');
  log.write('two\n');
  assert.equal(batches.length, 0);
  clock.advance(20);
  assert.deepEqual(
    batches.flat().map((event) => event.message),
    ['one\n', 'two\n'],
  );
  for (let index = 0; index < 1_000; index += 1) log.write('x');
  assert.ok(batches.length >= 4);
  log.flush();
  clock.advance(1_000);
  assert.equal(batches.flat().length, 1_002);
  assert.equal(clock.timers, 0);
});

test('the tail is the last 4,096 bytes since it was asked for', () => {
  const { log } = logOf(new FakeClock());
  log.write('before');
  assert.equal(log.takeTail(), undefined);
  log.startTail();
  const text = Array.from({ length: 500 }, (_, index) => `line ${index} ü\n`);
  for (const line of text) log.write(line);
  const tail = log.takeTail();
  assert.deepEqual(Buffer.from(tail ?? []), Buffer.from(text.join('')).subarray(-4_096));
  log.startTail();
  log.write('short');
  assert.equal(Buffer.from(log.takeTail() ?? []).toString(), 'short\n');
});
