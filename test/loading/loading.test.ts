/** What a start loads, and what it leaves until somebody wants it. Half of a start is loading code, so this is the part of it that can be counted. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { CloudWatchClient, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { CreateFunctionCommand } from '@aws-sdk/client-lambda';
import { credentials, region, role, startService } from '../service.ts';
import { loadedBy, notedIn, noting } from './loaded.ts';

let directory = '';
before(() => {
  directory = mkdtempSync(join(tmpdir(), 'lambkin-loading-'));
});
after(() => rmSync(directory, { recursive: true, force: true }));

/** What a start on a new data directory has no use for. Importing `node:http` brings Node's other HTTP client. */
const unwanted = [
  /^node:https?$/,
  /^node_modules\/(@aws-sdk|@aws-crypto|@smithy)\//,
  /^node_modules\/(prom-client|@opentelemetry|tar-stream|undici)\//,
  /^node_modules\/typescript/,
  /^src\/images\//,
  /^src\/registry\/(ecr|format|host|import|oci|store)\//,
  /^src\/iam\//,
  /^src\/metrics\/(api|exposition\/exposition)/,
  /^src\/worker\/sandbox\/container\/container-sandboxes/,
  /^src\/cli\/(doctor|dev\/|invoke|logs|runtimes)/,
];

/** Files of ours that a command may load which only reads a file and prints. */
const smallCommandFilesMax = 25;

test('a start loads nothing that a new Lambkin is not asked for yet', async () => {
  const file = join(directory, 'up.json');
  const service = await startService({ environment: noting(file) });
  assert.equal(await service.stop(), 0);
  const loaded = notedIn(file);
  assert.ok(loaded.includes('src/roles/all-in-one.ts'), 'what was loaded is known');
  assert.deepEqual(
    loaded.filter((path) => unwanted.some((each) => each.test(path))),
    [],
  );
});

test('the store is opened before the rest of the code is loaded', async () => {
  const file = join(directory, 'order.json');
  const service = await startService({ environment: noting(file) });
  await service.stop();
  const loaded = notedIn(file);
  const others = loaded.slice(0, loaded.indexOf('src/roles/all-in-one.ts'));
  assert.ok(others.includes('src/platform/engines/sqlite/link.ts'));
  assert.deepEqual(
    others.filter((path) => /^src\/(worker|control-plane|frontend|wire)\//.test(path)),
    [],
  );
});

test('help and env load a few files and one package', async () => {
  for (const args of [['--help'], ['up', '--help'], ['env', '--data-dir', directory]]) {
    const loaded = await loadedBy(join(directory, 'small.json'), ...args);
    const own = loaded.filter((path) => path.startsWith('src/'));
    assert.deepEqual(
      own.filter((path) => !path.startsWith('src/cli/')),
      [],
      args.join(' '),
    );
    assert.ok(own.length > 5 && own.length <= smallCommandFilesMax, `${args.join(' ')}: ${own.length}`);
    const packages = loaded.flatMap((path) => /^node_modules\/([^/]+)/.exec(path)?.[1] ?? []);
    assert.deepEqual([...new Set(packages)], ['commander']);
  }
});

test("invoke and logs load nothing of the service, and not Node's other HTTP client", async () => {
  for (const command of ['invoke', 'logs']) {
    const loaded = await loadedBy(join(directory, 'client.json'), command, 'hello', '--data-dir', directory);
    assert.deepEqual(
      loaded.filter((path) => /^(?:src\/(?!cli\/|lib\/)|node:https?$)/.test(path)),
      [],
    );
  }
});

test("doctor loads what it asks about this host, not the rest of a start nor Node's other HTTP client", async () => {
  const loaded = await loadedBy(join(directory, 'doctor.json'), 'doctor', '--data-dir', directory);
  assert.ok(loaded.includes('src/worker/index.ts') && loaded.includes('src/images/index.ts'));
  const unasked = /^(?:src\/(?:control-plane|frontend|identity|wire|roles\/all-in-one)|node:https?$)/;
  assert.deepEqual(
    loaded.filter((path) => unasked.test(path)),
    [],
  );
});

test('what is loaded later serves all of its first requests, and those after a restart', async () => {
  const dataDirectory = join(directory, 'data');
  const key = join(dataDirectory, 'images.key');
  const first = await startService({ dataDirectory });
  try {
    assert.equal(existsSync(key), false, 'nobody has wanted an image');
    await askForEverything(first.endpoint, dataDirectory);
    assert.equal(existsSync(key), true);
    await assert.rejects(
      first.client.send(
        new CreateFunctionCommand({
          FunctionName: 'image',
          Role: role,
          PackageType: 'Image',
          Code: { ImageUri: 'localhost/app:latest' },
        }),
      ),
      /Container images \(PackageType Image\) cannot run here: .*--isolation process/,
    );
  } finally {
    assert.equal(await first.stop(), 0);
  }
  const second = await startService({ dataDirectory });
  try {
    await askForEverything(second.endpoint, dataDirectory);
  } finally {
    assert.equal(await second.stop(), 0);
  }
});

/** Each of it several times at once. */
async function askForEverything(endpoint: string, dataDirectory: string): Promise<void> {
  const options = { endpoint, region, credentials, maxAttempts: 1 };
  const [iam, sts] = [new IAMClient(options), new STSClient(options)];
  const cloudWatch = new CloudWatchClient(options);
  const token = readFileSync(join(dataDirectory, 'metrics-token'), 'utf8');
  const basic = Buffer.from(`${credentials.accessKeyId}:${credentials.secretAccessKey}`).toString('base64');
  const answers = await Promise.all(
    [1, 2, 3].map(async () =>
      Promise.all([
        iam.send(new ListRolesCommand({})).then(({ Roles }) => Roles?.length),
        sts.send(new GetCallerIdentityCommand({})).then(({ Account }) => Account),
        cloudWatch.send(new ListMetricsCommand({})).then(({ $metadata }) => $metadata.httpStatusCode),
        fetch(`${endpoint}/v2/`, { headers: { authorization: `Basic ${basic}` } }).then(
          ({ status }) => status,
        ),
        fetch(`${endpoint}/v2/`).then(async ({ status, headers }) => [
          status,
          headers.has('www-authenticate'),
        ]),
        fetch(`${endpoint}/metrics`, { headers: { authorization: `Bearer ${token}` } }).then(async (answer) =>
          (await answer.text()).includes('lambkin_invocations_total'),
        ),
      ]),
    ),
  );
  for (const answer of answers) assert.deepEqual(answer, [0, '000000000000', 200, 200, [401, true], true]);
  for (const client of [iam, sts, cloudWatch]) client.destroy();
}
