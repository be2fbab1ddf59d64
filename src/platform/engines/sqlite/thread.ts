/**
 * The thread that owns the database. It serves in rounds: take everything that waits, answer the reads, then do all writes in one
 * transaction and answer them once its commit returned. So one wait for the disk serves everyone who came during the last one.
 *
 *     face:    a   b c   d e f          (requests come while a round is on its way)
 *     thread:  [a]   [b c]    [d e f]   (each round is one commit, one fsync)
 *
 * A request whose expectation does not hold is answered with its conflict and wrote nothing, so it does not disturb the others of the
 * round. A failure of the disk undoes the whole round, and each of its writes is answered with that failure.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '#lib/assert';
import { documentHandlers } from './document-rows.ts';
import { journalHandlers } from './journal-rows.ts';
import type { Failure, FromThread, Handlers, Reply, Request, ThreadOptions, ToThread } from './protocol.ts';
import { writingCalls } from './protocol.ts';
import { queueHandlers } from './queue-rows.ts';
import { openDatabase } from './schema.ts';
import { failureOf } from './sqlite-error.ts';

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;
const { path, limits } = workerData as ThreadOptions;

function post(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

class Rounds {
  readonly #database: DatabaseSync;
  readonly #handlers: Handlers;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #waiting: Request[] = [];

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#handlers = {
      ...documentHandlers(database, limits),
      ...journalHandlers(database, limits),
      ...queueHandlers(database, limits),
    };
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
  }

  run(first: ToThread): void {
    let closing = this.#take(first);
    do {
      // Whoever came during the last round belongs to this one.
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        closing = this.#take(next.message as ToThread) || closing;
      }
      const round = this.#waiting.splice(0, limits.roundRequestsMax);
      this.#reply(round.filter(({ name }) => !writingCalls.has(name)).map((request) => this.#read(request)));
      this.#reply(this.#write(round.filter(({ name }) => writingCalls.has(name))));
    } while (this.#waiting.length > 0);
    if (!closing) return;
    this.#database.close();
    post({ kind: 'closed' });
    port.close();
  }

  /** Whether the message asks to close. */
  #take(message: ToThread): boolean {
    if (message.kind === 'close') return true;
    this.#waiting.push(...message.requests);
    return false;
  }

  #serve({ id, name, ask }: Request): Reply {
    const handler = this.#handlers[name] as ((ask: unknown) => unknown) | undefined;
    assert(handler !== undefined, `no such call: ${name}`);
    return { id, answer: handler(ask) };
  }

  #read(request: Request): Reply {
    try {
      return this.#serve(request);
    } catch (error) {
      return { id: request.id, failure: knownFailure(error) };
    }
  }

  #write(requests: readonly Request[]): readonly Reply[] {
    if (requests.length === 0) return [];
    try {
      this.#begin.run();
      const replies = requests.map((request) => this.#serve(request));
      this.#commit.run();
      return replies;
    } catch (error) {
      const failure = knownFailure(error);
      // Some failures have undone the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      return requests.map(({ id }) => ({ id, failure }));
    }
  }

  #reply(replies: readonly Reply[]): void {
    if (replies.length > 0) post({ kind: 'replies', replies }, replies.flatMap(buffersOf));
  }
}

/** The buffers of the bodies in a reply: handed over instead of copied. SQLite made each record's for it alone. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (!('answer' in reply) || typeof reply.answer !== 'object' || reply.answer === null) return [];
  if ('bodies' in reply.answer) return [(reply.answer.bodies as Uint8Array<ArrayBuffer>).buffer];
  if (!('records' in reply.answer)) return [];
  return (reply.answer.records as readonly { readonly body: Uint8Array<ArrayBuffer> }[])
    .map(({ body }) => body.buffer)
    .filter(({ byteLength }) => byteLength > 0);
}

/** What is not the disk's fault is a bug: it ends the thread, and the face tells everyone who waits. */
function knownFailure(error: unknown): Failure {
  const failure = failureOf(error);
  if (failure === undefined) throw error;
  return failure;
}

try {
  const rounds = new Rounds(openDatabase(path));
  port.on('message', (message: ToThread) => rounds.run(message));
  post({ kind: 'ready' });
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  post({
    kind: 'not-opened',
    failure: failureOf(error) ?? { reason: 'failed', code: 'NOT_OPENED', message },
  });
  port.close();
}
