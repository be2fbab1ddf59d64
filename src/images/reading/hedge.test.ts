/** Second requests: only for what is slow, few of all, and the first good answer counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#platform';
import { ChunkError } from '../chunks/errors.ts';
import { hedgeLimits } from '../limits.ts';
import { Hedge } from './hedge.ts';

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface World {
  readonly clock: FakeClock;
  readonly hedge: Hedge;
  /** Requests that were made, each answered after so many milliseconds. */
  readonly asked: () => number;
  readonly ask: (...latenciesMs: readonly (number | Error)[]) => () => Promise<string>;
}

function world(): World {
  const clock = new FakeClock();
  let asked = 0;
  const ask: World['ask'] = (...latencies) => {
    const left = [...latencies];
    return async () => {
      asked += 1;
      const latency = left.shift() ?? 0;
      if (latency instanceof Error) throw latency;
      await new Promise<void>((resolve) => void clock.after(latency, resolve));
      return `after ${latency}`;
    };
  };
  return { clock, hedge: new Hedge(clock), asked: () => asked, ask };
}

/** Answers of 10 ms, each waited for. */
async function usual({ clock, hedge, ask }: World, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const answer = hedge.run(ask(10));
    clock.advance(10);
    await answer;
    await settled();
  }
}

test('an answer that comes as soon as most do is asked for once', async () => {
  const here = world();
  await usual(here, 100);
  assert.equal(here.asked(), 100);
  assert.deepEqual(here.hedge.counts, { hedged: 0, won: 0 });
  assert.equal(here.clock.timers, 0);
});

test('a slow one is asked for again, and whichever answers first counts', async () => {
  const here = world();
  await usual(here, 64);
  for (const [latencies, expected] of [
    [[5000, 20], 'after 20'],
    [[40, 5000], 'after 40'],
  ] as const) {
    const answer = here.hedge.run(here.ask(...latencies));
    here.clock.advance(13);
    await settled();
    here.clock.advance(30);
    assert.equal(await answer, expected);
  }
  assert.deepEqual(here.hedge.counts, { hedged: 2, won: 1 });
});

test('a failure while the other is still asked is no failure; both failing is', async () => {
  const here = world();
  await usual(here, 64);
  const saved = here.hedge.run(here.ask(50, new Error('reset')));
  here.clock.advance(13);
  await settled();
  here.clock.advance(50);
  assert.equal(await saved, 'after 50');
  await assert.rejects(here.hedge.run(here.ask(new Error('gone'))), /gone/);
});

test('when all are slow, few are asked for twice', async () => {
  const here = world();
  await usual(here, 64);
  const before = here.asked();
  const answers = Array.from({ length: 400 }, async () => here.hedge.run(here.ask(300, 300)));
  here.clock.advance(100);
  await settled();
  here.clock.advance(1000);
  await Promise.all(answers);
  const extra = here.asked() - before - 400;
  assert.ok(extra > 0 && extra <= hedgeLimits.budgetMax, `${extra} second requests`);
});

test('no answer in time is an error', async () => {
  const here = world();
  const answer = here.hedge.run(here.ask(1e9, 1e9));
  here.clock.advance(hedgeLimits.answerMsMax);
  await assert.rejects(answer, (error) => error instanceof ChunkError && error.reason === 'unavailable');
});
