/** Functions of container images, run by a worker in container sandboxes. The images are plain directories here; mounting them is images/'s matter. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ImageMounts, MountedImage } from '#images';
import type { Configuration, ImageDefaults } from '#metadata';
import { ImageTree, runtimeClient } from './fixtures/image-tree.ts';
import { answerOf, World } from './fixtures/world.ts';
import type { LocalWorker, WorkerOptions } from './index.ts';
import { skipped } from './sandbox/contract/rooms.ts';

const skip = await skipped('container');

/** Directories that are images, by their id. */
class Mounts implements ImageMounts {
  readonly directories = new Map<string, string>();
  readonly lost = Promise.withResolvers<void>();
  uses = 0;

  async mount(imageId: string): Promise<MountedImage> {
    const directory = this.directories.get(imageId);
    if (directory === undefined) throw new Error(`there is no image ${imageId}`);
    this.uses += 1;
    return {
      directory,
      lost: this.lost.promise,
      release: async () => {
        this.uses -= 1;
      },
    };
  }

  async close(): Promise<void> {}
}

interface Scene extends AsyncDisposable {
  readonly world: World;
  readonly worker: LocalWorker;
  readonly mounts: Mounts;
  readonly tree: ImageTree;
  configuration(defaults?: Partial<ImageDefaults>, more?: Partial<Configuration>): Partial<Configuration>;
  /** What an invoke of a new environment of it answers. */
  run(configuration: Partial<Configuration>, event?: unknown): Promise<Record<string, unknown>>;
}

const configuration: Scene['configuration'] = (defaults = {}, more = {}) => ({
  runtime: '',
  handler: '',
  packageType: 'Image',
  code: { sha256: '0'.repeat(64), blobKey: '', sizeBytes: 0 },
  image: {
    imageUri: 'app:latest',
    resolvedImageUri: `app@sha256:${'0'.repeat(64)}`,
    digest: `sha256:${'0'.repeat(64)}`,
    compressedBytes: 1,
    reference: 'r',
    imageId: 'image',
    defaults: {
      entryPoint: ['node'],
      command: ['app.cjs', 'one'],
      workingDirectory: '/var/task',
      environment: { PATH: '/usr/local/bin:/usr/bin', FROM: 'image', CHOSEN: 'image', AWS_REGION: 'image' },
      ...defaults,
    },
  },
  ...more,
});

async function scene(options: Partial<WorkerOptions> = {}): Promise<Scene> {
  const world = new World();
  chmodSync(world.root, 0o755);
  const mounts = new Mounts();
  const tree = new ImageTree(join(world.root, 'image'));
  tree.program(process.execPath, '/usr/local/bin/node');
  tree.put('/var/task/app.cjs', runtimeClient, 0o644);
  tree.put('/var/task/code.txt', 'the image', 0o644);
  mounts.directories.set('image', tree.directory);
  const worker = await world.open({ isolation: 'container', images: mounts, ...options });
  return {
    world,
    worker,
    mounts,
    tree,
    configuration,
    run: async (given, event = {}) => {
      const environmentId = world.id();
      const created = await worker.create({ environmentId, version: world.version(given) });
      assert.equal(created.kind, 'created', JSON.stringify(created) + world.warnings.join());
      const outcome = await worker.invoke(environmentId, world.request(event));
      return answerOf(outcome) as Record<string, unknown>;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

suite('a function of a container image', { skip }, () => {
  test('runs what the image says, with its files, its environment and its directory', async () => {
    await using it = await scene();
    const answer = await it.run(it.configuration({}, { environment: { CHOSEN: 'function' } }), { a: 1 });
    assert.deepEqual(answer['event'], { a: 1 });
    assert.deepEqual(answer['argv'], ['one']);
    assert.equal(answer['cwd'], '/var/task');
    assert.equal(answer['uid'], 993);
    assert.equal(answer['code'], 'the image');
    const env = answer['env'] as Record<string, string>;
    assert.equal(env['FROM'], 'image');
    assert.equal(env['CHOSEN'], 'function');
    assert.equal(env['AWS_REGION'], 'eu-central-1');
    assert.equal(env['LAMBDA_TASK_ROOT'], '/var/task');
    assert.equal(env['_HANDLER'], 'app.cjs');
    assert.equal(env['AWS_EXECUTION_ENV'], undefined);
    assert.deepEqual(answer['writes'], {
      '/': 'EROFS',
      '/etc': 'EROFS',
      '/var/task': 'EROFS',
      '/tmp': 'worked',
      '/opt': 'ENOENT',
    });
    await it.world.until(() => it.world.log.includes('REPORT'));
    assert.match(it.world.log, /event \{"a":1\}/);
    assert.doesNotMatch(it.world.log, /INIT_START/);
  });

  test('is started as ImageConfig says where it says so, each part by itself', async () => {
    await using it = await scene();
    it.tree.put('/srv/other/x', '');
    const of = (ImageConfig: Configuration['kept'][string]): Partial<Configuration> =>
      it.configuration({}, { kept: { ImageConfig } });
    const command = await it.run(of({ Command: ['/var/task/app.cjs', 'two', "with 'quotes' $HOME"] }));
    assert.deepEqual(command['argv'], ['two', "with 'quotes' $HOME"]);
    const directory = await it.run(
      of({ WorkingDirectory: '/srv/other', Command: ['../../var/task/app.cjs'] }),
    );
    assert.equal(directory['cwd'], '/srv/other');
    const storage = await it.run(of({ WorkingDirectory: '/tmp/', Command: ['/var/task/app.cjs'] }));
    assert.equal(storage['cwd'], '/tmp');
    const entry = await it.run(of({ EntryPoint: ['/usr/local/bin/node', '--no-warnings'] }));
    assert.deepEqual(entry['argv'], ['one']);
  });

  test('needs no shell and none of the usual files; links inside mean places inside', async () => {
    await using it = await scene();
    symlinkSync('/usr/local/bin/node', join(it.tree.directory, 'run'));
    symlinkSync('/../../../var/task', join(it.tree.directory, 'work'));
    const answer = await it.run(
      it.configuration({ entryPoint: ['/run'], workingDirectory: '/work', environment: {} }),
    );
    assert.equal(answer['cwd'], '/var/task');
  });

  test('that cannot be started is told in the words of AWS, in the answer and in the log', async () => {
    await using it = await scene();
    it.tree.put('/bin/text', 'no program');
    it.tree.put('/bin/closed', '#!/usr/local/bin/node\n', 0o644);
    it.tree.put('/bin/lost', '#!/no/interpreter\n');
    it.tree.put('/file', '');
    const cases: readonly (readonly [Partial<ImageDefaults>, string, string])[] = [
      [
        { entryPoint: ['app.handler'] },
        'Runtime.InvalidEntrypoint',
        "Couldn't find valid bootstrap(s): [app.handler]",
      ],
      [{ entryPoint: [], command: [] }, 'Runtime.InvalidEntrypoint', "Couldn't find valid bootstrap(s): []"],
      [{ entryPoint: ['/none'] }, 'Runtime.InvalidEntrypoint', 'fork/exec /none: no such file or directory'],
      [{ entryPoint: ['/bin/text'] }, 'Runtime.InvalidEntrypoint', 'fork/exec /bin/text: exec format error'],
      [
        { entryPoint: ['/bin/closed'] },
        'Runtime.InvalidEntrypoint',
        'fork/exec /bin/closed: permission denied',
      ],
      [
        { entryPoint: ['/bin/lost'] },
        'Runtime.InvalidEntrypoint',
        'fork/exec /bin/lost: no such file or directory',
      ],
      [{ workingDirectory: '/none' }, 'Runtime.InvalidWorkingDir', 'chdir /none: no such file or directory'],
      [{ workingDirectory: '/file' }, 'Runtime.InvalidWorkingDir', 'chdir /file: not a directory'],
      [
        { workingDirectory: 'srv' },
        'Runtime.InvalidWorkingDir',
        "the working directory 'srv' is invalid, it needs to be an absolute path",
      ],
    ];
    for (const [defaults, errorType, message] of cases) {
      const answer = await it.run(it.configuration(defaults));
      assert.equal(answer['errorType'], errorType, JSON.stringify(answer));
      assert.match(String(answer['errorMessage']), /^RequestId: request-\d+ Error: /);
      assert.ok(String(answer['errorMessage']).endsWith(message), String(answer['errorMessage']));
      assert.ok(it.world.log.includes(`IMAGE\tLaunch error: ${message}\tEntrypoint: [`), it.world.log);
    }
    assert.equal(it.mounts.uses, 0, 'what does not start keeps nothing mounted');
  });

  test('has the extensions of its image', async () => {
    await using it = await scene();
    const client = `#!/usr/local/bin/node
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const http = require('node:http');
const call = (method, path, headers, body) => new Promise((resolve) => {
  const request = http.request({ host, port, method, path: '/2020-01-01/extension' + path, headers }, (response) => {
    response.resume();
    response.on('end', () => resolve(response.headers));
  });
  request.end(body);
});
(async () => {
  const name = { 'Lambda-Extension-Name': 'watcher' };
  const said = await call('POST', '/register', name, JSON.stringify({ events: ['INVOKE'] }));
  console.log('watcher is in ' + process.env.FROM);
  for (;;) await call('GET', '/event/next', { 'Lambda-Extension-Identifier': said['lambda-extension-identifier'] });
})();`;
    it.tree.put('/opt/extensions/watcher', client);
    const answer = await it.run(it.configuration());
    assert.deepEqual(answer['argv'], ['one']);
    await it.world.until(() => it.world.log.includes('EXTENSION'));
    assert.match(it.world.log, /watcher is in image/);
    assert.match(it.world.log, /EXTENSION\tName: watcher\tState: Ready\tEvents: \[INVOKE\]/);
  });

  test('gives its image back when its last environment is gone', async () => {
    await using it = await scene();
    await Promise.all([it.run(it.configuration()), it.run(it.configuration()), it.run(it.configuration())]);
    assert.equal(it.mounts.uses, 3);
    const ids = (await it.worker.list()).map(({ environmentId }) => environmentId);
    await Promise.all(ids.map((id) => it.worker.destroy(id)));
    await it.world.until(() => it.mounts.uses === 0);
    assert.deepEqual(it.world.warnings, []);
    // And can have it again.
    assert.equal((await it.run(it.configuration()))['code'], 'the image');
  });

  test('may ask for its credentials', async () => {
    await using it = await scene({ credentialsBy: 'endpoint' });
    const env = (await it.run(it.configuration()))['env'] as Record<string, string>;
    assert.match(env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '', /^http:/);
    assert.equal(env['AWS_ACCESS_KEY_ID'], undefined);
  });

  test('is retired when the mount of its image breaks', async () => {
    await using it = await scene();
    await it.run(it.configuration());
    it.mounts.lost.resolve();
    await it.world.until(() => it.world.events.some(({ kind }) => kind === 'gone'));
    await it.world.until(() => it.mounts.uses === 0);
  });

  test('without its image, or on a worker that mounts none, does not start', async () => {
    await using it = await scene();
    it.mounts.directories.clear();
    const version = it.world.version(it.configuration());
    const gone = await it.worker.create({ environmentId: it.world.id(), version });
    assert.deepEqual(gone, { kind: 'refused', reason: 'there is no image image' });
    await using other = new World();
    mkdirSync(other.directory, { recursive: true });
    const worker = await other.open({ isolation: 'process' });
    const outcome = await worker.create({ environmentId: other.id(), version });
    assert.equal(outcome.kind, 'impossible');
  });
});
