/** The Python bootstrap, run by every Python that this machine has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BootstrapHost, contextFacts, functionEnv, TaskRoot } from '../contract/bootstrap-host.ts';
import { RunningFunction } from '../contract/running-function.ts';
import { channelBehaviour } from '../contract/channel-behaviour.ts';
import { launchable } from '../contract/runtimes-here.ts';
import { memoryGrowthKib, noProc, traceIds } from '../contract/traces.ts';

const versions = await launchable([8, 9, 10, 11, 12, 13, 14].map((minor) => `python3.${minor}`));
const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

test('this machine has a Python to test', () => assert.notEqual(versions.length, 0));

for (const [runtime, launch] of versions) {
  const start = (code: string, env: Readonly<Record<string, string>> = {}) =>
    RunningFunction.start(launch, 'app.py', code, env);

  suite(runtime, { concurrency: 4 }, () => {
    test('handlers in modules, folders and packages answer', async () => {
      const layouts: readonly (readonly [string, string])[] = [
        ['app.py', 'app.run'],
        ['src/deep/app.py', 'src/deep/app.run'],
        ['src/deep/app.py', 'src.deep.app.run'],
        ['pack/__init__.py', 'pack.run'],
      ];
      for (const [file, handler] of layouts) {
        using root = new TaskRoot({ [file]: 'def run(event, context):\n  return event' });
        await using host = new BootstrapHost(launch);
        assert.equal(await host.init(root, handler), undefined);
        assert.deepEqual((await host.invoke('{"x":"ü"}')).kind, 'response');
      }
    });

    test('what keeps a handler from being found fails init by its name', async () => {
      const broken: readonly (readonly [Readonly<Record<string, string>>, string, string, string])[] = [
        [
          {},
          'app.handler',
          'Runtime.ImportModuleError',
          "Unable to import module 'app': No module named 'app'",
        ],
        [
          { 'app.py': 'import nope' },
          'app.handler',
          'Runtime.ImportModuleError',
          "Unable to import module 'app': No module named 'nope'",
        ],
        [
          { 'app.py': '' },
          'app.handler',
          'Runtime.HandlerNotFound',
          "Handler 'handler' missing on module 'app'",
        ],
        [
          {},
          'app',
          'Runtime.MalformedHandlerName',
          "Bad handler 'app': not enough values to unpack (expected 2, got 1)",
        ],
        [
          { 'app.py': 'def handler(:' },
          'app.handler',
          'Runtime.UserCodeSyntaxError',
          "Syntax error in module 'app': ",
        ],
        [
          {},
          'sys.exit',
          'Runtime.BuiltInModuleConflict',
          'Cannot use built-in module sys as a handler module',
        ],
        [{ 'app.py': "raise ValueError('no')" }, 'app.handler', 'ValueError', 'no'],
      ];
      for (const [files, handler, type, message] of broken) {
        using root = new TaskRoot(files);
        await using host = new BootstrapHost(launch);
        const failure = await host.init(root, handler);
        assert.equal(failure?.errorType, type);
        assert.ok(failure.errorMessage.startsWith(message), failure.errorMessage);
        assert.deepEqual(await host.exited, { code: 1, signal: null });
        assert.ok(host.logs.at(-1)?.text.startsWith(`[ERROR] ${type}: ${message}`));
      }
    });

    test('the environment is exactly what init says, and the code is where imports and files are found', async () => {
      await using run = await start(
        `import os, sys, time
def handler(event, context):
  return {'env': dict(os.environ), 'cwd': os.getcwd(), 'first': sys.path[0], 'hour': time.localtime(0).tm_hour,
          'ours': [p for p in sys.path if 'runtimes/python' in p], 'argv': len(sys.argv), 'encoding': open(__file__).encoding}`,
        { MINE: 'x', TZ: 'Asia/Tokyo' },
      );
      const { env, ...rest } = await run.parsed('{}', { traceId: 'Root=1-2' });
      assert.deepEqual(env, { ...functionEnv, MINE: 'x', TZ: 'Asia/Tokyo', _X_AMZN_TRACE_ID: 'Root=1-2' });
      const { path } = run.root;
      assert.deepEqual(
        { ...rest, encoding: 0 },
        { cwd: path, first: path, hour: 9, ours: [], argv: 1, encoding: 0 },
      );
      assert.match(String(rest['encoding']), /^utf-?8$/i);
    });

    test('the trace id of the invoke at hand is where functions, native code and child processes look for it', async () => {
      await using run = await start(`import ctypes, os, subprocess, sys
name, held, say = '_X_AMZN_TRACE_ID', os.environ, [sys.executable, '-c', 'import os; print(os.environ.get("_X_AMZN_TRACE_ID"), end="")']
ctypes.pythonapi.getenv.restype = ctypes.c_char_p
def handler(event, context):
  native = ctypes.pythonapi.getenv(name.encode())
  seen = {'read': os.environ.get(name), 'held': held.get(name), 'getenv': os.getenv(name), 'copied': os.environ.copy().get(name),
          'bytes': os.environb.get(name.encode(), b'').decode() or None, 'native': native and native.decode(),
          'child': subprocess.check_output(say).decode(), 'shell': os.popen('printf %s "$' + name + '"').read()}
  os.environ[name] = 'own'
  own = [os.environ[name], subprocess.check_output(say).decode()]
  if event: del os.environ[name]
  return {'seen': seen, 'own': own}`);
      for (const [turn, traceId] of traceIds.entries()) {
        const seen = await run.parsed(String(turn % 2), { traceId: traceId ?? '' });
        const id = traceId ?? null;
        const everywhere = { read: id, held: id, getenv: id, copied: id, bytes: id, native: id };
        assert.deepEqual(seen, {
          seen: { ...everywhere, child: id ?? 'None', shell: id ?? '' },
          own: ['own', 'own'],
        });
      }
    });

    test('trace ids leave nothing in memory', { skip: noProc }, async () => {
      await using run = await start(`def handler(event, context):
  return event and {'kib': next(int(line.split()[1]) for line in open('/proc/self/status') if line.startswith('VmRSS'))}`);
      assert.ok((await memoryGrowthKib(run)) < 10_000);
    });

    test('a Python without ctypes sets the trace id all the same', () => {
      if (launch.kind !== 'channel') assert.fail(launch.kind);
      const folder = fileURLToPath(new URL('.', import.meta.url));
      const code = `import os, sys; sys.modules['ctypes'] = None; sys.path.insert(0, ${JSON.stringify(folder)}); sys.dont_write_bytecode = True
from lambkin_trace import set_trace
for value in ['a', None, 'b']: set_trace(value); print(os.environ.get('_X_AMZN_TRACE_ID')); sys.stdout.flush(); os.system('echo $_X_AMZN_TRACE_ID')`;
      const { stdout, stderr } = spawnSync(launch.command, ['-I', '-c', code], { encoding: 'utf8' });
      assert.equal(stdout, 'a\na\nNone\n\nb\nb\n', stderr);
    });

    test('PYTHONPATH of the function counts, though the process is older', async () => {
      using root = new TaskRoot({
        'app.py': 'import extra\ndef handler(event, context):\n  return extra.value',
        'lib/extra.py': 'value = 42',
      });
      await using host = new BootstrapHost(launch);
      await host.init(root, 'app.handler', { PYTHONPATH: `${root.path}/lib` });
      assert.equal((await host.invoke('{}')).text, '42');
    });

    test('the context is complete', async () => {
      await using run = await start(`def handler(event, context):
  names = ['aws_request_id', 'log_group_name', 'log_stream_name', 'function_name', 'memory_limit_in_mb',
           'function_version', 'invoked_function_arn']
  return {**{name: getattr(context, name) for name in names}, 'left': context.get_remaining_time_in_millis(),
          'title': context.client_context.client.app_title, 'custom': context.client_context.custom,
          'env': context.client_context.env, 'identity': context.identity.cognito_identity_id}`);
      const { left, ...rest } = await run.parsed('{}', {
        requestId: 'r-1',
        invokedArn: 'arn:x',
        deadlineMs: Date.now() + 60_000,
        clientContext: '{"custom":{"a":1},"client":{"app_title":"t"}}',
      });
      assert.ok(typeof left === 'number' && left > 50_000 && left <= 60_000);
      assert.deepEqual(rest, {
        ...contextFacts,
        title: 't',
        custom: { a: 1 },
        env: null,
        identity: null,
      });
      const broken = await run.host.invoke('{}', { clientContext: '{' });
      assert.match(broken.text, /"errorType": "Runtime\.LambdaContextUnmarshalError"/);
    });

    test('an exception is answered with its stack from the first line of the function on, and logged', async () => {
      await using run = await start(`def deep():
  raise KeyError('k')
def handler(event, context):
  if event.get('ok'): return 1
  deep()`);
      const answer = await run.host.invoke('{}', { requestId: 'r-3' });
      assert.equal(answer.kind, 'error');
      const { stackTrace, ...error } = JSON.parse(answer.text) as { stackTrace: string[] };
      assert.deepEqual(error, { errorMessage: "'k'", errorType: 'KeyError', requestId: 'r-3' });
      assert.deepEqual(
        stackTrace.map((entry) => entry.split('\n').slice(0, 2).join('\n')),
        [
          `  File "${run.root.path}/app.py", line 5, in handler\n    deep()`,
          `  File "${run.root.path}/app.py", line 2, in deep\n    raise KeyError('k')`,
        ],
      );
      assert.equal(run.host.logs[0]?.level, 4);
      assert.ok(
        run.host.logs[0]?.text.startsWith(
          "[ERROR] KeyError: 'k'\nTraceback (most recent call last):\n\u00a0\u00a0File ",
        ),
      );
      assert.equal((await run.host.invoke('{"ok":1}')).text, '1');
    });

    test('events and results that are not JSON have their own errors', async () => {
      await using run = await start(`import datetime
def handler(event, context):
  return datetime.datetime.now() if event == 1 else float if event == 2 else b'{"raw": 1}' if event == 3 else event`);
      for (const payload of ['{', '', 'nope']) {
        const answer = await run.host.invoke(payload);
        assert.equal(answer.kind, 'error');
        assert.match(answer.text, /"errorType": "Runtime\.UnmarshalError"/);
        assert.match(answer.text, /Unable to unmarshal input: /);
      }
      const unknown = await run.host.invoke('1');
      assert.match(
        unknown.text,
        /Unable to marshal response: Object of type datetime is not JSON serializable/,
      );
      assert.match((await run.host.invoke('2')).text, /"errorType": "Runtime\.MarshalError"/);
      assert.equal((await run.host.invoke('3')).text, '{"raw": 1}');
      assert.equal((await run.host.invoke('null')).text, 'null');
    });

    test('a Decimal is a number as it is written', async () => {
      await using run = await start(`from decimal import Decimal
def handler(event, context):
  return [Decimal('1.10'), {'x': Decimal('12345678901234567890.5')}, Decimal('NaN'), 'lambkin-decimal-']`);
      assert.equal(
        (await run.host.invoke('1')).text,
        '[1.10, {"x": 12345678901234567890.5}, NaN, "lambkin-decimal-"]',
      );
    });

    test('print is one event per line, before the answer; logging has level, time and request id', async () => {
      await using run = await start(`import logging, sys
logging.getLogger().setLevel('INFO')
print('at init')
def handler(event, context):
  print('a', 1); print('two\\nlines'); print('ü', end=''); sys.stdout.flush(); print('!')
  print('to stderr', file=sys.stderr)
  logging.debug('hidden'); logging.info('i %s', 1); logging.warning('w\\nx'); logging.getLogger('mine').error('e')
  try: 1 / 0
  except ZeroDivisionError: logging.exception('caught')
  print('unfinished', end='')`);
      await run.host.invoke('{}', { requestId: 'r-2' });
      const texts = run.host.logs.map(({ level, text }) => `${level} ${text.replace(new RegExp(iso), 'T')}`);
      assert.deepEqual(texts.slice(0, 9), [
        '255 at init',
        '255 a 1',
        '255 two',
        '255 lines',
        '255 ü!',
        '255 to stderr',
        '2 [INFO]\tT\tr-2\ti 1',
        '3 [WARNING]\tT\tr-2\tw\nx',
        '4 [ERROR]\tT\tr-2\te',
      ]);
      assert.match(
        texts[9] ?? '',
        /^4 \[ERROR\]\tT\tr-2\tcaught\nTraceback [^]*ZeroDivisionError: division by zero$/,
      );
      assert.deepEqual(texts.slice(10), ['255 unfinished']);
    });

    test('JSON logs have the fields of AWS, and respect the level', async () => {
      await using run = await start(
        `import logging
def handler(event, context):
  logging.info('hidden'); logging.warning('w', extra={'mine': 1})
  try: 1 / 0
  except ZeroDivisionError: logging.exception('caught')
  raise ValueError('no')`,
        { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' },
      );
      await run.host.invoke('{}', { requestId: 'r-2' });
      const events = run.host.logs.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
      assert.equal(events.length, 3);
      assert.match(String(events[0]?.['timestamp']), new RegExp(`^${iso}$`));
      assert.deepEqual(
        { ...events[0], timestamp: 0 },
        { timestamp: 0, level: 'WARNING', message: 'w', logger: 'root', requestId: 'r-2', mine: 1 },
      );
      assert.equal(events[1]?.['errorType'], 'ZeroDivisionError');
      assert.match(String(events[1]?.['location']), /app\.py:handler:5$/);
      assert.deepEqual(
        [events[2]?.['level'], events[2]?.['errorType'], events[2]?.['errorMessage']],
        ['ERROR', 'ValueError', 'no'],
      );
    });

    test('sys.exit, os._exit and a killed process end without an answer', async () => {
      const ends: readonly (readonly [string, number | null, string | null])[] = [
        ['sys.exit(7)', 7, null],
        ['exit(3)', 3, null],
        ['os._exit(4)', 4, null],
        ['os.kill(os.getpid(), 9)', null, 'SIGKILL'],
      ];
      for (const [code, exitCode, signal] of ends) {
        await using run = await start(
          `import os, sys\ndef handler(event, context):\n  print('last')\n  ${code}`,
        );
        assert.equal((await run.host.invoke('{}')).kind, 'ended');
        assert.deepEqual(await run.host.exited, { code: exitCode, signal });
        assert.deepEqual(run.host.logs, [{ level: 255, text: 'last' }]);
      }
    });

    channelBehaviour(launch, {
      start,
      echo: 'def handler(event, context):\n  return event',
      background:
        'import threading, time\nthreading.Thread(target=lambda: time.sleep(60)).start()\ndef handler(event, context):\n  return event',
      threads: `import multiprocessing, os, threading
def work(n):
  for i in range(200): print('x' * 300)
def child():
  print('from the child')
def handler(event, context):
  threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
  [t.start() for t in threads]; [t.join() for t in threads]
  p = multiprocessing.get_context('fork').Process(target=child); p.start(); p.join()
  if os.fork() == 0: return 'never seen'
  return p.exitcode`,
    });
  });
}
