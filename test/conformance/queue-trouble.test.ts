/** Queues as event sources when something is wrong: permissions, queues that go, functions that are throttled or gone. */
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  GetEventSourceMappingCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, region } from '../service.ts';
import { eventually, QueueWorld } from './queue-world.ts';
import { senderSource } from './sender-function.ts';

let world: QueueWorld;
before(async () => {
  world = await QueueWorld.open(['--queue-name-wait', '1']);
});
after(() => world.close());

async function problem(UUID: string): Promise<string | undefined> {
  return (await world.service.client.send(new GetEventSourceMappingCommand({ UUID }))).LastProcessingResult;
}

const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

const refusal = (call: string) => ({
  name: 'InvalidParameterValueException',
  message: `The provided execution role does not have permissions to call ${call} on SQS`,
});

test('a role of IAM must allow the calls, when the mapping is made and ever after', async () => {
  const iam = new IAMClient({ endpoint: world.service.endpoint, region, credentials, maxAttempts: 1 });
  const RoleName = 'reader';
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  const allow = (...Action: string[]): Promise<unknown> => {
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: 'arn:aws:sqs:*:*:*' }],
    });
    return iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'queues', PolicyDocument }));
  };
  const { url, arn } = await world.queue();
  const name = await world.function(1, Role?.Arn);
  await assert.rejects(world.map(name, arn), refusal('ReceiveMessage'));
  await allow('sqs:ReceiveMessage');
  await assert.rejects(world.map(name, arn), refusal('DeleteMessage'));
  const calls = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
  await allow(...calls);
  const uuid = await world.map(name, arn);
  await world.send(url, 'first');
  await eventually(async () => assert.equal(await world.left(url), 0));
  assert.equal(await problem(uuid), undefined);

  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'queues' }));
  await world.send(url, 'second');
  await eventually(async () =>
    assert.equal(await problem(uuid), `PROBLEM: ${refusal('ReceiveMessage').message}`),
  );
  assert.deepEqual(world.bodies(name), ['first']);
  await allow(...calls);
  await eventually(() => assert.deepEqual(world.bodies(name), ['first', 'second']));

  // What the queue's own policy allows is allowed, too.
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'queues' }));
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: Role?.Arn }, Action: 'sqs:*', Resource: arn }],
  });
  await world.sqs('SetQueueAttributes', { QueueUrl: url, Attributes: { Policy } });
  await world.send(url, 'third');
  await eventually(() => assert.ok(world.bodies(name).includes('third')));
  iam.destroy();
});

test('a queue that is deleted while it is polled is told of, and polled again once it is back', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const uuid = await world.map(name, arn);
  await world.send(url, 'before');
  await eventually(() => assert.deepEqual(world.bodies(name), ['before']));
  await world.sqs('DeleteQueue', { QueueUrl: url });
  await eventually(
    async () => assert.equal(await problem(uuid), 'PROBLEM: The specified queue does not exist.'),
    30_000,
  );
  const QueueName = arn.split(':').at(-1);
  await eventually(() => world.sqs('CreateQueue', { QueueName }).then(() => undefined), 70_000);
  await world.send(url, 'after');
  await eventually(() => assert.deepEqual(world.bodies(name), ['before', 'after']));
  assert.equal(await problem(uuid), undefined);
});

test('a function that is throttled has its messages later', async () => {
  const FunctionName = await world.function();
  const { client } = world.service;
  const ReservedConcurrentExecutions = 0;
  await client.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions }));
  const { url, arn } = await world.queue({ VisibilityTimeout: '30' });
  await world.map(FunctionName, arn);
  await world.send(url, 'patient');
  await sleep(500);
  assert.deepEqual(world.seen(FunctionName), []);
  await client.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
  await eventually(() => assert.deepEqual(world.bodies(FunctionName), ['patient']));
  const [seen] = world.seen(FunctionName);
  assert.equal(seen?.event.Records[0]?.attributes['ApproximateReceiveCount'], '1');
});

test('a mapping outlives its function: it says so, burns no receptions, and can be disabled or given to another', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const UUID = await world.map(name, arn);
  const { client } = world.service;
  await world.state(UUID, 'Enabled');
  await client.send(new DeleteFunctionCommand({ FunctionName: name }));
  await world.send(url, 'orphan');
  await eventually(async () =>
    assert.equal(await problem(UUID), 'PROBLEM: The function of this mapping does not exist.'),
  );
  const other = await world.function();
  await client.send(new UpdateEventSourceMappingCommand({ UUID, FunctionName: other }));
  await eventually(() => assert.deepEqual(world.bodies(other), ['orphan']));
  await eventually(async () => assert.equal(await world.left(url), 0));
});

/** A role of IAM that may do anything with queues. */
async function queueRole(RoleName: string): Promise<string> {
  const iam = new IAMClient({ endpoint: world.service.endpoint, region, credentials, maxAttempts: 1 });
  const AssumeRolePolicyDocument = JSON.stringify(trust);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }],
  });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'queues', PolicyDocument }));
  iam.destroy();
  return Role?.Arn ?? '';
}

test('a function that sends to its own queue is stopped after 16 invokes, and the message goes to the dead-letter queue', async () => {
  const dead = await world.queue();
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 });
  const { url, arn } = await world.queue({ RedrivePolicy });
  const roleArn = await queueRole('sender');
  const name = await world.function(1, roleArn, { source: senderSource, variables: { QUEUE_URL: url } });
  await world.map(name, arn);
  await world.send(url, 'round');
  await eventually(async () => assert.equal(await world.left(dead.url), 1), 30_000);
  assert.equal(world.seen(name).length, 16);
});

test('an update holds for what is received from then on', async () => {
  const name = await world.function();
  const { url, arn } = await world.queue();
  const UUID = await world.map(name, arn);
  await world.state(UUID, 'Enabled');
  const Filters = [{ Pattern: '{"body":[{"suffix":"!"}]}' }];
  const command = new UpdateEventSourceMappingCommand({ UUID, BatchSize: 1, FilterCriteria: { Filters } });
  assert.equal((await world.service.client.send(command)).State, 'Updating');
  await world.send(url, 'a!', 'b', 'c!');
  await eventually(async () => assert.equal(await world.left(url), 0));
  await eventually(() => assert.deepEqual(world.bodies(name).toSorted(), ['a!', 'c!']));
  assert.equal(world.seen(name).length, 2);
});
