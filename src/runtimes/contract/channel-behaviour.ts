/** What bootstraps do alike, whatever their language, whose functions wait for events in the process's first thread. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Launch } from '../catalogue.ts';
import { BootstrapHost } from './bootstrap-host.ts';
import type { RunningFunction } from './running-function.ts';

/** Functions in that language; their handler is called `handler`. */
export interface Functions {
  readonly start: (code: string) => Promise<RunningFunction>;
  /** Answers its event. */
  readonly echo: string;
  /** Leaves a thread that sleeps for long, and answers its event. */
  readonly background: string;
  /**
   * Four threads write 200 lines of 300 times `x` each; then a forked child writes `from the child` and ends, whose exit code is the answer; then another
   * child returns from the handler.
   */
  readonly threads: string;
}

export function channelBehaviour(launch: Launch, { start, echo, background, threads }: Functions): void {
  test('threads log whole events, and forked children do not disturb the channel', async () => {
    await using run = await start(threads);
    assert.equal((await run.host.invoke('{}')).text, '0');
    assert.equal((await run.host.invoke('{}')).text, '0');
    assert.equal(run.host.logs.filter(({ text }) => text === 'x'.repeat(300)).length, 1600);
    run.host.hangUp();
    await run.host.exited;
    assert.match(run.host.stdout, /from the child/);
  });

  test('large payloads arrive whole', async () => {
    await using run = await start(echo);
    const event = { text: 'ä€😀'.repeat(300_000) };
    assert.deepEqual(await run.parsed(JSON.stringify(event)), event);
    assert.equal((await run.host.invoke('1')).text, '1');
  });

  test('the end of the channel ends the process, also with threads of the function', async () => {
    await using run = await start(background);
    await run.host.invoke('{}');
    run.host.hangUp();
    assert.deepEqual(await run.host.exited, { code: 0, signal: null });
  });

  test('a frame out of turn ends the process', async () => {
    await using host = new BootstrapHost(launch);
    host.write(Buffer.from([0, 0, 0, 1, 4]));
    assert.equal((await host.exited).code, 1);
  });
}
