/**
 * A connection as long as all it carries are plain requests, one after the other:
 *
 *     waiting ──plain request──▶ serving ──answered──▶ waiting
 *        │
 *        └──anything else──▶ handed over to node:http, with what has come, for good
 *
 * What node:http does for a request beside parsing it costs as much as verifying its signature and finding its function do. It is the rule that
 * a connection which invokes a function goes on to do so, so a lane never comes back from node:http.
 */
import type { Socket } from 'node:net';
import type { Awaited, Patience } from '../patience.ts';
import type { PlainRequest } from './request.ts';

/** What came while an answer is out is kept up to this; then the client has to wait. */
const aheadBytesMax = 64 * 1024;

export interface LaneOptions {
  /** Of connections that wait for a request. */
  readonly silences: Patience;
  /** undefined: no plain request. */
  read(bytes: Buffer): PlainRequest | undefined;
  /** Begins to serve a request; `answered` is to be called once the answer is out, and says whether the connection goes on. */
  serve(request: PlainRequest, answered: (goesOn: boolean) => void): void;
  /** node:http takes the connection from here; what has come stands in it to be read. */
  handOver(): void;
}

export class Lane implements Awaited {
  readonly #socket: Socket;
  readonly #options: LaneOptions;
  #state: 'waiting' | 'serving' | 'left' = 'waiting';
  #ahead: Buffer[] = [];
  #aheadBytes = 0;

  constructor(socket: Socket, options: LaneOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.once('close', () => options.silences.leave(this));
    options.silences.enter(this);
  }

  tooSlow(): void {
    this.endIfIdle();
  }

  /** Ends the connection where no request is on it. */
  endIfIdle(): void {
    if (this.#state === 'waiting') this.#socket.destroy();
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#state === 'serving') return this.#keep(bytes);
    const request = this.#options.read(bytes);
    if (request === undefined) return this.#handOver(bytes);
    this.#state = 'serving';
    this.#options.silences.leave(this);
    this.#options.serve(request, this.#answered);
  };

  readonly #answered = (goesOn: boolean): void => {
    if (!goesOn) return this.#socket.destroySoon();
    this.#state = 'waiting';
    this.#options.silences.enter(this);
    if (this.#aheadBytes > 0) this.#goOn();
  };

  readonly #onEnd = (): void => {
    this.#socket.end();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  #keep(bytes: Buffer): void {
    this.#ahead.push(bytes);
    this.#aheadBytes += bytes.length;
    if (this.#aheadBytes > aheadBytesMax) this.#socket.pause();
  }

  #goOn(): void {
    const bytes = this.#ahead.length === 1 ? this.#ahead[0] : undefined;
    const all = bytes ?? Buffer.concat(this.#ahead, this.#aheadBytes);
    this.#ahead = [];
    this.#aheadBytes = 0;
    this.#socket.resume();
    this.#onData(all);
  }

  #handOver(bytes: Buffer): void {
    this.#state = 'left';
    const socket = this.#socket;
    socket.pause();
    socket.removeListener('data', this.#onData);
    socket.removeListener('end', this.#onEnd);
    socket.removeListener('error', this.#onError);
    this.#options.silences.leave(this);
    socket.unshift(bytes);
    this.#options.handOver();
    socket.resume();
  }
}
