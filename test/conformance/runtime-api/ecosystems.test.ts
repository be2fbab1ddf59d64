/**
 * Programs that use the Lambda libraries of their languages, on a `provided` runtime. scripts/setup builds them where it has a
 * compiler and can fetch the libraries; elsewhere these tests skip.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { ProvidedFunction } from './provided-function.ts';

const home = '/usr/local/lib/lambkin-conformance';
const ecosystems = [
  { name: 'Go with aws-lambda-go', program: join(home, 'go/bootstrap') },
  { name: 'Rust with lambda_runtime', program: join(home, 'rust/bootstrap') },
] as const;

async function start(program: string): Promise<ProvidedFunction> {
  const run = new ProvidedFunction({ bootstrap: `#!/bin/sh\nexec '${program}'\n` });
  await run.start('any.handler');
  return run;
}

for (const { name, program } of ecosystems) {
  const skip = !existsSync(program) && `no ${program}: run scripts/setup where its libraries can be fetched`;
  suite(name, { skip }, () => {
    test('answers events, and knows its invoke', async () => {
      await using run = await start(program);
      assert.deepEqual(await run.invoke('{"x":"ü"}'), { text: '{"x":"ü"}', failed: false });
      const { leftMs, ...facts } = JSON.parse((await run.invoke('{"what":"context"}')).text) as Record<
        string,
        unknown
      >;
      assert.ok(typeof leftMs === 'number' && leftMs > 0 && leftMs <= 30_000);
      assert.deepEqual(facts, {
        requestId: '00000000-0000-4000-8000-000000000002',
        arn: 'arn:aws:lambda:us-east-1:000000000000:function:provided',
        name: 'provided',
      });
    });

    test('reports errors, and serves on; an exit is Runtime.ExitError', async () => {
      await using run = await start(program);
      const answer = await run.invoke('{"what":"error"}');
      assert.equal(answer.failed, true);
      assert.match(answer.text, /"errorMessage":"asked to fail"/);
      assert.equal((await run.invoke('{"x":1}')).text, '{"x":1}');
      assert.match((await run.invoke('{"what":"exit"}')).text, /Runtime\.ExitError.*exit status 4/);
    });
  });
}
