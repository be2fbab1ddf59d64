/** `lambkin dev`: what is saved is what runs. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { launcher, startService } from '../service.ts';

/** A folder under `lambkin dev`. */
class Dev implements AsyncDisposable {
  readonly folder: string;
  readonly dataDirectory: string;
  readonly #child: ReturnType<typeof spawn>;
  readonly #root: string;
  output = '';
  printed = '';

  constructor(files: Readonly<Record<string, string>>, args: readonly string[] = [], dataDirectory?: string) {
    this.#root = mkdtempSync(join(tmpdir(), 'lambkin-dev-'));
    this.folder = join(this.#root, 'my function');
    this.dataDirectory = dataDirectory ?? join(this.#root, 'data');
    for (const [name, text] of Object.entries(files)) this.save(name, text);
    this.#child = spawn(
      process.execPath,
      [launcher, 'dev', this.folder, '--port', '0', '--data-dir', this.dataDirectory, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NO_COLOR: '1' } },
    );
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.printed += chunk.toString()));
  }

  save(name: string, text: string): void {
    mkdirSync(dirname(join(this.folder, name)), { recursive: true });
    writeFileSync(join(this.folder, name), text);
  }

  async says(text: string | RegExp, where: 'output' | 'printed' = 'output'): Promise<void> {
    while (!(typeof text === 'string' ? this[where].includes(text) : text.test(this[where]))) {
      assert.equal(this.#child.exitCode, null, this.output);
      await sleep(5);
    }
  }

  /** Waits until it has said that it reloaded, after a change. */
  async reloaded(change: () => void): Promise<void> {
    const count = () => this.output.split('reloaded: ').length;
    const before = count();
    change();
    while (count() === before) {
      assert.equal(this.#child.exitCode, null, this.output);
      await sleep(5);
    }
  }

  async invoke(payload: unknown = {}): Promise<{ readonly text: string; readonly failed: boolean }> {
    const { endpoint, region, accessKeyId, secretAccessKey } = JSON.parse(
      readFileSync(join(this.dataDirectory, 'lambkin.json'), 'utf8'),
    ) as Record<'endpoint' | 'region' | 'accessKeyId' | 'secretAccessKey', string>;
    const client = new LambdaClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'my-function', Payload: Buffer.from(JSON.stringify(payload)) }),
    );
    return { text: Buffer.from(answer.Payload ?? []).toString(), failed: answer.FunctionError !== undefined };
  }

  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null) {
      this.#child.kill('SIGINT');
      await once(this.#child, 'exit');
    }
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

const answers = (value: string) =>
  `export const handler = async () => { console.log('ran'); return ${value}; };\n`;

test('a folder is a function; what is saved is what runs, through every state in between', async () => {
  await using dev = new Dev({
    'index.mjs': `import { value } from 'pkg';\n${answers('value')}`,
    'node_modules/pkg/package.json': '{"name":"pkg","type":"module","exports":"./main.js"}',
    'node_modules/pkg/main.js': 'export const value = 1;',
    '.git/HEAD': 'ref: refs/heads/main',
  });
  await dev.says('ready, 3 files');
  assert.match(dev.output, /my-function \(nodejs24\.x, index\.handler\)/);
  assert.deepEqual(await dev.invoke(), { text: '1', failed: false });
  await dev.says(/\tINFO\tran\n/, 'printed');

  // Editors write beside and rename; packages are part of the function; version control is not.
  await dev.reloaded(() => {
    dev.save('.git/HEAD', 'ref: refs/heads/other');
    dev.save('new.tmp', answers('2'));
    renameSync(join(dev.folder, 'new.tmp'), join(dev.folder, 'index.mjs'));
  });
  assert.equal((await dev.invoke()).text, '2');
  assert.match(dev.output, /reloaded: index\.mjs \(\d+ ms\)/);

  // Broken: told at once, and by the invoke, which never runs what was there before.
  await dev.reloaded(() =>
    dev.save('index.mjs', 'export const handler = async () => {\n  return 1 +;\n};\n'),
  );
  await dev.says(/index\.mjs:2\n[^]*SyntaxError: Unexpected token ';'/);
  const broken = await dev.invoke();
  assert.equal(broken.failed, true);
  assert.match(broken.text, /UserCodeSyntaxError|SyntaxError/);

  // The file is gone, and comes again.
  await dev.reloaded(() => rmSync(join(dev.folder, 'index.mjs')));
  assert.equal((await dev.invoke()).failed, true);
  await dev.reloaded(() =>
    dev.save('index.mjs', `import { value } from './lib/value.mjs';\n${answers('value')}`),
  );
  await dev.reloaded(() => dev.save('lib/value.mjs', 'export const value = 3;'));
  assert.equal((await dev.invoke()).text, '3');

  // Every save is there once it was said to be, also when its size and second are those of the one before.
  for (let value = 10; value < 20; value += 1) {
    await dev.reloaded(() => dev.save('lib/value.mjs', `export const value = ${value};`));
    assert.equal((await dev.invoke()).text, String(value));
  }

  // A folder that is away for a moment comes back.
  renameSync(dev.folder, `${dev.folder}.away`);
  await sleep(100);
  await dev.reloaded(() => {
    renameSync(`${dev.folder}.away`, dev.folder);
    dev.save('lib/value.mjs', 'export const value = 30;');
  });
  assert.equal((await dev.invoke()).text, '30');

  // Links inside stay links, links to the outside are followed.
  const outside = mkdtempSync(join(tmpdir(), 'lambkin-outside-'));
  try {
    writeFileSync(join(outside, 'far.mjs'), 'export const far = 4;');
    await dev.reloaded(() => {
      symlinkSync(outside, join(dev.folder, 'far'));
      symlinkSync('lib/value.mjs', join(dev.folder, 'near.mjs'));
      symlinkSync('..', join(dev.folder, 'lib/loop'));
      dev.save(
        'index.mjs',
        "import { far } from './far/far.mjs';\nimport { value } from './near.mjs';\n" +
          'export const handler = async () => [far, value, process.env.NODE_OPTIONS];',
      );
    });
    assert.equal((await dev.invoke()).text, '[4,30,"--enable-source-maps"]');
  } finally {
    rmSync(outside, { recursive: true });
  }
  assert.equal(await dev.stop(), 0);
  assert.equal(existsSync(join(dev.dataDirectory, 'lambkin.json')), false);
});

test('it uses the Lambkin that runs, waits for it while it is away, and leaves it running', async () => {
  let service = await startService();
  const { dataDirectory } = service;
  const keep = { dataDirectory };
  try {
    await using dev = new Dev(
      {
        'app.js':
          'exports.main = async () => [process.env.STAGE, process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE];',
      },
      ['--env', 'STAGE=test', '--memory', '256'],
      dataDirectory,
    );
    await dev.says('ready, 1 file');
    assert.match(dev.output, /my-function \(nodejs24\.x, app\.main\)/);
    assert.equal((await dev.invoke()).text, '["test","256"]');
    await service.kill();
    dev.save('app.js', 'exports.main = async () => 2;');
    await dev.says('not reloaded: no Lambkin runs on');
    service = await startService(keep);
    await dev.says('reloaded: app.js');
    assert.equal((await dev.invoke()).text, '2');
    assert.equal(await dev.stop(), 0);
    assert.equal((await fetch(service.endpoint)).status > 0, true);
  } finally {
    await service.stop();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

test('a folder that does not say what it is, and one that is not there, are told in a sentence', async () => {
  await using empty = new Dev({ 'README.md': 'nothing' });
  while ((await Promise.race([sleep(20), empty.says(/\0/).catch(() => 'ended')])) !== 'ended');
  assert.match(empty.output, /^lambkin: .* does not say what its function is: .* Name it with --handler/);
  assert.equal(await empty.stop(), 2);
});
