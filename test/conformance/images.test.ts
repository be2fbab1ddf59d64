/**
 * Functions of container images through AWS's own clients, from the push to the last delete: the AWS CLI, boto3's waiters, the SDK. Images are made of
 * this host's files and pushed to Lambkin itself.
 */
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { ImageTree } from '../../src/worker/fixtures/image-tree.ts';
import { imagesSkip, layerOf, pushImage, shellBase, shellCode, shellConfig } from '../images.ts';
import { role, startService, type Service } from '../service.ts';
import { openTerraform, terraformSkip } from '../terraform.ts';

const base = imagesSkip === false ? shellBase() : Buffer.alloc(0);
const imageOf = (says: string): { layers: Buffer[]; config: typeof shellConfig } => ({
  layers: [base, shellCode(says)],
  config: shellConfig,
});

const start = (dataDirectory?: string, port = 0): Promise<Service> =>
  startService({
    environment: { LAMBKIN_ISOLATION: 'container' },
    args: ['--port', String(port)],
    ...(dataDirectory !== undefined && { dataDirectory }),
  });

async function answer(service: Service, name: string, qualifier?: string): Promise<Record<string, unknown>> {
  const { Payload, FunctionError } = await service.client.send(
    new InvokeCommand({
      FunctionName: name,
      Payload: Buffer.from('{"a":1}'),
      ...(qualifier !== undefined && { Qualifier: qualifier }),
    }),
  );
  const text = Payload?.transformToString() ?? '';
  assert.equal(FunctionError, undefined, text);
  return JSON.parse(text) as Record<string, unknown>;
}

function run(service: Service, command: string, args: readonly string[], input?: string): string {
  const ran = spawnSync(command, args, {
    encoding: 'utf8',
    input: input ?? '',
    env: { ...process.env, ...service.clientEnvironment, AWS_PAGER: '' },
    timeout: 120_000,
  });
  assert.equal(ran.status, 0, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

const ricDirectory = '/usr/local/lib/lambkin-conformance/node_modules';
const hasCli = spawnSync('aws', ['--version']).error === undefined;
const hasBoto = spawnSync('python3', ['-c', 'import boto3']).status === 0;

suite('a function of a container image', { skip: imagesSkip }, () => {
  test(
    'with the AWS CLI: created, invoked, updated by its tag, rolled back by its digest, published, deleted',
    { skip: hasCli ? false : 'no AWS CLI on this host' },
    async () => {
      const service = await start();
      try {
        const aws = (...args: readonly string[]): Record<string, unknown> => {
          const said = run(service, 'aws', ['lambda', ...args]);
          return said.trim() === '' ? {} : (JSON.parse(said) as Record<string, unknown>);
        };
        const first = await pushImage(service, 'app', 'latest', imageOf('first'));
        const created = aws(
          'create-function',
          '--function-name',
          'cli',
          '--package-type',
          'Image',
          '--role',
          role,
          '--code',
          `ImageUri=${first.uri}`,
        );
        assert.equal(created['State'], 'Pending');
        assert.equal(`sha256:${String(created['CodeSha256'])}`, first.digest);
        aws('wait', 'function-active-v2', '--function-name', 'cli');
        assert.deepEqual(await answer(service, 'cli'), {
          says: 'first',
          args: 'one two',
          cwd: '/var/task',
          uid: 993,
          from: 'image',
          event: { a: 1 },
        });
        const second = await pushImage(service, 'app', 'latest', imageOf('second'));
        assert.equal(
          (await answer(service, 'cli'))['says'],
          'first',
          'a tag that moves changes nothing by itself',
        );
        aws('update-function-code', '--function-name', 'cli', '--image-uri', second.uri);
        aws('wait', 'function-updated-v2', '--function-name', 'cli');
        assert.equal((await answer(service, 'cli'))['says'], 'second');
        assert.equal(aws('publish-version', '--function-name', 'cli')['Version'], '1');
        const repository = first.uri.replace(/:latest$/, '');
        aws('update-function-code', '--function-name', 'cli', '--image-uri', `${repository}@${first.digest}`);
        aws('wait', 'function-updated-v2', '--function-name', 'cli');
        assert.equal((await answer(service, 'cli'))['says'], 'first');
        assert.equal((await answer(service, 'cli', '1'))['says'], 'second');
        aws(
          'update-function-configuration',
          '--function-name',
          'cli',
          '--image-config',
          'Command=three,WorkingDirectory=/tmp',
          '--environment',
          'Variables={FROM=function}',
        );
        aws('wait', 'function-updated-v2', '--function-name', 'cli');
        const configured = await answer(service, 'cli');
        assert.equal(configured['args'], 'three');
        assert.equal(configured['cwd'], '/tmp');
        assert.equal(configured['from'], 'function');
        aws('delete-function', '--function-name', 'cli');
        assert.deepEqual(aws('list-functions')['Functions'], []);
      } finally {
        await service.stop();
      }
    },
  );

  test('survives kill -9: what runs from its image, and what was being stored', async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-images-'));
    let service = await start(dataDirectory);
    try {
      const { uri } = await pushImage(service, 'app', 'latest', imageOf('before'));
      const create = (name: string, image: string): Promise<unknown> =>
        service.client.send(
          new CreateFunctionCommand({
            FunctionName: name,
            Role: role,
            PackageType: 'Image',
            Code: { ImageUri: image },
          }),
        );
      const active = (name: string): Promise<{ state: string }> =>
        waitUntilFunctionActiveV2(
          { client: service.client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
          { FunctionName: name },
        );
      await create('old', uri);
      await active('old');
      assert.equal((await answer(service, 'old'))['says'], 'before');
      const other = await pushImage(service, 'app', 'other', imageOf('other'));
      await create('new', other.uri);
      await service.kill();
      // Where it was: its own images are named so.
      service = await start(dataDirectory, service.port);
      assert.equal((await active('new')).state, 'SUCCESS');
      assert.equal((await answer(service, 'new'))['says'], 'other');
      assert.equal((await answer(service, 'old'))['says'], 'before');
      const { Code } = await service.client.send(new GetFunctionCommand({ FunctionName: 'old' }));
      assert.equal(Code?.RepositoryType, 'ECR');
      assert.equal(Code?.ImageUri, uri);
      await service.client.send(new DeleteFunctionCommand({ FunctionName: 'old' }));
      assert.equal((await answer(service, 'new'))['says'], 'other', 'what they share stays');
    } finally {
      await service.stop();
      const mounts = readFileSync('/proc/self/mountinfo', 'utf8');
      rmSync(dataDirectory, { recursive: true, force: true });
      assert.ok(!mounts.includes(dataDirectory), 'nothing is left mounted');
    }
  });

  test('whose image is missing, broken or for another architecture is refused or fails with the reason', async () => {
    const service = await start();
    try {
      const create = (name: string, uri: string): Promise<unknown> =>
        service.client.send(
          new CreateFunctionCommand({
            FunctionName: name,
            Role: role,
            PackageType: 'Image',
            Code: { ImageUri: uri },
          }),
        );
      const own = `${service.host}:${service.port}`;
      await assert.rejects(create('none', `${own}/none:latest`), {
        name: 'InvalidParameterValueException',
        message: `Source image ${own}/none:latest does not exist. Provide a valid source image.`,
      });
      await assert.rejects(create('none', 'not an image'), { name: 'InvalidParameterValueException' });
      const device = layerOf((tree) => tree.put('/ok', ''));
      // A hard link to nothing, which tar would refuse too.
      device.write('1', 156);
      const broken = await pushImage(service, 'broken', 'latest', {
        layers: [device.subarray(0, 1_000)],
        config: shellConfig,
      });
      await create('broken', broken.uri);
      for (;;) {
        const { State, StateReasonCode } = await service.client.send(
          new GetFunctionConfigurationCommand({ FunctionName: 'broken' }),
        );
        if (State === 'Pending') continue;
        assert.equal(State, 'Failed');
        assert.equal(StateReasonCode, 'InvalidImage');
        break;
      }
    } finally {
      await service.stop();
    }
  });

  test('with aws-lambda-ric, the runtime client of AWS for Node', { skip: ricSkip() }, async () => {
    const service = await start();
    try {
      const layer = layerOf((tree) => {
        tree.program(process.execPath, '/usr/bin/node');
        const code = `exports.handler = async (event, context) => ({ event, name: context.functionName, handler: process.env._HANDLER });`;
        tree.put('/var/task/app.js', code, 0o644);
        copyRic(tree);
      });
      const { uri } = await pushImage(service, 'ric', 'latest', {
        layers: [layer],
        config: {
          Entrypoint: ['/usr/bin/node', '/var/task/node_modules/aws-lambda-ric/index.mjs'],
          Cmd: ['app.handler'],
          WorkingDir: '/var/task',
        },
      });
      const FunctionName = 'ric';
      const { client } = service;
      await client.send(
        new CreateFunctionCommand({
          FunctionName,
          Role: role,
          PackageType: 'Image',
          Code: { ImageUri: uri },
          MemorySize: 256,
          Timeout: 30,
        }),
      );
      const waiting = { client, maxWaitTime: 90, minDelay: 1, maxDelay: 1 };
      assert.equal((await waitUntilFunctionActiveV2(waiting, { FunctionName })).state, 'SUCCESS');
      assert.deepEqual(await answer(service, FunctionName), {
        event: { a: 1 },
        name: 'ric',
        handler: 'app.handler',
      });
      assert.equal((await waitUntilFunctionUpdatedV2(waiting, { FunctionName })).state, 'SUCCESS');
    } finally {
      await service.stop();
    }
  });

  test(
    "with boto3 and its waiters, under ECR's name",
    { skip: hasBoto ? false : 'no boto3 on this host' },
    async () => {
      const service = await start();
      try {
        const { digest } = await pushImage(service, 'team/app', 'v1', imageOf('boto'));
        const said = run(service, 'python3', ['-c', botoProgram, role]);
        const { answered, resolved, state } = JSON.parse(said) as Record<string, unknown>;
        assert.equal((answered as Record<string, unknown>)['says'], 'boto');
        assert.equal(resolved, `000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app@${digest}`);
        assert.equal(state, 'Successful');
      } finally {
        await service.stop();
      }
    },
  );

  test(
    'with Terraform: apply, plan without a difference, another image, destroy',
    { skip: terraformSkip },
    async () => {
      const service = await start();
      const terraform = openTerraform(service);
      try {
        const one = await pushImage(service, 'app', 'one', imageOf('one'));
        const two = await pushImage(service, 'app', 'two', imageOf('two'));
        terraform.write(module(one.uri, 'image_config {\n    command = ["by", "terraform"]\n  }'));
        terraform.run('init');
        terraform.run('apply', '-auto-approve');
        terraform.run('plan', '-detailed-exitcode');
        const first = await answer(service, 'terraformed');
        assert.equal(first['says'], 'one');
        assert.equal(first['args'], 'by terraform');
        terraform.write(module(two.uri, ''));
        terraform.run('apply', '-auto-approve');
        terraform.run('plan', '-detailed-exitcode');
        const second = await answer(service, 'terraformed');
        assert.equal(second['says'], 'two');
        assert.equal(second['args'], 'one two');
        terraform.run('destroy', '-auto-approve');
      } finally {
        terraform.remove();
        await service.stop();
      }
    },
  );
});

const module = (uri: string, config: string): string => `
resource "aws_lambda_function" "image" {
  function_name = "terraformed"
  role          = "${role}"
  package_type  = "Image"
  image_uri     = "${uri}"
  ${config}
}
`;

function ricSkip(): string | false {
  return existsSync(join(ricDirectory, 'aws-lambda-ric'))
    ? false
    : 'no aws-lambda-ric on this host: scripts/setup builds it';
}

function copyRic(tree: ImageTree): void {
  // With the libraries that its native part needs.
  tree.program(join(ricDirectory, 'aws-lambda-ric', 'rapid-client.node'), '/usr/lib/rapid-client.node');
  const modules = join(tree.directory, 'var', 'task', 'node_modules');
  mkdirSync(modules);
  const ran = spawnSync('cp', ['-a', join(ricDirectory, 'aws-lambda-ric'), modules]);
  assert.equal(ran.status, 0, ran.stderr.toString());
}

const botoProgram = `
import boto3, json, sys
client = boto3.client('lambda')
name = 'boto'
image = '000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app:v1'
client.create_function(FunctionName=name, Role=sys.argv[1], PackageType='Image', Code={'ImageUri': image})
client.get_waiter('function_active_v2').wait(FunctionName=name, WaiterConfig={'Delay': 1})
answered = json.load(client.invoke(FunctionName=name, Payload=b'{}')['Payload'])
client.update_function_code(FunctionName=name, ImageUri=image)
client.get_waiter('function_updated_v2').wait(FunctionName=name, WaiterConfig={'Delay': 1})
found = client.get_function(FunctionName=name)
print(json.dumps({
  'answered': answered, 'resolved': found['Code']['ResolvedImageUri'],
  'state': found['Configuration']['LastUpdateStatus'],
}))
`;
