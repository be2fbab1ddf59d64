/** Layers in functions of every kind, on a Lambkin as its users start it; and what is left of them after kill -9. */
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteLayerVersionCommand,
  InvokeCommand,
  PublishLayerVersionCommand,
  type Runtime,
  UpdateFunctionConfigurationCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { probeMounting } from '#worker';
import { archive } from '../archive.ts';
import { role, type Service, startService } from '../service.ts';

/** The name of this host's Python as a runtime. */
const python = spawnSync('python3', ['-c', 'import sys; print("python%d.%d" % sys.version_info[:2])'])
  .stdout?.toString()
  .trim() as Runtime | undefined;
const mounting = await probeMounting(tmpdir(), undefined);
/** Paths below /opt work only where Lambkin can mount. */
const skip = mounting.kind === 'none' ? mounting.why : false;
const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-layers-'));
let service: Service;
before(async () => {
  service = await startService({ dataDirectory });
});
after(async () => {
  await service.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function layer(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const Content = { ZipFile: await archive(files) };
  const output = await service.client.send(new PublishLayerVersionCommand({ LayerName: name, Content }));
  return output.LayerVersionArn ?? '';
}

async function create(
  FunctionName: string,
  files: Readonly<Record<string, string>>,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  const input: CreateFunctionCommandInput = {
    FunctionName,
    Role: role,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: await archive(files) },
    ...more,
  };
  await service.client.send(new CreateFunctionCommand(input));
  await waitUntilFunctionActiveV2(
    { client: service.client, maxWaitTime: 60, minDelay: 0.05, maxDelay: 0.05 },
    { FunctionName },
  );
}

async function invoke(FunctionName: string): Promise<unknown> {
  const { Payload } = await service.client.send(new InvokeCommand({ FunctionName }));
  return JSON.parse(Buffer.from(Payload ?? []).toString());
}

/** What of this service's processes is there, and what is mounted at /opt on this host. */
function leftovers(): { readonly pids: readonly string[]; readonly mounts: readonly string[] } {
  const pids = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(dataDirectory);
    } catch {
      return false;
    }
  });
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return { pids, mounts: mounts.filter((line) => line.split(' ')[4] === '/opt') };
}

test(
  'a Node function requires modules of its layers, by name and by path; later layers win',
  { skip },
  async () => {
    const layers = [
      await layer('base', {
        'nodejs/node_modules/who/index.js': "module.exports = 'base'",
        'nodejs/node_modules/only-base/index.js': "module.exports = 'base'",
        'nodejs/node24/node_modules/for24/index.js': 'module.exports = 24',
        'data/value.txt': 'base',
        'bin/tool': '#!/bin/sh\necho tool\n',
      }),
      await layer('over', {
        'nodejs/node_modules/who/index.js': "module.exports = 'over'",
        'data/value.txt': 'over',
      }),
    ];
    const source = `
    const { readFileSync, writeFileSync } = require('node:fs');
    const attempt = () => { try { writeFileSync('/opt/x', ''); return 'written' } catch (error) { return error.code } };
    exports.handler = async () => ({
      who: require('who'), onlyBase: require('only-base'), for24: require('for24'),
      path: require('/opt/nodejs/node_modules/who'), value: readFileSync('/opt/data/value.txt', 'utf8'),
      written: attempt(), esm: await import('who').then(() => 'found', (error) => error.code),
    });`;
    await create('node', { 'index.js': source }, { Layers: layers });
    const expected = {
      who: 'over',
      onlyBase: 'base',
      for24: 24,
      path: 'over',
      value: 'over',
      written: 'EROFS',
      // As on AWS: import does not look at NODE_PATH.
      esm: 'ERR_MODULE_NOT_FOUND',
    };
    assert.deepEqual(await invoke('node'), expected);

    const update = new UpdateFunctionConfigurationCommand({
      FunctionName: 'node',
      Layers: layers.toReversed(),
    });
    await service.client.send(update);
    assert.deepEqual(
      await invoke('node'),
      { ...expected, who: 'base', path: 'base', value: 'base' },
      'at once',
    );
  },
);

test('a handler may be in a layer', { skip }, async () => {
  const Layers = [await layer('wrapper', { 'nodejs/wrap.js': 'exports.handler = async () => __filename' })];
  await create('wrapped', { 'index.js': '' }, { Layers, Handler: '/opt/nodejs/wrap.handler' });
  assert.equal(await invoke('wrapped'), '/opt/nodejs/wrap.js');
});

test(
  'a Python function imports from its layers, in the order of AWS',
  { skip: skip || !python },
  async () => {
    const site = `python/lib/${python}/site-packages`;
    const Layers = [
      await layer('py', {
        'python/both.py': "where = 'python'",
        'python/plain.py': "where = 'python'",
        [`${site}/both.py`]: "where = 'site-packages'",
        [`${site}/extra.pth`]: '/opt/python/more\n',
        'python/more/added.py': "where = 'pth'",
        'python/mine.py': "where = 'layer'",
      }),
    ];
    const source = `
import added, both, mine, plain, sys
def handler(event, context):
    return [added.where, both.where, mine.where, plain.where, [p for p in sys.path if p.startswith("/opt")]]
`;
    const files = { 'index.py': source, 'mine.py': "where = 'function'" };
    const more: Partial<CreateFunctionCommandInput> = { Layers, ...(python && { Runtime: python }) };
    await create('py', files, more);
    assert.deepEqual(await invoke('py'), [
      'pth',
      'site-packages',
      'function',
      'python',
      [`/opt/${site}`, '/opt/python', '/opt/python/more'],
    ]);
    const Environment = { Variables: { PYTHONPATH: '/opt/python/more' } };
    await create(
      'py-path',
      { 'index.py': 'import sys\ndef handler(e, c): return sys.path' },
      { ...more, Environment },
    );
    const path = (await invoke('py-path')) as string[];
    assert.equal(path[1], '/opt/python/more');
    assert.ok(
      path.indexOf(`/opt/${site}`) > path.findIndex((entry) => entry.endsWith('lib-dynload')),
      String(path),
    );
    assert.ok(!path.includes('/opt/python'));
  },
);

test('a provided function starts the bootstrap of a layer', { skip }, async () => {
  const bootstrap = `#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while :; do
  id=$(curl -sSD - -o /dev/null $api/next | tr -d '\\r' | sed -n 's/^Lambda-Runtime-Aws-Request-Id: //Ip')
  curl -sS -o /dev/null -d "\\"$0 $(cat /opt/value)\\"" $api/$id/response
done
`;
  const Layers = [await layer('boot', { bootstrap, value: 'from a layer' })];
  await create('provided', { 'index.txt': '' }, { Layers, Runtime: 'provided.al2023', Handler: 'none' });
  assert.equal(await invoke('provided'), '/opt/bootstrap from a layer');
});

test('five layers are taken, six are not', { skip }, async () => {
  const Layers: string[] = [];
  for (let index = 1; index <= 6; index += 1) Layers.push(await layer(`l${index}`, { [`f${index}`]: 'x' }));
  const source = "exports.handler = async () => require('node:fs').readdirSync('/opt').sort()";
  await create('five', { 'index.js': source }, { Layers: Layers.slice(0, 5) });
  assert.deepEqual(await invoke('five'), ['f1', 'f2', 'f3', 'f4', 'f5']);
  await assert.rejects(create('six', { 'index.js': source }, { Layers }), {
    name: 'InvalidParameterValueException',
    message: 'Cannot reference more than 5 layers.',
  });
});

test(
  'after kill -9 no mount and no process is left, and functions run with layers that were deleted',
  { skip },
  async () => {
    const Layers = [await layer('kept', { 'value.txt': 'kept' }), await layer('other', { 'other.txt': 'x' })];
    const source = `
    const { spawn } = require('node:child_process');
    spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' }).unref();
    exports.handler = async () => require('node:fs').readFileSync('/opt/value.txt', 'utf8');`;
    await create('kept', { 'index.js': source }, { Layers });
    assert.equal(await invoke('kept'), 'kept');
    for (const LayerName of ['kept', 'other']) {
      await service.client.send(new DeleteLayerVersionCommand({ LayerName, VersionNumber: 1 }));
    }
    await service.kill();
    assert.deepEqual(leftovers().mounts, []);
    service = await startService({ dataDirectory });
    assert.equal(await invoke('kept'), 'kept');
    await service.stop();
    assert.deepEqual(leftovers(), { pids: [], mounts: [] });
    service = await startService({ dataDirectory });
  },
);
