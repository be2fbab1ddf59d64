/** Events through the whole service: destinations that are not Lambkin's, and kill -9 with events in its queues. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  PutFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openAwsServer } from '../../src/event-invoke/fixtures/aws-server.ts';
import { archive } from '../archive.ts';
import { credentials, region, role, startService, type Service } from '../service.ts';

test('failures reach the topic and the bucket that are configured, in the name of the role, and only where it may', async () => {
  const aws = await openAwsServer();
  const args = ['--endpoint', `sns=${aws.endpoint}`, '--endpoint', `s3=${aws.endpoint}`];
  const service = await startService({ args });
  try {
    const topic = `arn:aws:sns:${region}:000000000000:letters`;
    const source = "export const handler = async () => { throw new Error('because'); };";
    const allowed = await roleThat(service, ['sns:Publish', 's3:PutObject']);
    const denied = await roleThat(service, ['logs:*']);
    for (const [name, roleArn] of [
      ['failing', allowed],
      ['denied', denied],
    ] as const) {
      await create(service, name, source, { Role: roleArn, DeadLetterConfig: { TargetArn: topic } });
      await service.client.send(
        new PutFunctionEventInvokeConfigCommand({
          FunctionName: name,
          MaximumRetryAttempts: 0,
          DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
        }),
      );
    }
    await send(service, 'denied', { from: 'denied' });
    const { $metadata } = await send(service, 'failing', { from: 'failing' });
    await until(() => aws.received.length >= 2);
    const published = aws.received.find(({ method }) => method === 'POST');
    const form = new URLSearchParams(published?.body);
    assert.deepEqual(
      [form.get('Action'), form.get('TopicArn'), form.get('Message')],
      ['Publish', topic, '{"from":"failing"}'],
    );
    assert.match(form.toString(), new RegExp($metadata.requestId ?? 'none'));
    assert.match(String(published?.headers['authorization']), /\/sns\/aws4_request/);
    assert.ok(published?.headers['x-amz-security-token']);
    const stored = aws.received.find(({ method }) => method === 'PUT');
    assert.match(stored?.path ?? '', /^\/failures\/aws\/lambda\/async\/failing\/\d{4}\//);
    assert.match(stored?.body ?? '', /"condition":"RetriesExhausted".*"errorMessage":"because"/);
    await until(() => /not allowed to perform/.test(service.output()));
    assert.equal(aws.received.length, 2, 'nothing of the other function was sent');
  } finally {
    await service.stop();
    await aws.close();
  }
});

test('functions that are each other’s destinations are stopped', async () => {
  const service = await startService();
  const notes = join(service.dataDirectory, 'notes');
  try {
    const source = `
      import { appendFileSync } from 'node:fs';
      export const handler = async () => appendFileSync(${JSON.stringify(notes)}, 'ran\\n');`;
    const names = ['here', 'there'];
    for (const name of names) await create(service, name, source);
    for (const [index, FunctionName] of names.entries()) {
      const Destination = `arn:aws:lambda:${region}:000000000000:function:${names[1 - index]}`;
      const DestinationConfig = { OnSuccess: { Destination } };
      await service.client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, DestinationConfig }));
    }
    await send(service, 'here', {});
    let hops = 0;
    await until(() => {
      hops = existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').length - 1 : 0;
      return hops >= 32;
    });
    await sleep(500);
    assert.equal(readFileSync(notes, 'utf8').split('\n').length - 1, 32, '16 of each');
  } finally {
    await service.stop();
  }
});

test('events that were acknowledged run after kill -9', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-events-'));
  const notes = join(dataDirectory, 'notes');
  const noted = (): readonly string[] =>
    existsSync(notes) ? readFileSync(notes, 'utf8').split('\n').slice(0, -1) : [];
  try {
    const first = await startService({ dataDirectory });
    const source = `
      import { appendFileSync } from 'node:fs';
      export const handler = async ({ id }) => appendFileSync(${JSON.stringify(notes)}, id + '\\n');`;
    await create(first, 'note', source);
    const acknowledged: string[] = [];
    const sending = Array.from({ length: 4 }, async (_, lane) => {
      for (let index = 0; ; index += 1) {
        const id = `${lane}-${index}`;
        try {
          await send(first, 'note', { id });
        } catch {
          return; // it was killed
        }
        acknowledged.push(id);
      }
    });
    await until(() => noted().length > 20);
    await first.kill();
    await Promise.all(sending);
    const before = new Set(noted());
    const second = await startService({ dataDirectory });
    // What was in hand is hidden until its visibility timeout has passed.
    await until(() => {
      const all = new Set(noted());
      return acknowledged.every((id) => all.has(id));
    }, 60_000);
    await second.stop();
    const counts = new Map<string, number>();
    for (const id of noted()) counts.set(id, (counts.get(id) ?? 0) + 1);
    assert.ok(
      [...counts.values()].every((count) => count <= 2),
      'once, and once more for a kill',
    );
    assert.ok(before.size > 20 && acknowledged.length > 20);
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
});

const send = ({ client }: Service, FunctionName: string, payload: unknown) =>
  client.send(new InvokeCommand({ FunctionName, InvocationType: 'Event', Payload: JSON.stringify(payload) }));

async function create(
  service: Service,
  FunctionName: string,
  source: string,
  more: object = {},
): Promise<void> {
  const Code = { ZipFile: await archive({ 'index.mjs': source }) };
  const given = { Runtime: 'nodejs24.x', Handler: 'index.handler', Role: role, Code, ...more } as const;
  await service.client.send(new CreateFunctionCommand({ FunctionName, ...given }));
}

async function until(condition: () => boolean, patienceMs = 20_000): Promise<void> {
  const endMs = Date.now() + patienceMs;
  while (!condition()) {
    assert.ok(Date.now() < endMs, 'it took too long');
    await sleep(20);
  }
}

async function roleThat({ endpoint }: Service, actions: readonly string[]): Promise<string> {
  const iam = new IAMClient({ endpoint, region, credentials, maxAttempts: 1 });
  const RoleName = `role-${actions[0]?.replace(/\W/g, '-')}`;
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: document({
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      }),
    }),
  );
  const PolicyDocument = document({ Action: actions, Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'what-it-may', PolicyDocument }));
  iam.destroy();
  return Role?.Arn ?? '';
}

const document = (statement: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
