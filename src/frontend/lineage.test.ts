/** Loops of invokes, found by what the trace header carries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { lineageFunctionsMax, loopInvokesMax } from './limits.ts';
import { chained, type Chained } from './lineage.ts';

const root = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0';

function on(chain: Chained): string {
  assert.equal(chain.kind, 'goes-on');
  return chain.kind === 'goes-on' ? chain.trace : '';
}

/** How many invokes run of functions that call each other in this order over and over, before one is stopped. */
function invokesUntilStopped(order: readonly string[], max = 10_000): number {
  let trace = root;
  for (let invokes = 0; invokes < max; invokes++) {
    const chain = chained(trace, order[invokes % order.length] ?? '', 'Terminate');
    if (chain.kind === 'loops') return invokes;
    trace = chain.trace;
  }
  return max;
}

const hash = (number: number): string => number.toString(16).padStart(8, '0');

test('the first invoke of a chain is counted, and the rest of the header stays', () => {
  assert.equal(on(chained(root, 'a87bd80c', 'Terminate')), `${root};Lineage=1:a87bd80c:0`);
  assert.equal(on(chained(`${root};`, 'a87bd80c', 'Terminate')), `${root};Lineage=1:a87bd80c:0`);
});

test('a function that invokes itself runs 16 times', () => {
  assert.equal(invokesUntilStopped(['a87bd80c']), 16);
});

test('functions that invoke each other run 16 times each', () => {
  assert.equal(invokesUntilStopped(['a87bd80c', '68fd508a']), 32);
  assert.equal(invokesUntilStopped(['a87bd80c', '68fd508a', 'c512fbe3']), 48);
});

test('a loop of as many functions as are told apart is found, also behind others that ran once', () => {
  const loop = Array.from({ length: lineageFunctionsMax }, (_, index) => hash(index));
  assert.equal(invokesUntilStopped(loop), loopInvokesMax * lineageFunctionsMax);
  let trace = root;
  for (let index = 0; index < 100; index++) trace = on(chained(trace, hash(1_000 + index), 'Terminate'));
  for (let index = 0; index < 2 * 16; index++) {
    trace = on(chained(trace, hash(index % 2), 'Terminate'));
  }
  assert.equal(chained(trace, hash(0), 'Terminate').kind, 'loops');
});

test('a function that may loop goes on, and the others of its chain are still counted', () => {
  let trace = root;
  for (let round = 0; round < 16; round++) {
    trace = on(chained(trace, 'aaaaaaaa', 'Allow'));
    trace = on(chained(trace, 'bbbbbbbb', 'Terminate'));
  }
  trace = on(chained(trace, 'aaaaaaaa', 'Allow'));
  assert.equal(chained(trace, 'bbbbbbbb', 'Terminate').kind, 'loops');
  for (let round = 0; round < 2_000; round++) trace = on(chained(trace, 'aaaaaaaa', 'Allow'));
  assert.ok(trace.length < 200, trace);
});

test("AWS's older form is read, and names of other parts are not mistaken", () => {
  const trace = `Lineage=a87bd80c:15|68fd508a:5;${root};XLineage=1:c512fbe3:15`;
  assert.equal(chained(trace, 'a87bd80c', 'Terminate').kind, 'loops');
  assert.equal(
    on(chained(trace, 'c512fbe3', 'Terminate')),
    `${root};XLineage=1:c512fbe3:15;Lineage=1:a87bd80c:15|1:68fd508a:5|1:c512fbe3:0`,
  );
});

test('whatever stands in a lineage, the answer is a lineage of bounded length that counts the function', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 1_000 }),
    fc
      .array(fc.tuple(fc.nat(40), fc.integer({ min: -5, max: 2_000 })), { maxLength: 60 })
      .map((links) => links.map(([number, count]) => `1:${hash(number)}:${count}`).join('|')),
  );
  fc.assert(
    fc.property(text, fc.nat(40), (lineage, number) => {
      const sent = `${root};Lineage=${lineage.replaceAll(';', '')}`;
      const trace = on(chained(sent, hash(number), 'Allow'));
      const found = /;Lineage=([^;]*)$/.exec(trace)?.[1] ?? '';
      const links = found.split('|');
      assert.ok(links.length <= lineageFunctionsMax);
      for (const link of links) assert.match(link, /^1:[0-9a-f]{8}:[0-9]{1,3}$/);
      assert.equal(links.at(-1)?.slice(2, 10), hash(number));
      assert.equal(new Set(links.map((link) => link.slice(2, 10))).size, links.length);
    }),
  );
});
