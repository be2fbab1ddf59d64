/** GET over HTTP with bounds in time and size, and redirects that neither carry credentials elsewhere nor lead where nobody may call. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '#platform';
import { pullLimits } from '../limits.ts';
import { checkLiteral, guardedLookup, isLocalName } from './addresses.ts';

export interface HttpAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Read once, or given up by `close`. Throws when nothing comes for a while, or the connection ends before the body does. */
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** The registry that sent us there; absent: it is the registry itself. Only what the image is named by may be on this machine. */
  readonly sentBy?: URL;
}

/** The other side does not keep to what was agreed: another try would end the same. */
export class HttpProtocolError extends Error {
  override readonly name = 'HttpProtocolError';
}

export class HttpTimeoutError extends Error {
  override readonly name = 'HttpTimeoutError';
}

export type HttpLimits = Pick<typeof pullLimits, 'answerMs' | 'idleMs' | 'redirectsMax'>;

export class HttpClient {
  readonly #clock: Clock;
  readonly #limits: HttpLimits;
  readonly #http = new HttpAgent({ keepAlive: true, maxSockets: pullLimits.connectionsPerHostMax });
  readonly #https = new HttpsAgent({ keepAlive: true, maxSockets: pullLimits.connectionsPerHostMax });
  /** The same for those that must not reach this machine: a connection that is kept must not be handed to them. */
  readonly #httpsElsewhere = new HttpsAgent({
    keepAlive: true,
    maxSockets: pullLimits.connectionsPerHostMax,
  });

  constructor(clock: Clock, limits: Partial<{ readonly [name in keyof HttpLimits]: number }> = {}) {
    this.#clock = clock;
    this.#limits = { ...pullLimits, ...limits } as HttpLimits;
  }

  /** Follows redirects. `Authorization` goes to the first host only. */
  async get({ url, headers, signal, sentBy = url }: HttpRequest): Promise<HttpAnswer> {
    let at = url;
    let sent = headers;
    for (let redirects = 0; redirects <= this.#limits.redirectsMax; redirects += 1) {
      const answer = await this.#once({ url: at, headers: sent, signal }, at.host === sentBy.host);
      if (![301, 302, 303, 307, 308].includes(answer.statusCode)) return answer;
      answer.close();
      const { location } = answer.headers;
      const next = typeof location === 'string' ? URL.parse(location, at.href) : null;
      if (next === null) throw new HttpProtocolError('a redirect leads nowhere');
      checkStep(sentBy, next);
      if (next.host !== at.host) sent = withoutCredentials(sent);
      at = next;
    }
    throw new HttpProtocolError(`there were more than ${this.#limits.redirectsMax} redirects`);
  }

  close(): void {
    for (const agent of [this.#http, this.#https, this.#httpsElsewhere]) agent.destroy();
  }

  #once({ url, headers, signal }: Omit<HttpRequest, 'sentBy'>, isNamed: boolean): Promise<HttpAnswer> {
    // Names of this machine were looked at by `checkStep`.
    const allowed = { loopback: isNamed || isLocalName(url.hostname) };
    checkLiteral(url, allowed);
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const isPlain = url.protocol === 'http:';
      const agent = isPlain ? this.#http : allowed.loopback ? this.#https : this.#httpsElsewhere;
      const options = { agent, headers, lookup: guardedLookup(allowed), signal };
      const sending = isPlain ? httpRequest(url, options) : httpsRequest(url, options);
      const cancel = this.#clock.after(this.#limits.answerMs, () =>
        sending.destroy(new HttpTimeoutError(`no answer within ${this.#limits.answerMs} ms`)),
      );
      sending.once('response', (message) => {
        cancel();
        resolve(this.#answer(message));
      });
      // Once there is an answer, what breaks is its body's to tell.
      sending.on('error', (error) => {
        cancel();
        reject(error);
      });
      sending.end();
    });
  }

  #answer(message: IncomingMessage): HttpAnswer {
    return {
      statusCode: message.statusCode ?? 0,
      headers: message.headers,
      body: this.#body(message),
      close: () => {
        message.on('error', () => {});
        message.destroy();
      },
    };
  }

  async *#body(message: IncomingMessage): AsyncGenerator<Uint8Array, void> {
    const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    try {
      for (;;) {
        const cancel = this.#clock.after(this.#limits.idleMs, () =>
          message.destroy(new HttpTimeoutError(`nothing came for ${this.#limits.idleMs} ms`)),
        );
        let next: IteratorResult<Buffer>;
        try {
          next = await pieces.next();
        } finally {
          cancel();
        }
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      message.destroy();
    }
  }
}

/** Where a registry, or its token service, may be: with TLS, and on this machine only if the registry is. Throws. */
export function checkStep(from: URL, to: URL): void {
  const isLocal = isLocalName(from.hostname);
  const isPlain = to.protocol === 'http:';
  if (!isPlain && to.protocol !== 'https:') throw new HttpProtocolError(`${to.protocol} is not followed`);
  if (isPlain && !(isLocal && isLocalName(to.hostname))) {
    throw new HttpProtocolError('what is without TLS is not followed');
  }
  if (isLocalName(to.hostname) && !isLocal) {
    throw new HttpProtocolError('what leads to this machine is not followed');
  }
  if (to.username !== '' || to.password !== '')
    throw new HttpProtocolError('a URL with credentials is not followed');
}

/** Reads a body that must be small. */
export async function smallBody(answer: HttpAnswer, bytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    if (bytes > bytesMax) throw new HttpProtocolError(`an answer is larger than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes);
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));
}
