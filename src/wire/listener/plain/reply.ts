/**
 * The answer to a plain request, in the form in which node:http would have written it: its headers, `Date`, and whether the connection goes on.
 * Head and body are one write.
 */
import { assert } from '#lib/assert';
import { type Cancel, nodeHttp } from '#platform';
import type { Socket } from 'node:net';
import {
  closeUnread,
  type Headers,
  type Outlet,
  reasonOf,
  type ReplyFloor,
  textBytesMax,
  type Written,
} from '../reply.ts';

export class PlainReply implements Outlet {
  readonly #floor: ReplyFloor;
  readonly #socket: Socket;
  readonly #requestId: string;
  readonly #left: (goesOn: boolean) => void;
  #cancelTimeout: Cancel | undefined;

  /** `left` is called once the kernel has taken all of the answer: does the connection go on? */
  constructor(floor: ReplyFloor, socket: Socket, requestId: string, left: (goesOn: boolean) => void) {
    this.#floor = floor;
    this.#socket = socket;
    this.#requestId = requestId;
    this.#left = left;
  }

  /** Who asks whether to continue is not plain. */
  continue(): void {}

  send({ statusCode, headers, body }: Written): void {
    const length = body?.length ?? 0;
    const goesOn = !this.#floor.closing;
    const head = this.#head(statusCode, headers, length, goesOn);
    const socket = this.#socket;
    if (body === undefined || length === 0) socket.write(head, 'latin1');
    else if (length <= textBytesMax) socket.write(head + textOf(body), 'latin1');
    else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
    this.#written(goesOn);
  }

  /** All of a plain request is here. */
  refuse(answer: Written): void {
    this.send(answer);
  }

  async stream(_status: number, _headers: Headers, body: AsyncIterable<Uint8Array>): Promise<void> {
    this.#socket.destroy();
    await closeUnread(body);
    assert(false, 'what is asked by plain requests is answered whole');
  }

  abandon(): void {
    this.#cancelTimeout?.();
  }

  #head(statusCode: number, headers: Headers, length: number, goesOn: boolean): string {
    let head = `HTTP/1.1 ${statusCode} ${reasonOf(statusCode)}\r\n`;
    for (const name in headers) {
      if (name === requestIdHeader) continue;
      const value = headers[name] ?? '';
      head += typeof value === 'string' ? line(name, value) : value.map((each) => line(name, each)).join('');
    }
    head += `${requestIdHeader}: ${this.#requestId}\r\n`;
    if (!goesOn) head += 'connection: close\r\n';
    if (statusCode !== 204 && headers['content-length'] === undefined)
      head += `content-length: ${length}\r\n`;
    head += `Date: ${dateOf(this.#floor.clock.wallMs())}\r\n`;
    const { idleTimeoutMs } = this.#floor.limits;
    return goesOn
      ? `${head}Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}\r\n\r\n`
      : `${head}\r\n`;
  }

  /** The kernel may not have taken all of it: then the client has to read it in time. */
  #written(goesOn: boolean): void {
    const socket = this.#socket;
    if (socket.writableLength === 0) return this.#left(goesOn);
    this.#cancelTimeout = this.#floor.clock.after(this.#floor.limits.answerTimeoutMs, () => socket.destroy());
    // Its turn comes after all that was written before it.
    socket.write('', () => {
      this.#cancelTimeout?.();
      this.#left(goesOn);
    });
  }
}

const requestIdHeader = 'x-amzn-RequestId';
const carried = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Throws where HTTP cannot carry it. Names are our own. */
function line(name: string, text: string): string {
  if (!carried.test(text)) nodeHttp().validateHeaderValue(name, text);
  return `${name}: ${text}\r\n`;
}

function textOf({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1');
}

let latestSecond = 0;
let latestDate = '';

/** As HTTP writes it; the same for a second long. */
function dateOf(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  if (second !== latestSecond) {
    latestSecond = second;
    latestDate = new Date(second * 1000).toUTCString();
  }
  return latestDate;
}
