/** What both suites of Documents use: how a test gets its store, and writes in short form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Documents, Expected, Json, Revision, Write } from '../documents.ts';
import type { EngineLimits } from '../limits.ts';

export type OpenDocuments = (
  limits?: Partial<EngineLimits>,
) => Promise<{ readonly documents: Documents; readonly close: () => Promise<void> }>;

export type DocumentTest = (
  title: string,
  body: (documents: Documents) => Promise<void>,
  limits?: Partial<EngineLimits>,
) => void;

/** Registers tests that each get a new store. */
export function documentTests(name: string, open: OpenDocuments): DocumentTest {
  return (title, body, limits) => {
    test(`${name}: ${title}`, async () => {
      const { documents, close } = await open(limits);
      try {
        await body(documents);
      } finally {
        await close();
      }
    });
  };
}

export const put = (key: string, value: Json, expected: Expected = 'any'): Write => ({
  kind: 'put',
  key,
  value,
  expected,
});
export const remove = (key: string, expected: Expected = 'any'): Write => ({ kind: 'delete', key, expected });

/** Commits what must not conflict. */
export async function commit(documents: Documents, writes: readonly Write[]): Promise<Revision> {
  const outcome = await documents.commit(writes);
  assert.equal(outcome.kind, 'committed');
  return outcome.kind === 'committed' ? outcome.revision : 0;
}
