/** What every engine demands of a request before it looks at its data. What fails here is a bug of the caller. */
import { assert } from '#lib/assert';
import { requestLimits } from '../limits.ts';
import type { Write } from '../documents.ts';
import type { MovedMessage, NewMessage } from '../queue.ts';

export function checkName(name: string): void {
  assert(
    name.length >= 1 && name.length <= requestLimits.nameUnitsMax,
    `a key or name has 1..${requestLimits.nameUnitsMax} code units: ${name.length}`,
  );
  assert(isStorable(name), `a key or name is well-formed and without U+0000: ${JSON.stringify(name)}`);
}

/** A prefix may be empty; otherwise it obeys the rules of names. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkName(prefix);
}

export function checkLimit(limit: number): void {
  assert(
    Number.isInteger(limit) && limit >= 1 && limit <= requestLimits.pageMax,
    `a limit is 1..${requestLimits.pageMax}: ${limit}`,
  );
}

/** Sequences and revisions. */
export function checkPosition(position: number): void {
  assert(Number.isSafeInteger(position) && position >= 0, `a position is a whole number: ${position}`);
}

export function checkDelay(delayMs: number): void {
  assert(
    delayMs >= 0 && delayMs <= requestLimits.delayMsMax,
    `a delay is 0..${requestLimits.delayMsMax} ms: ${delayMs}`,
  );
}

export function checkBodies(bodies: readonly Uint8Array[]): void {
  const { bodiesPerRequestMax, bodyBytesMax, requestBytesMax } = requestLimits;
  assert(
    bodies.length >= 1 && bodies.length <= bodiesPerRequestMax,
    `a request has 1..${bodiesPerRequestMax} bodies: ${bodies.length}`,
  );
  let bytes = 0;
  for (const body of bodies) {
    assert(body instanceof Uint8Array, 'a body is a Uint8Array');
    assert(body.byteLength <= bodyBytesMax, `a body has at most ${bodyBytesMax} bytes: ${body.byteLength}`);
    bytes += body.byteLength;
  }
  assert(bytes <= requestBytesMax, `bodies have at most ${requestBytesMax} bytes together: ${bytes}`);
}

/** A write with its value as JSON text, as engines store it. */
export type EncodedWrite =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly text: string;
      readonly expected: Write['expected'];
    }
  | { readonly kind: 'delete'; readonly key: string; readonly expected: Write['expected'] };

export function encodeWrites(writes: readonly Write[]): readonly EncodedWrite[] {
  const { documentUnitsMax, writesPerCommitMax } = requestLimits;
  assert(
    writes.length >= 1 && writes.length <= writesPerCommitMax,
    `a commit has 1..${writesPerCommitMax} writes: ${writes.length}`,
  );
  assert(
    new Set(writes.map(({ key }) => key)).size === writes.length,
    'a commit writes each key at most once',
  );
  return writes.map((write) => {
    checkName(write.key);
    if (typeof write.expected === 'number') checkPosition(write.expected);
    if (write.kind === 'delete') return write;
    const text: unknown = JSON.stringify(write.value);
    assert(typeof text === 'string', `the value of ${write.key} is not JSON`);
    assert(
      text.length <= documentUnitsMax,
      `${write.key} has at most ${documentUnitsMax} code units: ${text.length}`,
    );
    return { kind: 'put', key: write.key, text, expected: write.expected };
  });
}

/** Whether every engine can keep the text as it is: SQLite and PostgreSQL store UTF-8, PostgreSQL no U+0000. */
function isStorable(name: string): boolean {
  return name.isWellFormed() && !name.includes('\0');
}

export function checkNewMessages(messages: readonly NewMessage[]): void {
  checkBodies(messages.map(({ body }) => body));
  for (const { delayMs = 0, group, once } of messages) {
    checkDelay(delayMs);
    if (group !== undefined) checkName(group);
    if (once === undefined) continue;
    checkName(once.key);
    checkDelay(once.windowMs);
  }
}

export function checkMoved({ body, delayMs = 0, group, id, sentAtMs }: MovedMessage): void {
  checkBodies([body]);
  checkDelay(delayMs);
  if (group !== undefined) checkName(group);
  // Receipts are made of them.
  assert(id === undefined || /^[0-9a-f-]{36}$/.test(id), 'the id of a message is a UUID');
  if (sentAtMs !== undefined) checkPosition(sentAtMs);
}
