/** The Java bootstrap, run by the oldest and the newest Java that this machine has. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { before, suite, test } from 'node:test';
import * as fc from 'fast-check';
import type { FunctionError } from '../channel.ts';
import { BootstrapHost, functionEnv, TaskRoot } from '../contract/bootstrap-host.ts';
import { launchable } from '../contract/runtimes-here.ts';

const versions = await launchable(['java8.al2', 'java11', 'java17', 'java21', 'java25']);
const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const classes = mkdtempSync(join(tmpdir(), 'lambkin-java-classes-'));
process.once('exit', () => rmSync(classes, { recursive: true, force: true }));

/** A process that has been told its function, one of the handlers in fixtures/example. */
class JavaFunction implements AsyncDisposable {
  readonly root: TaskRoot;
  readonly host: BootstrapHost;

  private constructor(root: TaskRoot, host: BootstrapHost) {
    this.root = root;
    this.host = host;
  }

  static async start(
    launch: (typeof versions)[number][1],
    handler: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly run: JavaFunction; readonly failure: FunctionError | undefined }> {
    const root = new TaskRoot({ 'data.txt': '' });
    cpSync(classes, root.path, { recursive: true });
    const host = new BootstrapHost(launch, { cwd: root.path, env: { ...functionEnv, ...env } });
    const failure = await host.init(root, handler, env);
    return { run: new JavaFunction(root, host), failure };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.root[Symbol.dispose]();
  }
}

const skip = versions.length === 0 && 'there is no JDK here: run scripts/setup';

suite('java', { skip }, () => {
  before(() => {
    const [oldest] = versions;
    assert.ok(oldest?.[1].kind === 'channel');
    const { command } = oldest[1];
    const sources = globSync(join(import.meta.dirname, 'fixtures/*/*.java'));
    execFileSync(
      join(dirname(command), 'javac'),
      ['-nowarn', '-encoding', 'UTF-8', '-d', classes, ...sources],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
  });

  for (const [runtime, launch] of versions) {
    const start = async (handler: string, env: Readonly<Record<string, string>> = {}) => {
      const { run, failure } = await JavaFunction.start(launch, handler, env);
      assert.equal(failure, undefined, `${failure?.errorMessage} ${run.host.stderr}`);
      return run;
    };
    const method = (name: string, env?: Readonly<Record<string, string>>) =>
      start(`example.Methods::${name}`, env);

    suite(runtime, { concurrency: 4 }, () => {
      test('a bean goes in and comes out, with everything that a property can be', async () => {
        await using run = await start('example.Orders');
        const order = {
          name: 'ü',
          count: 3,
          weight: 1.5,
          price: 12.5,
          gift: true,
          size: 'LARGE',
          parts: [{ count: 7, gift: false }],
          notes: { a: [1, 2] },
          comment: 'c',
          id: '3f0e2a3c-8a64-4a0e-9d43-0d1b7b1f8a11',
          placed: '2026-01-02T03:04:05Z',
          due: 1700000000000,
          picture: 'AQID',
          numbers: [1, 2],
        };
        const { text, kind } = await run.host.invoke(JSON.stringify({ ...order, unknown: [{}] }));
        assert.equal(kind, 'response', text);
        assert.deepEqual(JSON.parse(text), { ...order, count: 7 });
        // Names in another case, numbers as text, one value for a list, an unknown constant, and nothing.
        const odd = await run.host.invoke(
          '{"NAME":"n","count":"4","parts":{"count":9},"size":"HUGE","weight":2,"due":"","numbers":5}',
        );
        assert.deepEqual(JSON.parse(odd.text), {
          name: 'n',
          count: 9,
          weight: 2,
          gift: false,
          parts: [{ count: 9, gift: false }],
          numbers: [5],
        });
        assert.equal((await run.host.invoke('{"price":1.10}')).text, '{"count":0,"price":1.10,"gift":false}');
      });

      test('handlers by interface, with types that a class further down gives', async () => {
        await using bytes = await start('example.Bytes');
        assert.equal((await bytes.host.invoke('not JSON: ü')).text, 'not JSON: ü');
        await using orders = await start('example.Generic$OfOrders::handleRequest');
        assert.deepEqual(JSON.parse((await orders.host.invoke('[{"count":1},{"count":2}]')).text), {
          count: 2,
          gift: false,
        });
        await using numbers = await start('example.Generic$OfAnything');
        assert.equal((await numbers.host.invoke('5')).text, '5');
      });

      test('methods of every signature are handlers', async () => {
        const calls: readonly (readonly [string, string, string])[] = [
          [
            'echo',
            '{"a":[1,2.5,null,"x",true,{}],"b":12345678901}',
            '{"a":[1,2.5,null,"x",true,{}],"b":12345678901}',
          ],
          ['twice', '21', '42'],
          ['greet', '"Welt"', '"Grüß Gott, Welt"'],
          ['fixed', '{"ignored":1}', '{"calls":1}'],
          ['nothing', '["a"]', 'null'],
          ['count', '{}', '1'],
          ['id', '{"x":1}', '"r-11"'],
          ['overloaded', '"x"', '"long"'],
          ['stream', '[1,2]', '{"bytes":5}'],
        ];
        for (const [name, event, expected] of calls) {
          await using run = await method(name);
          assert.equal((await run.host.invoke(event, { requestId: 'r-1' })).text, expected, name);
        }
      });

      test('what is wrong with a handler is told in the words of AWS, at init or with each invoke', async () => {
        const faults: readonly (readonly [string, string | undefined, string])[] = [
          ['example.Nope', 'java.lang.ClassNotFoundException', 'Class not found: example.Nope'],
          ['::run', undefined, "Invalid handler: `::run'"],
          [
            'example.Methods::nope',
            undefined,
            'No public method named nope with appropriate method signature found on class example.Methods',
          ],
          [
            'example.Methods::two',
            undefined,
            'No public method named two with appropriate method signature found on class example.Methods',
          ],
          [
            'example.Methods',
            undefined,
            'Class does not implement an appropriate handler interface: example.Methods',
          ],
          [
            'example.Broken$NeedsArgument::run',
            'java.lang.Exception',
            'Class example.Broken$NeedsArgument has no public zero-argument constructor',
          ],
          [
            'example.Generic$Raw',
            undefined,
            'Class example.Generic$Raw does not implement RequestHandler with concrete type parameters: parameter T has no upper bound.',
          ],
        ];
        for (const [handler, errorType, errorMessage] of faults) {
          await using run = await start(handler);
          for (let time = 0; time < 2; time += 1) {
            const { kind, text } = await run.host.invoke('{}');
            assert.equal(kind, 'error');
            assert.deepEqual(JSON.parse(text), {
              errorMessage,
              ...(errorType === undefined ? {} : { errorType }),
            });
          }
        }
        for (const [handler, errorType, errorMessage] of [
          ['example.Broken::run', 'java.lang.IllegalArgumentException', 'no constructor'],
          [
            'example.Broken$InStatic::run',
            'java.lang.ExceptionInInitializerError',
            'Error loading class example.Broken$InStatic',
          ],
        ] as const) {
          const { run, failure } = await JavaFunction.start(launch, handler);
          await using _run = run;
          assert.deepEqual(failure, { errorMessage, errorType });
          assert.deepEqual(await run.host.exited, { code: 1, signal: null });
          assert.ok(run.host.logs.at(-1)?.text.startsWith(`${errorMessage}: ${errorType}\n${errorType}`));
        }
      });

      test('an exception is answered with its stack and cause, without the frames of the runtime, and logged', async () => {
        await using run = await method('fail');
        const { kind, text } = await run.host.invoke('{"why":"asked"}', { requestId: 'r-3' });
        assert.equal(kind, 'error');
        const { cause, stackTrace, ...error } = JSON.parse(text) as {
          cause: { stackTrace: string[] };
          stackTrace: string[];
        };
        assert.deepEqual(error, { errorMessage: 'outer', errorType: 'java.io.IOException' });
        assert.equal(stackTrace.length, 1, text);
        assert.match(stackTrace[0] ?? '', /^example\.Methods\.fail\(Methods\.java:\d+\)$/);
        assert.deepEqual(
          { ...cause, stackTrace: cause.stackTrace.length },
          { errorMessage: 'asked', errorType: 'java.lang.IllegalStateException', stackTrace: 2 },
        );
        assert.equal(run.host.logs[0]?.level, 4);
        assert.match(
          run.host.logs[0]?.text ?? '',
          /^outer: java\.io\.IOException\njava\.io\.IOException: outer\n\tat example[^]*\nCaused by: java\.lang\.IllegalStateException: asked\n/,
        );
        await using silent = await method('silent');
        const { text: told } = await silent.host.invoke('1');
        assert.equal((JSON.parse(told) as FunctionError).errorMessage, 'java.io.UncheckedIOException');
      });

      test('events and results that are not what the handler takes have their own errors', async () => {
        await using run = await start('example.Orders');
        for (const event of [
          '{',
          '',
          'nope',
          '{"count":{}}',
          '{"count":99999999999}',
          '{"a":1}}',
          '['.repeat(5000),
        ]) {
          const { kind, text } = await run.host.invoke(event);
          assert.equal(kind, 'error', event);
          const told = JSON.parse(text) as { errorMessage: string; errorType: string; cause: FunctionError };
          assert.equal(told.errorMessage, 'An error occurred during JSON parsing');
          assert.equal(told.errorType, 'java.lang.RuntimeException');
          assert.equal(told.cause.errorType, 'java.lang.IllegalArgumentException');
        }
        assert.equal((await run.host.invoke('{}')).kind, 'response');
        await using self = await method('self');
        assert.match(
          (await self.host.invoke('1')).text,
          /An error occurred during JSON serialization of response/,
        );
      });

      test('the context is complete', async () => {
        await using run = await method('facts');
        const { text } = await run.host.invoke('{}', {
          requestId: 'r-1',
          invokedArn: 'arn:x',
          traceId: 'Root=1-2',
          deadlineMs: Date.now() + 60_000,
          clientContext: '{"custom":{"a":"1"},"client":{"app_title":"t"}}',
        });
        const { left, ...facts } = JSON.parse(text) as Record<string, unknown>;
        assert.ok(typeof left === 'number' && left > 40_000 && left <= 60_000);
        assert.deepEqual(facts, {
          requestId: 'r-1',
          group: '/aws/lambda/hello',
          stream: '2026/01/01/[$LATEST]0',
          name: 'hello',
          version: '$LATEST',
          arn: 'arn:x',
          memory: 128,
          identity: null,
          title: 't',
          custom: { a: '1' },
          trace: 'Root=1-2',
        });
        const second = JSON.parse((await run.host.invoke('{}')).text) as Record<string, unknown>;
        assert.equal(second['title'], null);
        assert.equal((await run.host.invoke('{}', { clientContext: '{' })).kind, 'error');
      });

      test('variables, working directory and heap are those of the function', async () => {
        await using run = await method('surroundings', { MINE: 'x', JAVA_TOOL_OPTIONS: '-Dmine=1' });
        const { text } = await run.host.invoke('1');
        const { env, heapMb, ...rest } = JSON.parse(text) as Record<string, unknown> & {
          env: Record<string, string>;
        };
        assert.equal(env['MINE'], 'x');
        assert.deepEqual(rest, { cwd: run.root.path, file: true, loader: true, charset: 'UTF-8' });
        assert.ok(Number(heapMb) > 60 && Number(heapMb) <= 109, String(heapMb));
        assert.match(run.host.stderr, /Picked up JAVA_TOOL_OPTIONS: -Dmine=1/);
      });

      test('lines of System.out and calls of LambdaLogger are events, before the answer', async () => {
        await using run = await method('print');
        await run.host.invoke('{}', { requestId: 'r-2' });
        assert.deepEqual(
          run.host.logs.map(({ level, text }) => `${level} ${text}`),
          [
            '255 one',
            '255 two',
            '255 three',
            '255 four\nlines',
            '255 five',
            '3 six',
            '1 hidden?',
            '255 seven',
            '255 ünfinished',
          ],
        );
        await using json = await method('print', {
          AWS_LAMBDA_LOG_FORMAT: 'JSON',
          AWS_LAMBDA_LOG_LEVEL: 'INFO',
        });
        await json.host.invoke('{}', { requestId: 'r-2' });
        const events = json.host.logs.filter(({ text }) => text.startsWith('{')).map(({ text }) => text);
        assert.equal(events.length, 3, events.join('\n'));
        assert.match(
          events[1] ?? '',
          new RegExp(`^{"timestamp":"${iso}","message":"six","level":"WARN","AWSRequestId":"r-2"}$`),
        );
      });

      test('the end of the process is not an answer, and too little memory is one', async () => {
        await using exit = await method('exit');
        assert.equal((await exit.host.invoke('7')).kind, 'ended');
        assert.deepEqual(await exit.host.exited, { code: 7, signal: null });
        await using halt = await method('halt');
        assert.equal((await halt.host.invoke('1')).kind, 'ended');
        await using fill = await method('fill');
        const { kind, text } = await fill.host.invoke('1');
        assert.equal(kind, 'fatal');
        assert.equal((JSON.parse(text) as FunctionError).errorType, 'java.lang.OutOfMemoryError');
        assert.deepEqual(await fill.host.exited, { code: 1, signal: null });
      });

      test('threads log whole events, and the end of the channel ends them', async () => {
        await using run = await method('threads');
        assert.equal((await run.host.invoke('1')).text, '[1]');
        assert.equal(run.host.logs.filter(({ text }) => text === 'x'.padStart(300)).length, 800);
        await using background = await method('background');
        assert.equal((await background.host.invoke('1')).text, 'true');
        background.host.hangUp();
        assert.deepEqual(await background.host.exited, { code: 0, signal: null });
      });

      test('large payloads arrive whole', async () => {
        await using run = await method('echo');
        const event = JSON.stringify({ text: 'ä€😀'.repeat(300_000) });
        assert.equal((await run.host.invoke(event)).text, event);
      });

      test('whatever is JSON is read and written as it is; whatever is not is an error, never the end', async () => {
        await using run = await method('echo');
        await fc.assert(
          fc.asyncProperty(fc.json({ maxDepth: 6 }), async (event) => {
            const { kind, text } = await run.host.invoke(event);
            assert.equal(kind, 'response', text);
            assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(JSON.parse(event)));
          }),
          { numRuns: 300 },
        );
        await fc.assert(
          fc.asyncProperty(
            fc.string({ unit: fc.constantFrom(...'{}[]",:0eE+-.\\u\'ntfN \n'.split('')) }),
            async (event) => {
              const { kind, text } = await run.host.invoke(event);
              assert.ok(kind === 'response' || kind === 'error', kind);
              JSON.parse(text);
            },
          ),
          { numRuns: 300 },
        );
      });

      test('jars in lib/ and in java/lib of layers are in the class path', async () => {
        using root = new TaskRoot({ 'layer/java/lib/.keep': '', 'task/lib/.keep': '' });
        const jar = join(dirname(launch.kind === 'channel' ? launch.command : ''), 'jar');
        execFileSync(jar, ['cf', join(root.path, 'layer/java/lib/core.jar'), '-C', classes, 'com']);
        execFileSync(jar, ['cf', join(root.path, 'task/lib/example.jar'), '-C', classes, 'example']);
        mkdirSync(join(root.path, 'task/sub'));
        writeFileSync(join(root.path, 'task/sub/x'), '');
        copyFileSync(join(root.path, 'task/sub/x'), join(root.path, 'task/lib/not-a-jar.txt'));
        await using host = new BootstrapHost(launch, { cwd: root.path, env: functionEnv });
        const init = {
          env: {},
          handler: 'example.Bytes',
          taskRoot: join(root.path, 'task'),
          optRoot: join(root.path, 'layer'),
        };
        host.send(1, Buffer.from(JSON.stringify(init)));
        assert.equal((await host.next())?.type, 2, JSON.stringify(host.logs));
        assert.equal((await host.invoke('[]')).text, '[]');
      });
    });
  }
});
