/** The commands, run as users run them, where no service is needed. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../bin/lambkin.mjs', import.meta.url));

let directory = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambkin-cli-'));
});
after(() => rm(directory, { recursive: true, force: true }));

async function lambkin(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
) {
  const child = spawn(process.execPath, [bin, ...args], {
    env: { PATH: process.env['PATH'] ?? '', LAMBKIN_DATA_DIR: directory, NO_COLOR: '1', ...environment },
  });
  child.stdin.end(input);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.on('exit', resolve)));
  return { code, stdout, stderr };
}

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function asIfRunning(endpoint: string, pid: number): Promise<void> {
  const state = {
    pid,
    endpoint,
    accountId: '000000000000',
    region: 'eu-west-1',
    accessKeyId: 'AKIAX',
    secretAccessKey: "it's",
  };
  await writeFile(join(directory, 'lambkin.json'), JSON.stringify(state));
}

test('help and version answer without a service', async () => {
  const help = await lambkin(['--help']);
  assert.equal(help.code, 0);
  for (const command of ['up', 'env', 'invoke', 'logs', 'runtimes', 'doctor'])
    assert.match(help.stdout, new RegExp(`\\n  ${command}`));
  assert.match((await lambkin(['up', '--help'])).stdout, /LAMBKIN_PORT/);
  assert.match((await lambkin(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('the credentials in the help of up are ones that it takes', async () => {
  const { stdout } = await lambkin(['up', '--help']);
  const example = /LAMBKIN_ACCESS_KEY_ID=(\S+) LAMBKIN_SECRET_ACCESS_KEY=(\S+) lambkin up/.exec(stdout);
  assert.ok(example?.[1] !== undefined && example[2] !== undefined);
  const known = { LAMBKIN_ACCESS_KEY_ID: example[1], LAMBKIN_SECRET_ACCESS_KEY: example[2] };
  const data = join(directory, 'known');
  const { stderr } = await lambkin(
    ['up', '--host', 'nowhere.invalid', '--data-dir', data, '--isolation', 'process', '--pool-size', '0'],
    known,
  );
  assert.match(stderr, /cannot listen on nowhere\.invalid/);
});

test('mistakes are told in a line, with what was meant, and end with 2', async () => {
  const mistakes = [
    [['upp'], /Did you mean up\?/],
    [['up', '--prt', '1'], /Did you mean --port\?/],
    [['up', '--port', 'x'], /Expected a port/],
    [['up', '--isolation', 'microvm'], /does not have microvm isolation yet/],
    [['up', '--isolation', 'container', '--debug', 'x'], /a debugger reaches processes/],
    [['up', '--isolation', 'process', '--network', 'internet'], /are for containers/],
    [['up', '--access-key-id', 'AKIAX'], /given together/],
    [['up', '--images-kms-key', 'alias/'], /Expected a key's id/],
    [['up', '--images-kms-key', 'a,b,c,d,e'], /'--images-kms-key <keys>'.* Expected up to 4 keys/],
    [['up', '--images-kms-key', 'alias/a'], /needs to know where KMS is/],
    [['logs', 'x', '--since', 'soon'], /Expected a time/],
    [['env', '--shell', 'tcsh'], /Allowed choices/],
    [['runtimes', 'install'], /missing required argument/],
  ] as const;
  for (const [args, message] of mistakes) {
    const { code, stdout, stderr } = await lambkin(args);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, message);
    assert.match(stderr, /^lambkin: /);
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal(stdout, '');
  }
  assert.equal((await lambkin(['up'], { LAMBKIN_PORT: 'x' })).code, 2);
  assert.equal((await lambkin(['up'], { LAMBKIN_ENDPOINT_S3: 'x' })).code, 2);
});

test('a runtime pack that cannot be fetched is told with its registry', async () => {
  const registry = 'http://127.0.0.1:1';
  for (const [args, environment] of [
    [['--registry', registry], {}],
    [[], { LAMBKIN_REGISTRY: registry }],
  ] as const) {
    const { code, stderr } = await lambkin(['runtimes', 'install', 'nodejs26.x', ...args], environment);
    assert.equal(code, 1);
    assert.ok(stderr.includes(registry), stderr);
  }
});

test('env says so when none runs, also when one was killed', async () => {
  await rm(join(directory, 'lambkin.json'), { force: true });
  const none = await lambkin(['env']);
  assert.equal(none.code, 1);
  assert.equal(none.stdout, '');
  assert.match(none.stderr, /^lambkin: no Lambkin runs on /);
  const gone = spawn(process.execPath, ['-e', '0']);
  await new Promise((resolve) => gone.on('exit', resolve));
  await asIfRunning('http://127.0.0.1:1', gone.pid ?? 0);
  assert.match((await lambkin(['env'])).stderr, /is gone/);
  await writeFile(join(directory, 'lambkin.json'), '{"pid":');
  assert.match((await lambkin(['env'])).stderr, /is not what a running Lambkin writes/);
});

test(
  'a killed Lambkin that its parent has not noticed does not run',
  { skip: process.platform !== 'linux' },
  async () => {
    // A shell that becomes `sleep` never waits for the child it had.
    const parent = spawn('sh', ['-c', 'sh -c "sleep 0.2; kill -9 \\$\\$" & echo $!; exec sleep 60']);
    try {
      const pid = await new Promise<number>((resolve) => {
        parent.stdout.once('data', (data: Buffer) => resolve(Number(data.toString())));
      });
      await asIfRunning('http://127.0.0.1:1', pid);
      let answer = await lambkin(['env']);
      while (answer.code === 0) answer = await lambkin(['env']); // until the kill has happened
      assert.match(answer.stderr, /is gone/);
      assert.doesNotThrow(() => process.kill(pid, 0), 'it can still be signalled');
    } finally {
      parent.kill('SIGKILL');
    }
  },
);

test('env prints what a shell can read', async () => {
  await asIfRunning('http://127.0.0.1:9000', process.pid);
  const { code, stdout } = await lambkin(['env']);
  assert.equal(code, 0);
  assert.equal(
    stdout,
    [
      'export AWS_ENDPOINT_URL=http://127.0.0.1:9000',
      'export AWS_REGION=eu-west-1',
      'export AWS_DEFAULT_REGION=eu-west-1',
      'export AWS_ACCESS_KEY_ID=AKIAX',
      String.raw`export AWS_SECRET_ACCESS_KEY='it'\''s'`,
      '',
    ].join('\n'),
  );
});

test('invoke and logs speak to the service, and say what it answers', async (context) => {
  const seen: { url: string | undefined; target: unknown; authorization: string; body: string }[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const { url, headers } = request;
    seen.push({ url, target: headers['x-amz-target'], authorization: headers.authorization ?? '', body });
    if (body.includes('/aws/lambda/idle')) {
      response.writeHead(400);
      response.end(
        '{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}',
      );
    } else if (body.includes('/aws/lambda/quiet')) {
      response.end('{"events":[]}');
    } else if (headers['x-amz-target'] !== undefined) {
      const events = [{ eventId: '1', timestamp: 0, message: 'hello log\n' }];
      response.end(
        JSON.stringify(body.includes('"nextToken"') ? { events } : { events: [], nextToken: 't' }),
      );
    } else if (url?.includes('/gone/') === true) {
      response.writeHead(404, { 'x-amzn-errortype': 'ResourceNotFoundException' });
      response.end('{"Type":"User","Message":"Function not found: gone"}');
    } else if (url?.includes('/broken/') === true) {
      response.writeHead(200, {
        'x-amz-function-error': 'Unhandled',
        'x-amz-log-result': Buffer.from('END\n').toString('base64'),
      });
      response.end('{"errorType":"Error","errorMessage":"no"}');
    } else response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  await asIfRunning(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, process.pid);

  const echoed = await lambkin(['invoke', 'a:b', '--payload', '-', '--qualifier', 'live 1'], {}, '{"x":1}');
  assert.deepEqual(echoed, { code: 0, stdout: '{"x":1}\n', stderr: '' });
  assert.equal(seen[0]?.url, '/2015-03-31/functions/a%3Ab/invocations?Qualifier=live%201');
  assert.match(seen[0]?.authorization ?? '', /Credential=AKIAX\/\d{8}\/eu-west-1\/lambda\/aws4_request/);

  const broken = await lambkin(['invoke', 'broken', '--tail']);
  assert.equal(broken.code, 1);
  assert.equal(broken.stdout, '{"errorType":"Error","errorMessage":"no"}\n');
  assert.equal(broken.stderr, 'END\nlambkin: the function failed. Error: no\n');

  const gone = await lambkin(['invoke', 'gone']);
  assert.equal(gone.code, 1);
  assert.equal(gone.stderr, 'lambkin: ResourceNotFoundException: Function not found: gone\n');
  assert.equal((await lambkin(['invoke', 'a', '--payload', '{x'])).code, 2);
  assert.equal((await lambkin(['invoke', 'a', '--payload', '@/no/such/file'])).code, 2);

  const logged = await lambkin(['logs', 'hello', '--since', '2026-01-01', '--filter', 'ERROR']);
  assert.deepEqual(logged, { code: 0, stdout: '1970-01-01T00:00:00.000Z hello log\n', stderr: '' });
  const asked = JSON.parse(seen.at(-2)?.body ?? '{}') as object;
  assert.deepEqual(asked, {
    logGroupName: '/aws/lambda/hello',
    startTime: Date.UTC(2026, 0, 1),
    filterPattern: 'ERROR',
  });
  assert.equal(seen.at(-1)?.target, 'Logs_20140328.FilterLogEvents');
  const quiet = await lambkin(['logs', 'quiet', '--filter', 'ERROR']);
  assert.deepEqual([quiet.code, quiet.stdout], [0, '']);
  assert.match(quiet.stderr, /^lambkin: nothing that matches since then; --since 1d /);
  const idle = await lambkin(['logs', 'idle']);
  assert.equal(idle.code, 1);
  assert.match(idle.stderr, /^lambkin: \/aws\/lambda\/idle has no log: it has not run yet/);
});

test('a service that cannot be reached is told as such', async () => {
  await asIfRunning('http://127.0.0.1:1', process.pid);
  const { code, stderr } = await lambkin(['invoke', 'hello']);
  assert.equal(code, 1);
  assert.match(stderr, /^lambkin: cannot reach Lambkin at http:\/\/127\.0\.0\.1:1: /);
});

test('doctor tells what it found, for people and for programs', async () => {
  const { code, stdout } = await lambkin(['doctor', '--json']);
  assert.equal(code, 0);
  const report = JSON.parse(stdout) as {
    canRun: boolean;
    isolation: string;
    isolationReason?: string;
    findings: { name: string; status: string }[];
  };
  assert.equal(report.canRun, true);
  assert.ok(report.isolation === 'container' || report.isolationReason, 'why not a container');
  const byName = new Map(report.findings.map(({ name, status }) => [name, status]));
  assert.equal(byName.get('Node'), 'good');
  assert.equal(byName.get('nodejs24.x'), 'good');
  assert.ok(byName.has('KVM') && byName.has('runc') && byName.has('cgroups') && byName.has('Disk'));
});

test('a reader that goes away ends a command quietly', async () => {
  const child = spawn('sh', ['-c', `"$0" "$1" up --help | true; echo done`, process.execPath, bin]);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.equal(stdout, 'done\n');
  assert.equal(stderr, '');
});
