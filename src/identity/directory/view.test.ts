/** Tests of the directory's view: what is found by what, and what is left after changes in any order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import type { Json } from '#platform';
import { allowing, somePolicy, someRole, someUser } from '../fixtures/records.ts';
import { documentKey } from './keys.ts';
import type { AccessKeyRecord } from './records.ts';
import { DirectoryView } from './view.ts';

const account = '000000000000';
const policyArn = `arn:aws:iam::${account}:policy/shared`;
const key = (id: string): AccessKeyRecord => ({ id, sealedSecret: '', status: 'Active', createdAtMs: 0 });
const json = (value: unknown): Json => value as Json;

test('names differ by more than case; keys and ids lead to their user, policies to whom they are attached', () => {
  const view = new DirectoryView(account);
  const user = someUser({ accessKeys: [key('K1'), key('K2')], attachedPolicies: [policyArn] });
  const role = someRole({ boundary: policyArn });
  view.put({ key: documentKey(account, 'users', 'Ann'), value: json(user), revision: 1 });
  view.put({ key: documentKey(account, 'roles', 'reader'), value: json(role), revision: 2 });
  const policy = somePolicy(allowing('*'));
  view.put({ key: documentKey(account, 'policies', 'shared'), value: json(policy), revision: 3 });
  assert.equal(view.user('ANN'), user);
  assert.equal(view.userById(user.id), user);
  assert.equal(view.accessKey('K2')?.user, user);
  assert.equal(view.policy(policyArn), policy);
  assert.deepEqual([...view.attachmentsOf(policyArn).users], ['ann']);
  assert.deepEqual([...view.boundariesOf(policyArn).roles], ['reader']);
  const changes = view.changes;
  view.put({ key: documentKey(account, 'users', 'ann'), value: json(someUser()), revision: 4 });
  assert.equal(view.accessKey('K1'), undefined);
  assert.deepEqual([...view.attachmentsOf(policyArn).users], []);
  assert.ok(view.changes > changes);
});

test('what is older than what is known, or of another account, is no news', () => {
  const view = new DirectoryView(account);
  const at = documentKey(account, 'users', 'ann');
  view.put({ key: at, value: json(someUser({ path: '/new/' })), revision: 5 });
  view.put({ key: at, value: json(someUser({ path: '/old/' })), revision: 4 });
  view.delete(at, 5);
  assert.equal(view.user('ann')?.path, '/new/');
  view.put({ key: documentKey('999999999999', 'users', 'eve'), value: json(someUser()), revision: 6 });
  view.put({ key: `identity/${account}/groups/g`, value: json({}), revision: 7 });
  assert.equal(view.user('eve'), undefined);
  view.delete(at, 8);
  assert.equal(view.user('ann'), undefined);
  assert.equal(view.count('users'), 0);
});

test('whatever happens to users, exactly the keys, ids and attachments of those who are left are found', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const put = fc.record({
    name: names,
    keys: fc.subarray(['1', '2']),
    attached: fc.boolean(),
  });
  const steps = fc.array(fc.oneof(put, names), { maxLength: 30 });
  fc.assert(
    fc.property(steps, (changes) => {
      const view = new DirectoryView(account);
      const left = new Map<string, { keys: readonly string[]; attached: boolean }>();
      for (const [index, change] of changes.entries()) {
        const name = typeof change === 'string' ? change : change.name;
        const at = documentKey(account, 'users', name);
        if (typeof change === 'string') {
          view.delete(at, index + 1);
          left.delete(name);
          continue;
        }
        const { keys, attached } = change;
        left.set(name, { keys, attached });
        const user = someUser({
          name,
          id: `AIDA-${name}`,
          accessKeys: keys.map((each) => key(`${name}${each}`)),
          attachedPolicies: attached ? [policyArn] : [],
        });
        view.put({ key: at, value: json(user), revision: index + 1 });
      }
      assert.equal(view.count('users'), left.size);
      for (const name of ['a', 'b', 'c']) {
        const expected = left.get(name);
        assert.equal(view.userById(`AIDA-${name}`)?.name, expected && name);
        for (const each of ['1', '2']) {
          assert.equal(
            view.accessKey(`${name}${each}`) !== undefined,
            expected?.keys.includes(each) ?? false,
          );
        }
        assert.equal(view.attachmentsOf(policyArn).users.has(name), expected?.attached ?? false);
      }
    }),
  );
});
