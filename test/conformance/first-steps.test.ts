/** The first steps of the README, word for word but for the AWS CLI's version, and the same with boto3. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startService, type Service } from '../service.ts';

let service: Service;
let directory: string;

before(async () => {
  service = await startService();
  directory = mkdtempSync(join(tmpdir(), 'lambkin-first-'));
});
after(async () => {
  await service.stop();
  rmSync(directory, { recursive: true, force: true });
});

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, ...args: readonly string[]): Ran {
  return spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, ...service.clientEnvironment, AWS_PAGER: '' },
  });
}

const cli = ['/usr/bin/aws', 'aws'].find((command) => spawnSync(command, ['--version']).status === 0);
const zip = spawnSync('zip', ['-v']).status === 0;
const python = ['/usr/bin/python3', 'python3'].find(
  (command) => spawnSync(command, ['-c', 'import boto3']).status === 0,
);

function aws(line: string): string {
  const args = line.split(' ');
  // Given twice over: CLIs before 2.13 do not read AWS_ENDPOINT_URL.
  const ran = run(cli ?? 'aws', '--endpoint-url', service.endpoint, ...args);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}

test(
  'the AWS CLI creates a function, invokes it, waits for it and reads its log',
  { skip: cli === undefined || !zip ? 'no AWS CLI or no zip on this host: run scripts/setup' : false },
  () => {
    writeFileSync(
      join(directory, 'index.mjs'),
      "export const handler = async (event) => { console.log('seen', event.x); return { hello: event.x }; };\n",
    );
    assert.equal(run('zip', 'function.zip', 'index.mjs').status, 0);
    const created = JSON.parse(
      aws(
        'lambda create-function --function-name hello --runtime nodejs24.x --handler index.handler ' +
          '--zip-file fileb://function.zip --role arn:aws:iam::000000000000:role/any',
      ),
    ) as { FunctionName: string };
    assert.equal(created.FunctionName, 'hello');
    const invoked = JSON.parse(
      aws(
        'lambda invoke --function-name hello --payload {"x":1} --cli-binary-format raw-in-base64-out --log-type Tail out.json',
      ),
    ) as { StatusCode: number; LogResult: string; ExecutedVersion: string };
    assert.equal(invoked.StatusCode, 200);
    assert.equal(invoked.ExecutedVersion, '$LATEST');
    assert.deepEqual(JSON.parse(readFileSync(join(directory, 'out.json'), 'utf8')), { hello: 1 });
    const tail = Buffer.from(invoked.LogResult, 'base64').toString();
    assert.match(
      tail,
      /^START RequestId: \S+ Version: \$LATEST\n.*seen 1\n.*END RequestId: \S+\nREPORT RequestId: /s,
    );
    aws('lambda wait function-active-v2 --function-name hello');
    const events = JSON.parse(aws('logs filter-log-events --log-group-name /aws/lambda/hello')) as {
      events: { message: string }[];
    };
    assert.ok(events.events.some(({ message }) => message.includes('seen 1')));
    const streams = JSON.parse(aws('logs describe-log-streams --log-group-name /aws/lambda/hello')) as {
      logStreams: { logStreamName: string }[];
    };
    assert.match(streams.logStreams[0]?.logStreamName ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
  },
);

test(
  'aws logs tail shows what the function wrote',
  {
    skip:
      cli === undefined || !run0('--version').includes('aws-cli/2')
        ? 'no AWS CLI version 2: run scripts/setup'
        : false,
  },
  () => {
    assert.match(aws('logs tail /aws/lambda/hello'), /seen 1/);
  },
);

function run0(...args: readonly string[]): string {
  return spawnSync(cli ?? 'aws', args, { encoding: 'utf8' }).stdout;
}

test(
  'boto3 does the same',
  { skip: python === undefined ? 'no Python with boto3 on this host: run scripts/setup' : false },
  () => {
    const script = `
import boto3, io, json, zipfile
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, 'w') as archive:
    archive.writestr('index.mjs', 'export const handler = async (event) => event;')
client = boto3.client('lambda', endpoint_url='${service.endpoint}')
client.create_function(FunctionName='boto', Runtime='nodejs24.x', Handler='index.handler',
    Code={'ZipFile': buffer.getvalue()}, Role='arn:aws:iam::000000000000:role/any')
client.get_waiter('function_active_v2').wait(FunctionName='boto')
answer = client.invoke(FunctionName='boto', Payload=json.dumps({'y': [1, 'ü']}), LogType='Tail')
assert answer['StatusCode'] == 200 and 'FunctionError' not in answer, answer
assert json.loads(answer['Payload'].read()) == {'y': [1, 'ü']}
try:
    client.get_function(FunctionName='nobody')
    raise SystemExit('no error')
except client.exceptions.ResourceNotFoundException as error:
    assert error.response['Error']['Message'].startswith('Function not found: '), error
client.delete_function(FunctionName='boto')
print('all well')
`;
    const ran = run(python ?? 'python3', '-c', script);
    assert.equal(ran.stdout.trim(), 'all well', ran.stderr);
  },
);
