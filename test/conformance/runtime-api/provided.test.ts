/** The Runtime API of the worker, as runtimes of other people use it: a shell with curl, Python's urllib, AWS's own client. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ProvidedFunction } from './provided-function.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:provided';

/** The reason why a suite cannot run here, or false. */
function lacking(program: string): string | false {
  const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
  return error === undefined ? false : `${program} is not installed: run scripts/setup`;
}

suite('a shell and curl', { skip: lacking('curl') }, () => {
  test('answers events, errors, and a payload of megabytes', async () => {
    await using run = new ProvidedFunction({ bootstrap: { fixture: 'shell-bootstrap' } });
    await run.start('any.handler');
    assert.deepEqual(await run.invoke('{"x":"ü"}'), { text: '{"x":"ü"}', failed: false });
    const failure = await run.invoke('{"do":"fail"}');
    assert.equal(failure.failed, true);
    assert.deepEqual(JSON.parse(failure.text), {
      errorMessage: 'asked to fail',
      errorType: 'Function.Asked',
    });
    const large = JSON.stringify({ text: 'x'.repeat(5_000_000) });
    assert.equal((await run.invoke(large)).text, large);
    assert.match(run.log, /serving 00000000-0000-4000-8000-000000000001 with any\.handler/);
  });
});

const startUrllib = async (handler = 'any.handler') => {
  const run = new ProvidedFunction({ bootstrap: { fixture: 'urllib-bootstrap.py' } });
  await run.start(handler);
  return run;
};

suite("Python's urllib", { skip: lacking('python3') }, () => {
  test('gets the headers of an invoke', async () => {
    await using run = await startUrllib();
    const headers = JSON.parse((await run.invoke('"headers"', '{"custom":{}}')).text) as Record<
      string,
      string
    >;
    assert.equal(headers['lambda-runtime-aws-request-id'], '00000000-0000-4000-8000-000000000001');
    assert.equal(headers['lambda-runtime-invoked-function-arn'], arn);
    assert.match(headers['lambda-runtime-trace-id'] ?? '', /^Root=1-5759e988/);
    assert.equal(headers['lambda-runtime-client-context'], '{"custom":{}}');
    const leftMs = Number(headers['lambda-runtime-deadline-ms']) - Date.now();
    assert.ok(leftMs > 0 && leftMs <= 30_000);
  });

  test('is told what it does wrong, and the invoke goes on', async () => {
    await using run = await startUrllib();
    const [response, error] = JSON.parse((await run.invoke('"wrong id"')).text) as [
      number,
      { errorType: string },
    ][];
    assert.deepEqual([response?.[0], response?.[1].errorType], [400, 'InvalidRequestID']);
    assert.deepEqual([error?.[0], error?.[1].errorType], [400, 'InvalidRequestID']);
    assert.equal((await run.invoke('"wrong path"')).text, '404');
    const [status, body] = JSON.parse((await run.invoke('"init error"')).text) as [
      number,
      { errorType: string },
    ];
    assert.deepEqual([status, body.errorType], [403, 'InvalidStateTransition']);
  });

  test('answers once: the second answer of one invoke is refused', async () => {
    await using run = await startUrllib();
    assert.equal((await run.invoke('"twice"')).text, '"first"');
    assert.equal((await run.invoke('1')).text, '1');
    assert.match(run.log, /first \[202, \{"status": "OK"\}\] second \[400, /);
  });

  test('an answer that is too large is the failure of that invoke alone', async () => {
    await using run = await startUrllib();
    const answer = await run.invoke('"large"');
    assert.equal(answer.failed, true);
    assert.match(answer.text, /"errorType":\s*"Function\.ResponseSizeTooLarge"/);
    assert.match(answer.text, /exceeded maximum allowed payload size \(6291556 bytes\)/);
    assert.equal((await run.invoke('1')).text, '1');
  });

  test('an error is passed on as it is, and the environment serves on', async () => {
    await using run = await startUrllib();
    const answer = await run.invoke('"error"');
    assert.deepEqual(
      [answer.failed, JSON.parse(answer.text)],
      [true, { errorType: 'Mine', errorMessage: 'no', stackTrace: ['here'] }],
    );
    assert.equal((await run.invoke('2')).text, '2');
  });

  test('an exit is Runtime.ExitError with its status', async () => {
    await using run = await startUrllib();
    const answer = await run.invoke('"exit"');
    assert.equal(answer.failed, true);
    assert.deepEqual(JSON.parse(answer.text), {
      errorType: 'Runtime.ExitError',
      errorMessage:
        'RequestId: 00000000-0000-4000-8000-000000000001 Error: Runtime exited with error: exit status 3',
    });
  });

  test('a failed init is what the first invoke answers', async () => {
    await using run = await startUrllib('init.error');
    const answer = await run.invoke('1');
    assert.deepEqual(
      [answer.failed, JSON.parse(answer.text)],
      [true, { errorType: 'Init.Asked', errorMessage: 'asked to fail' }],
    );
  });
});

/** Where scripts/setup installs what is too heavy for every `npm ci`. */
const home = process.env['LAMBKIN_CONFORMANCE'] ?? '/usr/local/lib/lambkin-conformance';
const ric = join(home, 'node_modules/aws-lambda-ric');
const ricIsBuilt = existsSync(join(ric, 'rapid-client.node'));

const startRic = async (handler: string) => {
  const run = new ProvidedFunction({
    bootstrap: `#!/bin/sh\nexec '${process.execPath}' '${join(ric, 'index.mjs')}'\n`,
    'app.mjs': { fixture: 'ric-app.mjs' },
  });
  await run.start(handler);
  return run;
};

suite(
  "AWS's aws-lambda-ric",
  { skip: !ricIsBuilt && `no built aws-lambda-ric in ${home}: run scripts/setup` },
  () => {
    test('answers events, also many and large ones', async () => {
      await using run = await startRic('app.handler');
      for (let turn = 0; turn < 50; turn += 1) {
        assert.deepEqual(await run.invoke(`{"turn":${turn}}`), { text: `{"turn":${turn}}`, failed: false });
      }
      const large = JSON.stringify({ text: 'ä'.repeat(2_500_000) });
      assert.equal((await run.invoke(large)).text, large);
      assert.match(run.log, /\tINFO\tseen undefined/);
    });

    test('fills the context from the headers', async () => {
      await using run = await startRic('app.handler');
      const { left, ...context } = JSON.parse(
        (await run.invoke('{"what":"context"}', '{"custom":{"a":1}}')).text,
      ) as Record<string, unknown>;
      assert.ok(typeof left === 'number' && left > 0 && left <= 30_000);
      assert.equal(context['awsRequestId'], '00000000-0000-4000-8000-000000000001');
      assert.equal(context['invokedFunctionArn'], arn);
      assert.equal(context['functionName'], 'provided');
      assert.equal(context['memoryLimitInMB'], '512');
      assert.equal(context['logGroupName'], '/aws/lambda/provided');
      assert.deepEqual(context['clientContext'], { custom: { a: 1 } });
    });

    test('reports errors, and serves on', async () => {
      await using run = await startRic('app.handler');
      const answer = await run.invoke('{"what":"error"}');
      const { trace, ...error } = JSON.parse(answer.text) as { trace: unknown };
      assert.deepEqual(
        [answer.failed, error],
        [true, { errorType: 'RangeError', errorMessage: 'asked to fail' }],
      );
      assert.ok(Array.isArray(trace));
      assert.equal((await run.invoke('{"x":1}')).text, '{"x":1}');
    });

    test('a handler that is not there fails the first invoke with the client’s own error', async () => {
      await using run = await startRic('app.nothing');
      const answer = await run.invoke('{}');
      assert.equal(answer.failed, true);
      assert.match(answer.text, /"errorType":"Runtime\.HandlerNotFound"/);
    });

    test('an exit is Runtime.ExitError', async () => {
      await using run = await startRic('app.handler');
      assert.match((await run.invoke('{"what":"exit"}')).text, /Runtime\.ExitError.*exit status 4/);
    });
  },
);
