/** Reading a request's body within a bound, and throwing away one that nobody wants. */
import { createHash, hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Cancel, Clock } from '#platform';
import type { ListenerLimits } from './limits.ts';

export type BodyOutcome =
  | { readonly kind: 'read'; readonly body: Uint8Array; readonly sha256: string }
  | { readonly kind: 'too-large' }
  /** The bodies of all requests together have no more room. */
  | { readonly kind: 'no-room' };

/** Counts the bytes of all bodies that are held at the moment. */
export class Room {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

export interface BodyBounds {
  readonly bytesMax: number;
  /** false: its hash is not asked for. */
  readonly hashed: boolean;
  readonly room: Room;
}

const nothing = new Uint8Array(0);
const sha256OfNothing = hash('sha256', nothing, 'hex');

export const emptyBody: BodyOutcome = { kind: 'read', body: nothing, sha256: sha256OfNothing };

/**
 * Reads at most `bytesMax` bytes and hashes them (unless `hashed` is false). `taken` hears how many bytes of the room
 * were taken, to be given back later. Stays silent for ever when the client goes away first.
 */
export function readBody(
  message: IncomingMessage,
  bounds: BodyBounds,
  taken: (bytes: number) => void,
  done: (outcome: BodyOutcome) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A body of one chunk is hashed in one go; a longer one as it comes, so that no long pause builds up at its end.
  let running: ReturnType<typeof createHash> | undefined;
  const stop = (outcome: BodyOutcome): void => {
    message.removeListener('data', onData);
    message.removeListener('end', onEnd);
    message.pause();
    done(outcome);
  };
  const onData = (chunk: Buffer): void => {
    if (bytes + chunk.length > bounds.bytesMax) return stop({ kind: 'too-large' });
    if (!bounds.room.take(chunk.length)) return stop({ kind: 'no-room' });
    taken(chunk.length);
    bytes += chunk.length;
    chunks.push(chunk);
    if (!bounds.hashed || chunks.length === 1) return;
    running ??= createHash('sha256').update(chunks[0] ?? nothing);
    running.update(chunk);
  };
  const onEnd = (): void => {
    const [first] = chunks;
    if (first === undefined) return done(emptyBody);
    const body = chunks.length === 1 ? first : Buffer.concat(chunks, bytes);
    const sha256 = bounds.hashed ? (running?.digest('hex') ?? hash('sha256', first, 'hex')) : '';
    done({ kind: 'read', body, sha256 });
  };
  message.on('data', onData);
  message.on('end', onEnd);
}

/**
 * Reads on and throws away, within bounds, then calls `done`. A server that closes while its client still sends makes
 * the client's kernel drop the answer unread.
 */
export function discardBody(
  message: IncomingMessage,
  limits: ListenerLimits,
  clock: Clock,
  done: () => void,
): void {
  let bytes = 0;
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    cancel();
    message.removeListener('data', onData);
    done();
  };
  const cancel: Cancel = clock.after(limits.discardTimeoutMs, end);
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > limits.discardedBytesMax) end();
  };
  message.on('data', onData);
  message.once('end', end);
  message.once('close', end);
  message.resume();
}
