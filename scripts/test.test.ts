/** How tests are run: what is counted, how it ends, and that nothing is left of it. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { endDescendants } from './testing/descendants.ts';
import { lanesOf } from './testing/lanes.ts';

const program = join(import.meta.dirname, 'test.ts');
// Here tests run already; what is started is to begin anew.
const {
  NODE_TEST_CONTEXT: _context,
  NODE_TEST_WORKER_ID: _worker,
  FORCE_COLOR: _color,
  ...rest
} = process.env;
const env = { ...rest, NO_COLOR: '1' };

/** A folder with these test files. */
function folder(context: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'lambkin-run-'));
  context.after(() => rmSync(path, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function ran(...args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
  return spawnSync(process.execPath, args, { env, encoding: 'utf8' });
}

const good = `import { test } from 'node:test'; test('is good', () => {}); test('is not run', { skip: 'why' }, () => {});`;
const bad = `import { test } from 'node:test'; test('is bad', () => { throw new Error('broken'); });`;

suite('a run', () => {
  test('of good files ends with 0 and one summary', (context) => {
    const path = folder(context, { 'a.test.ts': good, 'b.test.ts': good, 'no-test.ts': 'process.exit(7)' });
    const { status, stdout } = ran(program, path);
    assert.equal(status, 0, stdout);
    assert.match(stdout, /tests 4\n[^]*pass 2\n[^]*fail 0\n[^]*skipped 2\n/);
    assert.equal(stdout.match(/ tests \d/g)?.length, 1);
  });

  for (const [kind, text] of Object.entries({
    'whose test fails': bad,
    'that throws': `throw new Error('broken');`,
    'that exits': 'process.exit(3);',
    'that is killed': `process.kill(process.pid, 'SIGKILL');`,
    'that does not compile': 'const',
  })) {
    test(`with a file ${kind} ends with 1, and runs the others`, (context) => {
      const { status, stdout } = ran(program, folder(context, { 'a.test.ts': text, 'b.test.ts': good }));
      assert.equal(status, 1);
      assert.match(stdout, /is good/);
      assert.match(stdout, /fail 1\n/);
      assert.match(stdout, /failing tests:/);
    });
  }

  test('of many files tells which took longest', (context) => {
    const files = Array.from({ length: 11 }, (_, index) => [`${index}.test.ts`, good] as const);
    const { stdout } = ran(program, folder(context, Object.fromEntries(files)));
    assert.equal(stdout.match(/ \d+ s: .*lambkin-run-.*\.test\.ts\n/g)?.length, 10, stdout);
  });

  test('with flags leaves these to Node', (context) => {
    const path = folder(context, { 'a.test.ts': good, 'b.test.ts': bad });
    const { status, stdout } = ran(program, path, '--test-name-pattern=good', '--test-reporter=tap');
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^TAP version/);
  });

  test('of no file is a failure', (context) => {
    assert.equal(ran(program, folder(context, {})).status, 1);
  });

  test('in several lanes counts all of them, and one that fails is enough', (context) => {
    const path = folder(context, {
      'a.test.ts': good,
      'b.test.ts': bad,
      'run.ts': `import { testEvents } from ${JSON.stringify(join(import.meta.dirname, 'testing/events.ts'))};
        const lanes = process.argv.slice(2).map((file) => ({ files: [import.meta.dirname + '/' + file], concurrency: 1 }));
        const onEnd = (success) => console.log('success ' + success);
        const options = { timeoutMs: 60_000, signal: new AbortController().signal, onEnd };
        for await (const { type, data } of testEvents(lanes, options))
          if (type === 'test:diagnostic') console.log(data.message);`,
    });
    const run = (...files: readonly string[]) => ran(join(path, 'run.ts'), ...files).stdout;
    assert.match(run('b.test.ts', 'a.test.ts'), /^tests 3\n[^]*fail 1\n[^]*success false\n$/);
    assert.match(run('a.test.ts', 'b.test.ts'), /^tests 3\n[^]*fail 1\n[^]*success false\n$/);
    assert.match(run('a.test.ts', 'a.test.ts'), /^tests 4\n[^]*fail 0\n[^]*success true\n$/);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`that is ended by ${signal} leaves no process`, async (context) => {
      const path = folder(context, {
        'a.test.ts': `import { spawn } from 'node:child_process';
          import { renameSync, writeFileSync } from 'node:fs';
          import { test } from 'node:test';
          test('waits', async () => {
            const { pid } = spawn('sleep', ['999']);
            writeFileSync(import.meta.dirname + '/part', process.pid + ' ' + pid);
            renameSync(import.meta.dirname + '/part', import.meta.dirname + '/pids');
            await new Promise((resolve) => setTimeout(resolve, 99_000));
          });`,
        'b.test.ts': bad,
      });
      const run = spawn(process.execPath, [program, path], { env, stdio: 'ignore' });
      const ended = once(run, 'exit');
      while (!existsSync(join(path, 'pids'))) await sleep(10);
      run.kill(signal);
      assert.deepEqual(await ended, [null, signal]);
      assert.deepEqual(readFileSync(join(path, 'pids'), 'utf8').split(' ').map(Number).filter(runs), []);
    });
  }

  test('kills what does not end when it is asked to, and what is below that', async () => {
    const stubborn = 'trap : TERM; sleep 999 & echo $$ $!; while :; do wait; done';
    const child = spawn('sh', ['-c', stubborn], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [pids] = (await once(child.stdout, 'data')) as [Buffer];
    await endDescendants(process.pid, 50);
    assert.deepEqual(String(pids).split(' ').map(Number).filter(runs), []);
  });
});

/** Whether a process runs; one that nobody has asked for its end yet does not. */
function runs(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}

suite('lanes', () => {
  const [one, two, three] = ['scripts/test.ts', 'scripts/setup', 'scripts/test.test.ts'] as const;
  const special = { long: [three], alone: [one] };

  test('long files come first, those that must be alone last and one by one', () => {
    assert.deepEqual(lanesOf([one, two, three], 8, special), [
      { files: [three, two], concurrency: 8 },
      { files: [one], concurrency: 1 },
    ]);
  });

  test('nothing is run that was not asked for, and nothing twice', () => {
    assert.deepEqual(lanesOf([two, `./${two}`, join(process.cwd(), two)], 2, special), [
      { files: [two], concurrency: 2 },
    ]);
  });

  test('a special file that is not there is told', () => {
    assert.throws(() => lanesOf([two], 2, { long: ['src/gone.test.ts'], alone: [] }), /src\/gone\.test\.ts/);
  });
});
