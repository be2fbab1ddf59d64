/**
 * What a function's answer says of its batch, with ReportBatchItemFailures: which of the records have failed. Pure.
 *
 *   { "batchItemFailures": [{ "itemIdentifier": "<id>" }, …] }
 *
 * As AWS has it, an answer that is empty, `null`, or lists nothing is a success; one that cannot be understood, or that names a
 * record which is not in the batch, is a failure of all.
 */

export type BatchAnswer =
  | { readonly kind: 'all-done' }
  | { readonly kind: 'all-failed' }
  | { readonly kind: 'some-failed'; readonly ids: ReadonlySet<string> };

const allDone: BatchAnswer = { kind: 'all-done' };
const allFailed: BatchAnswer = { kind: 'all-failed' };

export function readBatchAnswer(payload: Uint8Array, batchIds: ReadonlySet<string>): BatchAnswer {
  if (payload.byteLength === 0) return allDone;
  let answer: unknown;
  try {
    answer = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return allFailed;
  }
  if (answer === null || answer === '') return allDone;
  if (typeof answer !== 'object' || Array.isArray(answer)) return allFailed;
  const { batchItemFailures: failures } = answer as { readonly batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return allDone;
  if (!Array.isArray(failures)) return allFailed;
  const ids = new Set<string>();
  for (const failure of failures as readonly unknown[]) {
    const id = identifierIn(failure);
    if (id === undefined || !batchIds.has(id)) return allFailed;
    ids.add(id);
  }
  return ids.size === 0 ? allDone : { kind: 'some-failed', ids };
}

function identifierIn(failure: unknown): string | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  const { itemIdentifier: id } = failure as { readonly itemIdentifier?: unknown };
  return typeof id === 'string' && id !== '' ? id : undefined;
}
