/**
 * The face's end of the thread: numbers requests, posts those of one turn of the event loop together, bounds what waits, and settles
 * each with its reply. When the thread dies, or after it closed, everything rejects.
 */
import { Worker } from 'node:worker_threads';
import { compiledCodeVariables } from '../../compiled-code.ts';
import type { EngineLimits } from '../../limits.ts';
import { StoreUnavailableError } from '../../unavailable.ts';
import type {
  Answer,
  Ask,
  CallName,
  Failure,
  FromThread,
  Reply,
  Request,
  ThreadOptions,
  ToThread,
} from './protocol.ts';

interface Waiting {
  readonly bytes: number;
  readonly answered: (answer: unknown) => void;
  readonly failed: (error: StoreUnavailableError) => void;
}

export interface CallOptions<Name extends CallName> {
  /** The bodies in what is asked: copies of our own, which the thread takes over. */
  readonly bodies?: readonly Uint8Array<ArrayBuffer>[];
  /** Code units of the texts in what is asked, where they can be long. */
  readonly textUnits?: number;
  /** Called with the answer before the promise resolves; the calls come in the order of the thread's answers. */
  readonly answered?: (answer: Answer<Name>) => void;
  /** One of the engine's own watches reads: there are few of them, each asks for one thing at a time, and they must not starve. */
  readonly watching?: boolean;
}

/** What a request costs beside its bodies and texts. */
const requestOverheadBytes = 256;

export class Link {
  readonly #worker: Worker;
  readonly #limits: EngineLimits;
  readonly #waiting = new Map<number, Waiting>();
  #requests = 0;
  #waitingBytes = 0;
  #outbox: Request[] = [];
  #outboxBuffers: ArrayBuffer[] = [];
  /** Why nothing is served any more. */
  #ended: StoreUnavailableError | undefined;
  #closing: PromiseWithResolvers<undefined> | undefined;
  readonly #onEnd: (error: StoreUnavailableError) => void;

  private constructor(worker: Worker, limits: EngineLimits, onEnd: (error: StoreUnavailableError) => void) {
    this.#worker = worker;
    this.#limits = limits;
    this.#onEnd = onEnd;
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (cause) => this.#end(new StoreUnavailableError('crashed', { cause })));
    worker.on('messageerror', (cause) => this.#end(new StoreUnavailableError('crashed', { cause })));
    worker.on('exit', () => this.#end(new StoreUnavailableError(this.#closing ? 'closed' : 'crashed')));
    worker.unref();
  }

  /** Starts the thread and opens the database. `onEnd` hears once when the link stops to serve. */
  static async open(options: ThreadOptions, onEnd: (error: StoreUnavailableError) => void): Promise<Link> {
    const worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: options,
      name: 'lambkin-store',
      env: { ...process.env, ...compiledCodeVariables() },
    });
    await opened(worker);
    return new Link(worker, options.limits, onEnd);
  }

  async call<Name extends CallName>(
    name: Name,
    ask: Ask<Name>,
    { bodies = [], textUnits = 0, answered, watching = false }: CallOptions<Name> = {},
  ): Promise<Answer<Name>> {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#closing !== undefined) throw new StoreUnavailableError('closed');
    const bodyBytes = bodies.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const bytes = requestOverheadBytes + textUnits + bodyBytes;
    const { waitingBytesMax, waitingRequestsMax } = this.#limits;
    const tooMuch =
      this.#waiting.size >= waitingRequestsMax ||
      (this.#waiting.size > 0 && this.#waitingBytes + bytes > waitingBytesMax);
    if (tooMuch && !watching) throw new StoreUnavailableError('overloaded');

    const { promise, resolve, reject } = Promise.withResolvers<Answer<Name>>();
    this.#requests += 1;
    const id = this.#requests;
    // A process that waits for the store must not end; one that has only opened it may.
    if (this.#waiting.size === 0) this.#worker.ref();
    this.#waiting.set(id, {
      bytes,
      answered(answer) {
        answered?.(answer as Answer<Name>);
        resolve(answer as Answer<Name>);
      },
      failed: reject,
    });
    this.#waitingBytes += bytes;
    this.#outbox.push({ id, name, ask });
    for (const { buffer } of bodies) if (buffer.byteLength > 0) this.#outboxBuffers.push(buffer);
    // At the end of this turn of the event loop: everyone who was woken by the same reply then shares one message and one round.
    if (this.#outbox.length === 1) setImmediate(() => this.#flush());
    return promise;
  }

  /** Lets what waits finish, then closes the database. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      this.#worker.ref();
      this.#flush();
      this.#post({ kind: 'close' });
    }
    await this.#closing.promise;
  }

  /** Kills the thread as a crash would, for tests of just that. */
  async crash(): Promise<void> {
    await this.#worker.terminate();
  }

  #flush(): void {
    if (this.#outbox.length === 0 || this.#ended !== undefined) return;
    this.#post({ kind: 'requests', requests: this.#outbox }, this.#outboxBuffers);
    this.#outbox = [];
    this.#outboxBuffers = [];
  }

  #post(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #receive(message: FromThread): void {
    if (message.kind === 'replies') for (const reply of message.replies) this.#settle(reply);
    else if (message.kind === 'closed') this.#end(new StoreUnavailableError('closed'));
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.id);
    this.#waitingBytes -= waiting.bytes;
    if (this.#waiting.size === 0 && this.#closing === undefined) this.#worker.unref();
    if ('failure' in reply) waiting.failed(unavailable(reply.failure));
    else waiting.answered(reply.answer);
  }

  #end(error: StoreUnavailableError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#waitingBytes = 0;
    this.#outbox = [];
    this.#outboxBuffers = [];
    for (const { failed } of waiting) failed(error);
    this.#onEnd(error);
    this.#closing?.resolve(undefined);
  }
}

/** Resolves once the thread has the database open. */
async function opened(worker: Worker): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onMessage = (message: FromThread): void => {
    if (message.kind === 'ready') resolve(undefined);
    else if (message.kind === 'not-opened') reject(unavailable(message.failure));
  };
  const onError = (cause: Error): void => reject(new StoreUnavailableError('crashed', { cause }));
  const onExit = (): void => reject(new StoreUnavailableError('crashed'));
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  try {
    await promise;
  } finally {
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }
}

function unavailable({ reason, code, message }: Failure): StoreUnavailableError {
  return new StoreUnavailableError(reason, { code, message });
}
