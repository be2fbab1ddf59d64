/** What a `+` in a query means, and that it means the same to who signed it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WireRequest } from '../service.ts';
import { bodyHash, type Draft, findKey, nowMs, region, services, sign } from './fixtures/signed.ts';
import { Verifier } from './verifier.ts';

const verifier = new Verifier({ findKey, region, services, nowMs: () => nowMs });
const draft: Draft = { method: 'GET', path: '/', query: {}, headers: {}, body: new Uint8Array(0) };

function refusal(request: WireRequest): string | undefined {
  const examination = verifier.examine(request);
  if (examination.kind === 'refused') return examination.error.errorName;
  return examination.finish(bodyHash(draft.body))?.errorName;
}

test('a + in a query is a blank, for who signed a blank and for nobody else', async () => {
  for (const form of ['header', 'query'] as const) {
    const blank = await sign({ ...draft, query: { text: 'two words' } }, { form });
    assert.match(blank.rawQuery, /text=two%20words/);
    const asForm = { ...blank, rawQuery: blank.rawQuery.replace('two%20words', 'two+words') };
    assert.equal(refusal(asForm), undefined);
    const plus = await sign({ ...draft, query: { text: 'one+one' } }, { form });
    assert.match(plus.rawQuery, /text=one%2Bone/);
    assert.equal(refusal(plus), undefined);
    const otherMeaning = { ...plus, rawQuery: plus.rawQuery.replace('one%2Bone', 'one+one') };
    assert.equal(refusal(otherMeaning), 'InvalidSignatureException');
  }
});
