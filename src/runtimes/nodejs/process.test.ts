/** What a Node function sees of its process and its invoke, what its logs and errors look like, and how it ends. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapHost, functionEnv, TaskRoot } from '../contract/bootstrap-host.ts';
import { RunningFunction } from '../contract/running-function.ts';
import { launchable } from '../contract/runtimes-here.ts';

const versions = await launchable(['nodejs20.x', 'nodejs22.x', 'nodejs24.x', 'nodejs26.x']);
const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

for (const [runtime, launch] of versions) {
  const awaitsOnly = runtime >= 'nodejs24.x';

  const start = (code: string, env: Readonly<Record<string, string>> = {}) =>
    RunningFunction.start(launch, 'index.js', code, env);

  suite(runtime, { concurrency: 4 }, () => {
    test('the environment is exactly what init says, and the code is the working directory', async () => {
      await using run = await start(
        `exports.handler = async () => ({ env: { ...process.env }, cwd: process.cwd(), argv: process.argv.length })`,
        { MINE: 'x', TZ: 'Asia/Tokyo' },
      );
      const { env, cwd } = await run.parsed('{}', { traceId: 'Root=1-2' });
      assert.deepEqual(env, { ...functionEnv, MINE: 'x', TZ: 'Asia/Tokyo', _X_AMZN_TRACE_ID: 'Root=1-2' });
      assert.equal(cwd, run.root.path);
    });

    test(
      'the process sleeps on when its answer is taken',
      { skip: process.platform !== 'linux' && 'looks in /proc' },
      async () => {
        await using run = await start('exports.handler = async (event) => event');
        const { pid } = run.host.child;
        const answers = run.host.child.stdio.at(4);
        assert.ok(answers instanceof Duplex);
        const sleeps = (): number => {
          const status = readFileSync(`/proc/${pid}/status`, 'utf8');
          return Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]);
        };
        const asleep = async (): Promise<void> => {
          while (!/\) S /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await sleep(1);
        };
        await run.parsed('{}');
        await asleep();
        const before = sleeps();
        const invokes = 40;
        for (let n = 0; n < invokes; n += 1) {
          answers.pause();
          const answer = run.parsed('{}');
          await sleep(2);
          await asleep();
          answers.resume();
          await answer;
          await asleep();
        }
        // Up to twice as often where the kernel tells it that there is room to write again; a few more on a busy host.
        assert.ok(sleeps() - before < 1.5 * invokes, `${sleeps() - before} times in ${invokes} invokes`);
      },
    );

    test('the trace id of the invoke at hand is where functions look for it, and variables stay variables', async () => {
      await using run = await start(
        `
        const { execFileSync } = require('node:child_process');
        const held = process.env;
        exports.handler = async () => {
          const seen = {
            read: process.env._X_AMZN_TRACE_ID,
            held: held._X_AMZN_TRACE_ID,
            copied: { ...process.env }._X_AMZN_TRACE_ID,
            has: '_X_AMZN_TRACE_ID' in process.env && Object.hasOwn(process.env, '_X_AMZN_TRACE_ID'),
            listed: Object.keys(process.env).filter((name) => name === '_X_AMZN_TRACE_ID').length,
            child: execFileSync('/bin/sh', ['-c', 'printf %s "$_X_AMZN_TRACE_ID"']).toString(),
          };
          process.env.COUNT = 1 + Number(process.env.COUNT ?? 0);
          process.env.TZ = 'Asia/Tokyo';
          delete process.env.MINE;
          const changed = {
            count: process.env.COUNT,
            hours: new Date(0).getHours(),
            mine: [process.env.MINE, 'MINE' in process.env],
            child: execFileSync('/bin/sh', ['-c', 'printf %s "$COUNT-$MINE"']).toString(),
          };
          process.env._X_AMZN_TRACE_ID = 'own';
          const own = process.env._X_AMZN_TRACE_ID;
          delete process.env._X_AMZN_TRACE_ID;
          return { seen, changed, own, left: '_X_AMZN_TRACE_ID' in process.env };
        };`,
        { MINE: 'x' },
      );
      for (const [traceId, count] of [
        ['Root=1-2', '1'],
        ['Root=1-3', '2'],
      ] as const) {
        assert.deepEqual(await run.parsed('{}', { traceId }), {
          seen: { read: traceId, held: traceId, copied: traceId, has: true, listed: 1, child: traceId },
          changed: { count, hours: 9, mine: [null, false], child: `${count}-` },
          own: 'own',
          left: false,
        });
      }
    });

    test('TZ of the function counts, though the process is older', async () => {
      await using run = await start('exports.handler = async () => ({ h: new Date(0).getHours() })', {
        TZ: 'Asia/Tokyo',
      });
      assert.deepEqual(await run.parsed(), { h: 9 });
    });

    test('NODE_PATH of the function counts, though the process is older', async () => {
      using root = new TaskRoot({ 'index.js': "exports.handler = async () => require('lib').value" });
      mkdirSync(join(root.path, 'opt/lib'), { recursive: true });
      writeFileSync(join(root.path, 'opt/lib/index.js'), 'exports.value = 42');
      await using host = new BootstrapHost(launch);
      await host.init(root, 'index.handler', { NODE_PATH: join(root.path, 'opt') });
      assert.equal((await host.invoke('{}')).text, '42');
    });

    test('the context is complete', async () => {
      await using run = await start(
        'exports.handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis(), keys: Object.keys(c) })',
      );
      const context = await run.parsed('{}', {
        requestId: 'r-1',
        invokedArn: 'arn:x',
        deadlineMs: Date.now() + 60_000,
        clientContext: '{"custom":{"a":1}}',
      });
      const { left, keys, ...rest } = context;
      assert.ok(typeof left === 'number' && left > 50_000 && left <= 60_000);
      assert.deepEqual(rest, {
        ...(awaitsOnly ? { xRayTraceId: 'Root=1' } : { callbackWaitsForEmptyEventLoop: true }),
        functionName: 'hello',
        functionVersion: '$LATEST',
        memoryLimitInMB: '128',
        logGroupName: '/aws/lambda/hello',
        logStreamName: '2026/01/01/[$LATEST]0',
        clientContext: { custom: { a: 1 } },
        invokedFunctionArn: 'arn:x',
        awsRequestId: 'r-1',
      });
      for (const old of ['done', 'succeed', 'fail'])
        assert.equal((keys as string[]).includes(old), !awaitsOnly);
    });

    test('console writes one event per call, with time, request id and level', async () => {
      await using run = await start(`console.log('at init');
        exports.handler = async () => {
          console.log('a %s', 'b', { c: 1 }); console.info('i'); console.warn('w\\nx'); console.error(new Error('e').message);
          console.debug('d'); console.trace('t'); console.fatal?.('f'); console.table([{ q: 1 }]); console.dir({ deep: 1 });
        }`);
      await run.host.invoke('{}', { requestId: 'r-9' });
      const texts = run.host.logs.map(
        ({ level, text }) => `${level} ${text.replace(new RegExp(`^${iso}`), 'T')}`,
      );
      assert.equal(texts[0], `2 T\t${awaitsOnly ? '-' : 'undefined'}\tINFO\tat init`);
      assert.deepEqual(texts.slice(1, 8), [
        '2 T\tr-9\tINFO\ta b { c: 1 }',
        '2 T\tr-9\tINFO\ti',
        '3 T\tr-9\tWARN\tw\nx',
        '4 T\tr-9\tERROR\te',
        '1 T\tr-9\tDEBUG\td',
        '0 T\tr-9\tTRACE\tt',
        '5 T\tr-9\tFATAL\tf',
      ]);
      assert.match(texts[8] ?? '', /^2 T\tr-9\tINFO\t[^]*q[^]*1/);
      assert.match(texts[9] ?? '', /INFO\t\{ deep: 1 \}$/);
    });

    test('JSON logs have the fields of AWS, and respect the level', async () => {
      await using run = await start(
        `exports.handler = async () => {
          console.info('hidden'); console.warn({ a: 1 }); console.error('with', new TypeError('bad')); console.error(new RangeError('r'));
        }`,
        { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' },
      );
      await run.host.invoke('{}', { requestId: 'r-2' });
      const events = run.host.logs.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
      assert.equal(events.length, 3);
      assert.match(String(events[0]?.['timestamp']), new RegExp(`^${iso}$`));
      assert.deepEqual(
        { ...events[0], timestamp: 0 },
        { timestamp: 0, level: 'WARN', requestId: 'r-2', message: { a: 1 } },
      );
      assert.equal(events[1]?.['errorType'], 'TypeError');
      assert.match(String(events[1]?.['message']), /^with TypeError: bad/);
      const message = events[2]?.['message'] as Record<string, unknown> | undefined;
      assert.equal(message?.['errorMessage'], 'r');
    });

    test('process.stdout and process.stderr are left alone', async () => {
      await using run = await start(
        `exports.handler = async () => { process.stdout.write('out\\n'); process.stderr.write('err\\n'); }`,
      );
      await run.host.invoke('{}');
      run.host.hangUp();
      await run.host.exited;
      assert.deepEqual([run.host.stdout, run.host.stderr, run.host.logs], ['out\n', 'err\n', []]);
    });

    test('a thrown error is answered and logged, and the next invoke is served', async () => {
      await using run = await start(
        `exports.handler = async (e) => { if (e.ok) return 1; throw Object.assign(new RangeError('bad'), { extra: 2 }); }`,
      );
      const answer = await run.host.invoke('{}', { requestId: 'r-3' });
      assert.equal(answer.kind, 'error');
      const error = JSON.parse(answer.text) as { trace: string[] };
      assert.deepEqual(
        { ...error, trace: error.trace[0] },
        { errorType: 'RangeError', errorMessage: 'bad', trace: 'RangeError: bad' },
      );
      assert.match(error.trace[1] ?? '', /index\.js:1/);
      assert.match(
        run.host.logs[0]?.text ?? '',
        new RegExp(
          `^${iso}\\tr-3\\tERROR\\tInvoke Error \\t\\{"errorType":"RangeError","errorMessage":"bad","extra":2,"stack":\\["RangeError: bad",`,
        ),
      );
      assert.equal((await run.host.invoke('{"ok":true}')).text, '1');
    });

    test('anything can be thrown', async () => {
      const thrown: readonly (readonly [string, string, string])[] = [
        ["'text'", 'string', 'text'],
        ['undefined', awaitsOnly ? 'undefined' : 'string', awaitsOnly ? 'undefined' : 'handled'],
        ['{ a: 1 }', 'object', '[object Object]'],
        ['Object.create(null)', 'handled', 'callback called with Error argument'],
        ["{ name: 'N', message: 'm', stack: 's' }", 'N', 'm'],
        [
          "new Proxy({}, { get() { throw new Error('no') } })",
          'handled',
          'callback called with Error argument',
        ],
      ];
      for (const [expression, type, message] of thrown) {
        await using run = await start(`exports.handler = async () => { throw ${expression} }`);
        const answer = await run.host.invoke('{}');
        assert.equal(answer.kind, 'error');
        const error = JSON.parse(answer.text) as Record<string, string>;
        assert.equal(error['errorType'], type);
        assert.ok(error['errorMessage']?.startsWith(message), answer.text);
      }
    });

    const crashes: readonly (readonly [string, string, string, number, string])[] = [
      [
        'an uncaught exception',
        "setImmediate(() => { throw new RangeError('late') })",
        'RangeError',
        129,
        'Uncaught Exception',
      ],
      [
        'an unhandled rejection',
        "Promise.reject(new Error('lost'))",
        'Runtime.UnhandledPromiseRejection',
        128,
        'Unhandled Promise Rejection',
      ],
    ];
    for (const [name, code, type, exitCode, title] of crashes) {
      test(`${name} is answered as fatal, logged, and ends the process with ${exitCode}`, async () => {
        await using run = await start(
          `exports.handler = () => { ${code}; return new Promise((r) => setTimeout(r, 10000)); }`,
        );
        const answer = await run.host.invoke('{}');
        assert.equal(answer.kind, 'fatal');
        assert.match(answer.text, new RegExp(`"errorType":"${type}"`));
        assert.match(
          run.host.logs[0]?.text ?? '',
          new RegExp(`\\tERROR\\t${title} \\t\\{"errorType":"${type}"`),
        );
        assert.deepEqual(await run.host.exited, { code: exitCode, signal: null });
      });
    }

    test('an uncaught exception during init is its failure', async () => {
      using root = new TaskRoot({
        'index.mjs':
          "setImmediate(() => { throw new Error('x') }); await new Promise((r) => setTimeout(r, 5000))",
      });
      await using host = new BootstrapHost(launch);
      const failure = await host.init(root, 'index.handler');
      assert.deepEqual([failure?.errorType, failure?.errorMessage], ['Error', 'x']);
      assert.deepEqual(await host.exited, { code: 129, signal: null });
    });

    test('process.exit in a handler ends the process with its code and no answer', async () => {
      await using run = await start("exports.handler = () => { console.log('last'); process.exit(7) }");
      assert.equal((await run.host.invoke('{}')).kind, 'ended');
      assert.deepEqual(await run.host.exited, { code: 7, signal: null });
      assert.match(run.host.logs[0]?.text ?? '', /last$/);
    });

    test('the end of the channel ends the process, also with timers and servers of the function', async () => {
      await using run = await start(
        "setInterval(() => {}, 1000); require('net').createServer().listen(0); exports.handler = async () => 1",
      );
      await run.host.invoke('{}');
      run.host.hangUp();
      assert.deepEqual(await run.host.exited, { code: 0, signal: null });
    });

    test('timers and requests of one invoke go on in the next', async () => {
      await using run = await start(`let fired = 0; setTimeout(() => fired++, 5).unref();
        exports.handler = async (e) => { if (e.wait) await new Promise((r) => setTimeout(r, 30)); return { fired } }`);
      await run.host.invoke('{}');
      assert.deepEqual(await run.parsed('{"wait":1}'), { fired: 1 });
    });

    test('between invokes the process stands still, as an environment does on AWS', async () => {
      await using run = await start(
        'let ticks = 0; setInterval(() => ticks++, 1); exports.handler = async () => ticks',
      );
      const before = Number((await run.host.invoke('{}')).text);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok(Number((await run.host.invoke('{}')).text) - before < 20);
    });

    test('all that was written to standard output before the answer comes without another invoke', async () => {
      await using run = await start(
        "exports.handler = async () => { process.stdout.write('x'.repeat(3_000_000)); return 1 }",
      );
      assert.equal((await run.host.invoke('{}')).text, '1');
      while (run.host.stdout.length < 3_000_000) await new Promise((resolve) => setTimeout(resolve, 5));
    });

    test('large payloads and answers arrive whole, and logs before them', async () => {
      await using run = await start(
        "exports.handler = async (e) => { console.log('é'.repeat(100000)); return e }",
      );
      const payload = JSON.stringify({ text: 'ä€😀'.repeat(500_000) });
      assert.equal((await run.host.invoke(payload)).text, payload);
      assert.equal(run.host.logs[0]?.text.endsWith('é'.repeat(1000)), true);
      assert.equal((await run.host.invoke('1')).text, '1');
    });

    test('a frame that arrives byte by byte is understood', async () => {
      using root = new TaskRoot({ 'index.js': 'exports.handler = async (e) => e' });
      await using host = new BootstrapHost(launch);
      const body = JSON.stringify({ env: {}, handler: 'index.handler', taskRoot: root.path });
      const init = Buffer.concat([Buffer.from([0, 0, 0, 0, 1]), Buffer.from(body)]);
      init.writeUInt32BE(init.length - 4, 0);
      for (const byte of init) {
        host.write(Buffer.from([byte]));
        if (byte % 16 === 0) await new Promise(setImmediate);
      }
      assert.equal((await host.next())?.type, 2);
      assert.equal((await host.invoke('[1]')).text, '[1]');
    });

    test('a frame out of turn, or of impossible length, ends the process', async () => {
      for (const bytes of [
        [0, 0, 0, 1, 4],
        [0, 0, 0, 1, 99],
        [0, 0, 0, 0, 0],
        [255, 255, 255, 255, 1],
      ]) {
        await using host = new BootstrapHost(launch);
        host.write(Buffer.from(bytes));
        assert.equal((await host.exited).signal, null);
        assert.equal(await host.next(), undefined);
      }
    });

    test('what a function starts does not get the channel', async () => {
      await using run = await start(`exports.handler = async () =>
        require('child_process').execFileSync('/bin/sh', ['-c', 'for n in 3 4 5 6 7 8 9; do readlink /proc/$$/fd/$n; done; true'], { encoding: 'utf8' })`);
      assert.doesNotMatch((await run.host.invoke('{}')).text, /socket/);
    });
  });
}
