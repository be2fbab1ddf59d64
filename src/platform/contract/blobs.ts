/** What every engine of Blobs must do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InvariantError } from '#lib/assert';
import type { Blobs } from '../blobs.ts';

export type OpenBlobs = () => Promise<{ readonly blobs: Blobs; readonly close: () => Promise<void> }>;

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const plain = (body: Uint8Array | undefined): readonly number[] | undefined => body && [...body];

async function* pieces(...parts: readonly (Uint8Array | Error)[]): AsyncGenerator<Uint8Array, void> {
  for (const part of parts) {
    await Promise.resolve();
    if (part instanceof Error) throw part;
    yield part;
  }
}

async function collect(
  stream: AsyncIterable<Uint8Array> | undefined,
): Promise<readonly number[] | undefined> {
  if (stream === undefined) return undefined;
  const collected: number[] = [];
  for await (const chunk of stream) collected.push(...chunk);
  return collected;
}

export function blobsContract(name: string, open: OpenBlobs): void {
  const contract = (title: string, body: (blobs: Blobs) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const { blobs, close } = await open();
      try {
        await body(blobs);
      } finally {
        await close();
      }
    });
  };

  contract('a blob is read as it was stored, from bytes or from a stream', async (blobs) => {
    assert.equal(await blobs.putIfAbsent('a', bytes(1, 2, 3)), 'stored');
    assert.equal(await blobs.putIfAbsent('b/c', pieces(bytes(4), bytes(), bytes(5, 6))), 'stored');
    assert.equal(await blobs.putIfAbsent('empty', bytes()), 'stored');
    assert.equal(await blobs.putIfAbsent('empty-stream', pieces()), 'stored');
    assert.deepEqual(plain(await blobs.get('a')), [1, 2, 3]);
    assert.deepEqual(await collect(await blobs.stream('b/c')), [4, 5, 6]);
    assert.deepEqual(plain(await blobs.get('empty')), []);
    assert.deepEqual(await collect(await blobs.stream('empty-stream')), []);
    assert.deepEqual(await blobs.info('b/c'), { key: 'b/c', sizeBytes: 3 });
  });

  contract('what is not there is undefined', async (blobs) => {
    await blobs.putIfAbsent('a/b', bytes(1));
    for (const key of ['a', 'b', 'a/b/c', 'a/B']) {
      assert.equal(await blobs.get(key), undefined);
      assert.equal(await blobs.stream(key), undefined);
      assert.equal(await blobs.info(key), undefined);
      await blobs.delete(key);
    }
    assert.deepEqual(plain(await blobs.get('a/b')), [1]);
  });

  contract('what is there already stays, and the stream that came for it is closed', async (blobs) => {
    await blobs.putIfAbsent('a', bytes(1));
    assert.equal(await blobs.putIfAbsent('a', bytes(2)), 'present');
    let closed = false;
    const stream: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: bytes(3) }),
        return: async () => {
          closed = true;
          return { done: true, value: undefined };
        },
      }),
    };
    assert.equal(await blobs.putIfAbsent('a', stream), 'present');
    assert.ok(closed);
    assert.deepEqual(plain(await blobs.get('a')), [1]);
  });

  contract('of many who put the same key at once, one stores', async (blobs) => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async (_, index) =>
        blobs.putIfAbsent(
          'new/a',
          index % 2 === 0 ? bytes(index, index) : pieces(bytes(index), bytes(index)),
        ),
      ),
    );
    assert.deepEqual(outcomes.toSorted(), [...Array.from({ length: 19 }, () => 'present'), 'stored']);
    const winner = outcomes.indexOf('stored');
    assert.deepEqual(plain(await blobs.get('new/a')), [winner, winner]);
  });

  contract('a stream that fails gives its own error and leaves nothing', async (blobs) => {
    const failure = Object.assign(new Error('the source broke'), { code: 'ENOENT', syscall: 'read' });
    await assert.rejects(blobs.putIfAbsent('a', pieces(bytes(1), failure)), (error) => error === failure);
    assert.equal(await blobs.get('a'), undefined);
    assert.deepEqual(await blobs.list(''), []);
    assert.equal(await blobs.putIfAbsent('a', bytes(2)), 'stored');
  });

  contract('a range is read from its start to before its end', async (blobs) => {
    await blobs.putIfAbsent('a', bytes(0, 1, 2, 3, 4));
    const expected: readonly (readonly [{ start: number; end?: number }, readonly number[]])[] = [
      [{ start: 0 }, [0, 1, 2, 3, 4]],
      [{ start: 2 }, [2, 3, 4]],
      [{ start: 1, end: 3 }, [1, 2]],
      [{ start: 3, end: 100 }, [3, 4]],
      [{ start: 2, end: 2 }, []],
      [{ start: 5 }, []],
      [{ start: 9, end: 20 }, []],
    ];
    for (const [range, read] of expected) {
      assert.deepEqual(plain(await blobs.get('a', range)), read);
      assert.deepEqual(await collect(await blobs.stream('a', range)), read);
    }
  });

  contract('large blobs come back whole, and a reader may stop early', async (blobs) => {
    const part = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
    await blobs.putIfAbsent('large', pieces(part, part, part));
    assert.equal((await blobs.info('large'))?.sizeBytes, 900_000);
    const read = await blobs.get('large', { start: 300_000, end: 600_000 });
    assert.equal(Buffer.compare(read ?? bytes(), part), 0);
    let streamedBytes = 0;
    for await (const chunk of (await blobs.stream('large')) ?? []) streamedBytes += chunk.byteLength;
    assert.equal(streamedBytes, 900_000);
    for await (const chunk of (await blobs.stream('large')) ?? []) {
      assert.ok(chunk.byteLength < 900_000);
      break;
    }
  });

  contract('what a writer or reader does to its bytes afterwards does not reach the store', async (blobs) => {
    const body = bytes(1, 2);
    await blobs.putIfAbsent('a', body);
    body.fill(9);
    (await blobs.get('a'))?.fill(8);
    assert.deepEqual(plain(await blobs.get('a')), [1, 2]);
  });

  contract('a deleted blob is gone and its key free again', async (blobs) => {
    await blobs.putIfAbsent('a/b', bytes(1));
    await blobs.delete('a/b');
    await blobs.delete('a/b');
    assert.equal(await blobs.get('a/b'), undefined);
    assert.deepEqual(await blobs.list(''), []);
    assert.equal(await blobs.putIfAbsent('a/b', bytes(2)), 'stored');
  });

  contract('keys that differ in case, or in where a segment ends, are different blobs', async (blobs) => {
    const keys = ['a', 'A', 'a/b', 'a/B', 'a/b/c', 'a.b', 'a-', 'x'.repeat(120), 'X'.repeat(120)];
    for (const [index, key] of keys.entries()) {
      assert.equal(await blobs.putIfAbsent(key, bytes(index)), 'stored');
    }
    for (const [index, key] of keys.entries()) assert.deepEqual(plain(await blobs.get(key)), [index]);
    assert.deepEqual(
      (await blobs.list('')).map(({ key }) => key),
      keys.toSorted(),
    );
  });

  contract('listing is ordered, filtered and paged', async (blobs) => {
    const keys = ['a-b', 'a.b', 'a/b', 'a/b/c', 'a0', 'ab/1', 'ab/2', 'b', 'B/c'];
    for (const key of keys) await blobs.putIfAbsent(key, bytes(1, 2));
    const ordered = keys.toSorted();
    for (const prefix of ['', 'a', 'a/', 'a/b', 'ab', 'ab/1', 'z', 'B', '/']) {
      const wanted = ordered.filter((key) => key.startsWith(prefix));
      assert.deepEqual(
        await blobs.list(prefix),
        wanted.map((key) => ({ key, sizeBytes: 2 })),
      );
      const paged: string[] = [];
      for (let after = ''; ; after = paged.at(-1) ?? '') {
        const page = await blobs.list(prefix, { after, limit: 2 });
        if (page.length === 0) break;
        assert.ok(page.length <= 2);
        paged.push(...page.map(({ key }) => key));
      }
      assert.deepEqual(paged, wanted);
    }
    assert.deepEqual(
      (await blobs.list('', { after: 'a/a' })).map(({ key }) => key),
      ordered.filter((key) => key > 'a/a'),
    );
  });

  contract('keys that could lead elsewhere are refused by every call', async (blobs) => {
    const bad = [
      '',
      '.',
      '..',
      '/',
      '/a',
      'a/',
      'a//b',
      'a/./b',
      'a/../b',
      '../a',
      'a/..',
      'a b',
      'a\0',
      'a\\b',
      'ä',
      'a@',
      '=a',
      '~',
      'C:',
      'a\n',
      'x'.repeat(121),
      `${'x/'.repeat(256)}x`,
    ];
    for (const key of bad) {
      await assert.rejects(blobs.putIfAbsent(key, bytes(1)), InvariantError, key);
      await assert.rejects(blobs.get(key), InvariantError, key);
      await assert.rejects(blobs.stream(key), InvariantError, key);
      await assert.rejects(blobs.info(key), InvariantError, key);
      await assert.rejects(blobs.delete(key), InvariantError, key);
    }
    await assert.rejects(blobs.list('..\\'), InvariantError);
    await assert.rejects(blobs.list('', { limit: 0 }), InvariantError);
    await assert.rejects(blobs.list('', { limit: 1001 }), InvariantError);
    await assert.rejects(blobs.get('a', { start: -1 }), InvariantError);
    await assert.rejects(blobs.get('a', { start: 2, end: 1 }), InvariantError);
    await assert.rejects(blobs.get('a', { start: 0.5 }), InvariantError);
    assert.deepEqual(await blobs.list(''), []);
    assert.equal(await blobs.putIfAbsent(`${'x/'.repeat(255)}xx`, bytes(1)), 'stored');
  });
}
