/** Environment variables sealed and opened: what fits together opens, nothing else does, and nothing shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as holds, dictionary, property, string, stringMatching } from 'fast-check';
import { someConfiguration } from '#metadata/fixtures';
import type { Configuration } from './records.ts';
import { type Variables, VariableSeal } from './sealed-variables.ts';

const seal = new VariableSeal(new Uint8Array(32).fill(7));
const name = { accountId: '000000000000', region: 'us-east-1', functionName: 'hello' };
const holding = (environment: Configuration['environment']): { readonly configuration: Configuration } => ({
  configuration: someConfiguration({ environment }),
});
const open = (environment: Configuration['environment'], by = seal, of = name): Variables | undefined =>
  by.open({ ...of, ...holding(environment) });

function textOf(environment: Configuration['environment']): string {
  assert.ok(typeof environment === 'string');
  return environment;
}

const anyVariables = dictionary(stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{1,20}$/), string({ unit: 'binary' }));

test('what was sealed opens as it was, whatever it was', () => {
  holds(
    property(anyVariables, (variables) => {
      assert.deepEqual({ ...open(seal.seal(name, variables)) }, { ...variables });
    }),
  );
});

test('equal variables give equal texts in whatever order they came, others give others', () => {
  assert.equal(seal.seal(name, { aa: '1', bb: '2' }), seal.seal(name, { bb: '2', aa: '1' }));
  assert.notEqual(seal.seal(name, { aa: '1', bb: '2' }), seal.seal(name, { aa: '2', bb: '1' }));
  assert.notEqual(seal.seal(name, { aa: '1' }), seal.seal({ ...name, functionName: 'other' }, { aa: '1' }));
});

test('no text of them shows', () => {
  const sealed = seal.seal(name, { SECRET_NAME: 'secret-value' });
  const bytes = JSON.stringify(sealed) + Buffer.from(textOf(sealed).slice(2), 'base64').toString('latin1');
  assert.doesNotMatch(bytes, /SECRET_NAME|secret-value/);
});

test('under another secret, for another function, or changed anywhere, they do not open', () => {
  const sealed = textOf(seal.seal(name, { aa: 'x'.repeat(40) }));
  assert.equal(open(sealed, new VariableSeal(new Uint8Array(32))), undefined);
  assert.equal(open(sealed, seal, { ...name, functionName: 'other' }), undefined);
  assert.equal(open(sealed, seal, { ...name, accountId: '111111111111' }), undefined);
  const bytes = Buffer.from(sealed.slice(2), 'base64');
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(open(`1.${changed.toString('base64')}`), undefined, `byte ${at}`);
  }
  for (const broken of ['', '1.', '1.AAAA', `2.${sealed.slice(2)}`]) assert.equal(open(broken), undefined);
});

test('variables of the release before, in clear, open as what they are', () => {
  assert.deepEqual(open({ aa: '1' }), { aa: '1' });
  assert.deepEqual(open({}), {});
  assert.deepEqual(seal.seal(name, {}), {});
});
