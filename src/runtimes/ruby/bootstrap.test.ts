/** The Ruby bootstrap, run by the Ruby that this machine has. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { anyRuby } from '../contract/any-ruby.ts';
import { BootstrapHost, contextFacts, functionEnv, TaskRoot } from '../contract/bootstrap-host.ts';
import { channelBehaviour } from '../contract/channel-behaviour.ts';
import { RunningFunction } from '../contract/running-function.ts';
import { memoryGrowthKib, noProc, traceIds } from '../contract/traces.ts';

const ruby = anyRuby();
const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}`;

const missing = ruby === undefined && 'there is no Ruby here: run scripts/setup';

suite(`ruby ${ruby?.version ?? ''}`, { skip: missing, concurrency: 4 }, () => {
  if (ruby === undefined) return;
  const { launch, version } = ruby;
  const start = (code: string, env: Readonly<Record<string, string>> = {}) =>
    RunningFunction.start(launch, 'app.rb', code, env);

  test('methods of a file, of classes and of modules answer', async () => {
    const layouts: readonly (readonly [string, string, string])[] = [
      ['app.rb', 'def run(event:, context:) = event', 'app.run'],
      ['src/deep/app.rb', 'def run(event:, context:) = event', 'src/deep/app.run'],
      ['app.rb', 'class App\n def self.run(event:, context:) = event\nend', 'app.App.run'],
      [
        'app.rb',
        'module Shop\n class App\n  def self.run(event:, context:) = event\n end\nend',
        'app.Shop::App.run',
      ],
    ];
    for (const [file, code, handler] of layouts) {
      using root = new TaskRoot({ [file]: code });
      await using host = new BootstrapHost(launch);
      assert.equal(await host.init(root, handler), undefined);
      assert.deepEqual(await host.invoke('{"x":"ü"}'), { kind: 'response', text: '{"x":"ü"}' });
    }
  });

  test('what keeps a handler from being loaded fails init by its name', async () => {
    const broken: readonly (readonly [Readonly<Record<string, string>>, string, string, RegExp])[] = [
      [{}, 'app.run', 'Init<LoadError>', /^cannot load such file -- app/],
      [{ 'app.rb': 'require "nope"' }, 'app.run', 'Init<LoadError>', /^cannot load such file -- nope/],
      [{}, 'app', 'Init<ArgumentError>', /^Invalid handler \["app"\], must be of form FILENAME\.METHOD/],
      [{ 'app.rb': 'def run(' }, 'app.run', 'Init<SyntaxError>', /app\.rb:1/],
      [{ 'app.rb': 'raise "no"' }, 'app.run', 'Init<RuntimeError>', /^no$/],
      [{ 'app.rb': 'exit 3' }, 'app.run', 'Init<SystemExit>', /^exit$/],
    ];
    for (const [files, handler, type, message] of broken) {
      using root = new TaskRoot(files);
      await using host = new BootstrapHost(launch);
      const failure = await host.init(root, handler);
      assert.equal(failure?.errorType, type);
      assert.match(failure.errorMessage, message);
      assert.deepEqual(await host.exited, { code: 1, signal: null });
      assert.match(host.logs.at(-1)?.text ?? '', /^Init error when loading handler app/);
    }
  });

  test('the environment is exactly what init says, and the code is where files are found', async () => {
    await using run = await start(
      `def handler(event:, context:)
        { env: ENV.to_h, cwd: Dir.pwd, first: $LOAD_PATH.first, gems: Gem.path.first, hour: Time.at(0).hour,
          encoding: Encoding.default_external }
      end`,
      { MINE: 'x', TZ: 'Asia/Tokyo' },
    );
    const { env, gems, ...rest } = await run.parsed('{}', { traceId: 'Root=1-2' });
    const { GEM_PATH, RUBYLIB, ...others } = env as Record<string, string>;
    assert.deepEqual(others, { ...functionEnv, MINE: 'x', TZ: 'Asia/Tokyo', _X_AMZN_TRACE_ID: 'Root=1-2' });
    const { path } = run.root;
    assert.equal(RUBYLIB, `${path}:/opt/ruby/lib`);
    const line = `${version.split('.').slice(0, 2).join('.')}.0`;
    assert.equal(GEM_PATH, `${path}/vendor/bundle/ruby/${line}:/opt/ruby/gems/${line}`);
    assert.notEqual(gems, undefined);
    assert.deepEqual(rest, { cwd: path, first: path, hour: 9, encoding: 'UTF-8' });
  });

  test('the trace id of the invoke at hand is where functions and child processes look for it', async () => {
    await using run = await start(`NAME = '_X_AMZN_TRACE_ID'
def handler(event:, context:)
  seen = { read: ENV[NAME], fetched: ENV.fetch(NAME, nil), copied: ENV.to_h[NAME], child: \`printf %s "$#{NAME}"\` }
  ENV[NAME] = 'own'
  own = [ENV[NAME], \`printf %s "$#{NAME}"\`]
  ENV.delete(NAME) if event == 1
  { seen: seen, own: own }
end`);
    for (const [turn, traceId] of traceIds.entries()) {
      const id = traceId ?? null;
      assert.deepEqual(await run.parsed(String(turn % 2), { traceId: traceId ?? '' }), {
        seen: { read: id, fetched: id, copied: id, child: id ?? '' },
        own: ['own', 'own'],
      });
    }
  });

  test('trace ids leave nothing in memory', { skip: noProc }, async () => {
    await using run = await start(`def handler(event:, context:)
  return unless event
  GC.start
  { kib: File.read('/proc/self/status')[/VmRSS:\\s+(\\d+)/, 1].to_i }
end`);
    assert.ok((await memoryGrowthKib(run)) < 10_000);
  });

  test('a Ruby without fiddle sets the trace id all the same', () => {
    if (launch.kind !== 'channel') assert.fail(launch.kind);
    const file = fileURLToPath(new URL('lambkin_trace.rb', import.meta.url));
    const code = `module Kernel
  alias real_require require
  def require(name) = name == 'fiddle' ? raise(LoadError) : real_require(name)
end
load ${JSON.stringify(file)}
$stdout.sync = true
['a', nil, 'b'].each { |value| LambkinTrace.set(value); p ENV['_X_AMZN_TRACE_ID']; system('echo $_X_AMZN_TRACE_ID') }
abort 'it has fiddle' if defined?(Fiddle)`;
    const { stdout, status, stderr } = spawnSync(launch.command, ['-e', code], { encoding: 'utf8' });
    assert.deepEqual([status, stdout], [0, '"a"\na\nnil\n\n"b"\nb\n'], stderr);
  });

  test('gems of the function are found', async () => {
    const line = `${version.split('.').slice(0, 2).join('.')}.0`;
    const gem = `vendor/bundle/ruby/${line}`;
    using root = new TaskRoot({
      'app.rb': "require 'tiny'\ndef handler(event:, context:) = Tiny::VALUE",
      [`${gem}/gems/tiny-1.0.0/lib/tiny.rb`]: 'module Tiny\n  VALUE = 42\nend',
      [`${gem}/specifications/tiny-1.0.0.gemspec`]:
        "Gem::Specification.new { |s| s.name = 'tiny'; s.version = '1.0.0'; s.summary = 't'; s.authors = ['t']; s.require_paths = ['lib'] }",
    });
    await using host = new BootstrapHost(launch);
    assert.equal(await host.init(root, 'app.handler'), undefined, JSON.stringify(host.logs));
    assert.equal((await host.invoke('{}')).text, '42');
  });

  test('the context is complete', async () => {
    await using run = await start(`def handler(event:, context:)
      names = %i[aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version
                 invoked_function_arn identity client_context]
      names.to_h { |name| [name, context.public_send(name)] }.merge(left: context.get_remaining_time_in_millis)
    end`);
    const { left, ...rest } = await run.parsed('{}', {
      requestId: 'r-1',
      invokedArn: 'arn:x',
      deadlineMs: Date.now() + 60_000,
      clientContext: '{"custom":{"a":1}}',
    });
    assert.ok(typeof left === 'number' && left > 40_000 && left <= 60_000);
    assert.deepEqual(rest, {
      ...contextFacts,
      identity: null,
      client_context: { custom: { a: 1 } },
    });
  });

  test('an error is answered with its stack from the first line of the function on, and logged', async () => {
    await using run = await start(`class Mine < StandardError; end
def deep = raise(Mine, 'nö')
def handler(event:, context:)
  return 1 if event['ok']
  deep
end`);
    const answer = await run.host.invoke('{}', { requestId: 'r-3' });
    assert.equal(answer.kind, 'error');
    const { stackTrace, ...error } = JSON.parse(answer.text) as { stackTrace: string[] };
    assert.deepEqual(error, { errorMessage: 'nö', errorType: 'Function<Mine>' });
    assert.equal(stackTrace.length, 2);
    assert.ok(stackTrace[0]?.startsWith(`${run.root.path}/app.rb:2:in `));
    assert.deepEqual(run.host.logs[0]?.level, 4);
    assert.match(
      run.host.logs[0]?.text ?? '',
      /^Error raised from handler method\n{\n {2}"errorMessage": "nö"/,
    );
    assert.equal((await run.host.invoke('{"ok":1}')).text, '1');
  });

  test('a name that is not there, and the end of the process, are answered and end it', async () => {
    const ends: readonly (readonly [string, string])[] = [
      ['nil.upcase', 'Function<NoMethodError>'],
      ['exit 3', 'Function<SystemExit>'],
      ['def self.again = again; again', 'Function<SystemStackError>'],
    ];
    for (const [code, type] of ends) {
      await using run = await start(`def handler(event:, context:)\n  ${code}\nend`);
      const answer = await run.host.invoke('{}');
      assert.equal(answer.kind, 'fatal', code);
      assert.equal((JSON.parse(answer.text) as { errorType: string }).errorType, type);
      assert.deepEqual(await run.host.exited, { code: 255, signal: null });
    }
    await using run = await start('def handler(event:, context:) = exit!(4)');
    assert.equal((await run.host.invoke('{}')).kind, 'ended');
    assert.deepEqual(await run.host.exited, { code: 4, signal: null });
  });

  test('events that are not JSON are an error, and an IO is answered as it is', async () => {
    await using run = await start(
      "require 'stringio'\ndef handler(event:, context:) = event == 1 ? StringIO.new('raw') : event",
    );
    for (const payload of ['{', '', 'nope']) {
      const answer = await run.host.invoke(payload);
      assert.equal(answer.kind, 'error');
      assert.match(answer.text, /"errorType":"Function<JSON::ParserError>"/);
    }
    assert.equal((await run.host.invoke('1')).text, 'raw');
    assert.equal((await run.host.invoke('null')).text, 'null');
  });

  test('puts is one event per line, before the answer; Logger has level, time and request id', async () => {
    await using run = await start(`require 'logger'
puts 'at init'
LOGGER = Logger.new($stdout, progname: 'mine')
def handler(event:, context:)
  puts 'a', 1; puts "two\\nlines"; print 'ü'; $stdout.print '!'; $stdout << "\\n"; p 'p'; warn 'w'
  printf("%d\\n", 3)
  LOGGER.debug('d'); LOGGER.info('i'); LOGGER.error("e\\nf")
  print 'unfinished'
end`);
    await run.host.invoke('{}', { requestId: 'r-2' });
    const texts = run.host.logs.map(({ level, text }) =>
      `${level} ${text}`.replace(new RegExp(`${iso} #\\d+`), 'T #P'),
    );
    assert.deepEqual(texts, [
      '255 at init',
      '255 a',
      '255 1',
      '255 two',
      '255 lines',
      '255 ü!',
      '255 "p"',
      '255 w',
      '255 3',
      '1 D, [T #P] DEBUG r-2 -- mine: d',
      '2 I, [T #P]  INFO r-2 -- mine: i',
      '4 E, [T #P] ERROR r-2 -- mine: e\nf',
      '255 unfinished',
    ]);
  });

  test('JSON logs have the fields of AWS, and respect the level', async () => {
    await using run = await start(
      `require 'logger'
LOGGER = Logger.new($stdout)
def handler(event:, context:)
  LOGGER.info('hidden'); LOGGER.warn('w')
  begin; raise ArgumentError, 'bad'; rescue => e; LOGGER.error(e); end
  raise 'no'
end`,
      { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' },
    );
    await run.host.invoke('{}', { requestId: 'r-2' });
    const events = run.host.logs.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
    assert.match(String(events[0]?.['timestamp']), new RegExp(`^${iso}Z$`));
    assert.deepEqual(
      { ...events[0], timestamp: 0 },
      { timestamp: 0, level: 'WARN', message: 'w', requestId: 'r-2' },
    );
    assert.deepEqual([events[1]?.['errorType'], events[1]?.['message']], ['ArgumentError', 'bad']);
    assert.match(String(events[1]?.['location']), /app\.rb:handler:5$/);
    assert.deepEqual([events[2]?.['errorType'], events[2]?.['level']], ['Function<RuntimeError>', 'ERROR']);
    assert.equal(events.length, 3);
  });

  channelBehaviour(launch, {
    start,
    echo: 'def handler(event:, context:) = event',
    background: 'Thread.new { sleep 60 }\ndef handler(event:, context:) = event',
    threads: `def handler(event:, context:)
  4.times.map { Thread.new { 200.times { puts 'x' * 300 } } }.each(&:join)
  Process.wait(fork { puts 'from the child' })
  return 'never seen' if fork.nil?
  $?.exitstatus
end`,
  });
});
