/** What hangs on functions, versions and aliases goes with them, whatever else happens at the same time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '#wire';
import { openPublished, type World } from './fixtures/world.ts';

const hello = { FunctionName: 'hello' };

const calls: readonly (readonly [operation: string, input: Input])[] = [
  ['AddPermission', { StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com' }],
  ['CreateFunctionUrlConfig', { AuthType: 'NONE' }],
  ['PutFunctionEventInvokeConfig', { MaximumRetryAttempts: 1 }],
  ['PutProvisionedConcurrencyConfig', { ProvisionedConcurrentExecutions: 1 }],
  ['PutRuntimeManagementConfig', { UpdateRuntimeOn: 'FunctionUpdate' }],
];

type Call = () => Promise<unknown>;

const attachments = (world: World, Qualifier: string): Call[] =>
  calls.map(
    ([operation, input]) =>
      () =>
        world.call(operation, { ...hello, Qualifier, ...input }),
  );

/** All at the same time, with one more at a place among them. */
async function race(works: readonly Call[], place: number, other: Call): Promise<void> {
  await Promise.allSettled(works.toSpliced(place % works.length, 0, other).map((work) => work()));
}

/** Keys of everything in the store that names the function or something of it. */
async function keysOf(world: World, part: string): Promise<readonly string[]> {
  const { documents } = await world.documents.list('');
  return documents
    .filter(
      ({ key, value }) => `${key}/`.includes(`/${part}/`) || JSON.stringify(value).includes(`"${part}"`),
    )
    .map(({ key }) => key);
}

test('a function goes with more attachments than one commit takes', async (t) => {
  const world = await openPublished(t);
  for (let number = 0; number < 25; number += 1) {
    const Name = `alias-${number}`;
    // Of one version only one alias can have provisioned concurrency.
    await world.call('UpdateFunctionConfiguration', { ...hello, Description: Name });
    await world.plane.settled();
    const { Version: FunctionVersion } = await world.call('PublishVersion', hello);
    await world.call('CreateAlias', { ...hello, Name, FunctionVersion });
    for (const work of attachments(world, Name)) await work();
  }
  assert.ok((await keysOf(world, 'hello')).length > 125);
  await world.call('DeleteFunction', hello);
  assert.deepEqual(await keysOf(world, 'hello'), []);
});

test('nothing of an alias is left when it is deleted while things are attached to it', async (t) => {
  const world = await openPublished(t);
  for (let round = 0; round < 20; round += 1) {
    await world.call('CreateAlias', { ...hello, Name: 'live', FunctionVersion: '1' });
    const remove: Call = () => world.call('DeleteAlias', { ...hello, Name: 'live' });
    await race(attachments(world, 'live'), round, remove);
    await remove();
    assert.deepEqual(await keysOf(world, 'live'), []);
  }
});

test('nothing of a function is left when it is deleted while things are attached to it', async (t) => {
  const world = await openPublished(t);
  for (let round = 0; round < 10; round += 1) {
    await race(attachments(world, '1'), round, () => world.call('DeleteFunction', hello));
    await world.call('DeleteFunction', hello).catch(() => undefined);
    assert.deepEqual(await keysOf(world, 'hello'), []);
    await world.create('hello', { Publish: true });
  }
});
