/** What a handler leaves behind when it answers, and what happens while its process stands still, is done before the next invoke. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { TaskRoot } from '../contract/bootstrap-host.ts';
import { RunningFunction } from '../contract/running-function.ts';
import { launchable } from '../contract/runtimes-here.ts';

const versions = await launchable(['nodejs20.x', 'nodejs22.x', 'nodejs24.x', 'nodejs26.x']);

/** A few that leave nothing, so that the process has its pace. */
async function invokeCalmly(run: RunningFunction): Promise<void> {
  for (let n = 0; n < 5; n += 1) await run.host.invoke('{"calm":1}');
}

for (const [runtime, launch] of versions) {
  const start = (code: string) => RunningFunction.start(launch, 'index.js', code);
  suite(runtime, { concurrency: 4 }, () => {
    test('promises, ticks, immediates and timers that are due', async () => {
      await using run = await start(`const seen = [];
        const later = async () => { for (let n = 0; n < 20; n++) await null; seen.push('promise'); };
        exports.handler = async (event) => {
          if (event.ask) return { seen };
          if (event.calm) return null;
          void later();
          process.nextTick(() => { seen.push('tick'); Promise.resolve().then(() => process.nextTick(() => seen.push('tick of a promise'))); });
          setImmediate(() => seen.push('immediate'));
          return null;
        };`);
      await invokeCalmly(run);
      await run.host.invoke('{}');
      const { seen } = await run.parsed('{"ask":1}');
      assert.ok(Array.isArray(seen));
      assert.deepEqual(new Set(seen), new Set(['immediate', 'promise', 'tick', 'tick of a promise']));
      assert.equal(seen.length, 4);
    });

    test('what was left to the event loop goes on while invokes that need none follow', async () => {
      await using run = await start(`let fired = 0, unreffed = 0;
        setInterval(() => unreffed++, 1).unref();
        exports.handler = async (event) => {
          if (event.start) setTimeout(() => fired++, 5);
          return { fired, unreffed };
        };`);
      await invokeCalmly(run);
      await run.host.invoke('{"start":1}');
      const deadlineMs = performance.now() + 20_000;
      /** Invokes until it is so. */
      const until = async (isSo: (counts: Record<string, unknown>) => boolean): Promise<void> => {
        while (!isSo(await run.parsed())) assert.ok(performance.now() < deadlineMs, 'the event loop starves');
      };
      await until(({ fired, unreffed }) => fired === 1 && unreffed !== 0);
      const before = Number((await run.parsed())['unreffed']);
      await until(({ unreffed }) => Number(unreffed) >= before + 3);
    });

    test('a rejection that nobody handles ends the process before the next invoke', async () => {
      await using run = await start(
        `exports.handler = async (event) => { if (!event.calm) void Promise.reject(new Error('left')); return 1 }`,
      );
      await invokeCalmly(run);
      assert.equal((await run.host.invoke('{}')).kind, 'response');
      assert.deepEqual(await run.host.exited, { code: 128, signal: null });
      assert.match(run.host.logs.at(-1)?.text ?? '', /Unhandled Promise Rejection.*left/s);
    });

    for (const [name, code] of [
      ['a tick', `process.nextTick(() => { throw new Error('left') })`],
      ['a microtask', `queueMicrotask(() => { throw new Error('left') })`],
    ] as const) {
      test(`what ${name} throws ends the process, unless the function takes it`, async () => {
        const handler = `const later = async () => { for (let n = 0; n < 20; n++) await null; ${code}; };
          exports.handler = async (event) => { if (!event.calm) void later(); return 1 };`;
        await using run = await start(handler);
        await invokeCalmly(run);
        assert.equal((await run.host.invoke('{}')).kind, 'response');
        assert.deepEqual(await run.host.exited, { code: 129, signal: null });

        const taking = `process.removeAllListeners('uncaughtException').on('uncaughtException', () => {}); ${handler}`;
        await using taken = await start(taking.replace('return 1', 'return {}'));
        await invokeCalmly(taken);
        for (let n = 0; n < 3; n += 1) await taken.parsed('{}');
        await taken.parsed('{"calm":1}');
      });
    }

    test('a handler that leaves nothing does not make the event loop come round each time', async (t) => {
      await using run = await start(`const { performance } = require('node:perf_hooks');
        exports.handler = async () => ({ loops: performance.nodeTiming.uvMetricsInfo?.loopCount })`);
      const { loops } = await run.parsed();
      if (loops === undefined) return t.skip(`${runtime} does not count them`);
      const startedMs = performance.now();
      let last = 0;
      for (let n = 0; n < 200; n += 1) last = Number((await run.parsed())['loops']);
      const roundsAtMost = 2 + (performance.now() - startedMs) / 100;
      // Each time that it comes round counts one or two.
      assert.ok(last - Number(loops) <= 2 * roundsAtMost, `${last - Number(loops)} of ${roundsAtMost}`);
    });

    test('a connection that was closed while the process stood still is not used again', async () => {
      await using server = createServer(
        (request, response) => void request.resume().on('end', () => response.end()),
      );
      // It says nothing about how long it keeps a connection.
      server.keepAliveTimeout = 0;
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      assert.ok(typeof address === 'object' && address !== null);
      await using run = await start(`const http = require('node:http');
        const agent = new http.Agent({ keepAlive: true });
        exports.handler = () => new Promise((resolve) => {
          const request = http.request({ agent, port: ${address.port}, host: '127.0.0.1', method: 'POST' }, (response) =>
            response.resume().on('end', () => resolve({ reused: request.reusedSocket })));
          request.on('error', (error) => resolve({ error: String(error) }));
          request.end('x');
        })`);
      assert.deepEqual(await run.parsed(), { reused: false });
      assert.deepEqual(await run.parsed(), { reused: true });
      server.closeIdleConnections();
      await sleep(300);
      assert.deepEqual(await run.parsed(), { reused: false });
    });

    test('a handler that needs the event loop is served after a long wait', { timeout: 60_000 }, async () => {
      await using run = await start(
        `exports.handler = async (event) => { if (!event.calm) await new Promise((resolve) => setTimeout(resolve, 20)); return { calm: !!event.calm } }`,
      );
      for (let n = 0; n < 3; n += 1) {
        await invokeCalmly(run);
        await sleep(300);
        assert.deepEqual(await run.parsed('{}'), { calm: false });
      }
    });

    test('a timer that was due while the process stood still comes before the handler, which is not called if it ends the process', async () => {
      await using run = await start(
        `let due = 0; exports.handler = async (event) => { setTimeout(() => { due++; if (event.fail) throw new Error('left') }, 50); return { due } }`,
      );
      assert.deepEqual(await run.parsed(), { due: 0 });
      await sleep(300);
      assert.deepEqual(await run.parsed('{"fail":1}'), { due: 1 });
      await sleep(300);
      assert.equal((await run.host.invoke('{}')).kind, 'not-started');
      assert.match(run.host.logs.at(-1)?.text ?? '', /Uncaught Exception.*left/s);
      assert.deepEqual(await run.host.exited, { code: 129, signal: null });

      await using leaving = await start(
        `exports.handler = async () => { setTimeout(() => process.exit(3), 50); return 1 }`,
      );
      await leaving.host.invoke('{}');
      await sleep(300);
      assert.equal((await leaving.host.invoke('{}')).kind, 'not-started');
      assert.deepEqual(await leaving.host.exited, { code: 3, signal: null });
    });

    test('a Node that does not tell how a callback ends', async () => {
      using preload = new TaskRoot({});
      writeFileSync(join(preload.path, 'preload.cjs'), 'delete process._tickCallback');
      assert.equal(launch.kind, 'channel');
      const args = ['--require', join(preload.path, 'preload.cjs'), ...launch.args];
      const code = `let left = 0; exports.handler = async () => { setImmediate(() => left++); return { left, by: typeof process._tickCallback } }`;
      await using run = await RunningFunction.start({ ...launch, args }, 'index.js', code);
      for (let n = 0; n < 3; n += 1) assert.deepEqual(await run.parsed(), { left: n, by: 'undefined' });
    });
  });
}
