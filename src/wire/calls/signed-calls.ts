/**
 * HTTP calls of a service at another address, signed with given keys. What comes back is read up to a bound and told as an outcome, whatever the
 * other side does.
 */
import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { type Clock, nodeHttp, nodeHttps } from '#platform';

export interface CallKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedCallsOptions {
  /** `http://127.0.0.1:9324` */
  readonly endpoint: string;
  /** What signatures are for: `sqs`. */
  readonly service: string;
  /** How long a call may take, in milliseconds, beyond what it was asked to wait. */
  readonly callMsMax: number;
  /** More of an answer is not read. */
  readonly answerBytesMax: number;
  readonly clock: Clock;
}

export interface SignedCall {
  readonly method: 'POST' | 'PUT';
  /** Below the endpoint, escaped: `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  readonly region: string;
  readonly keys: CallKeys;
  /** How long the call waits by what it asks for, in milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export type SignedOutcome =
  | {
      readonly kind: 'answered';
      readonly statusCode: number;
      readonly text: string;
      /** False: it is longer than what was read of it. */
      readonly whole: boolean;
    }
  /** Not reached, cut off, or too slow; nobody knows whether it was done. */
  | { readonly kind: 'unanswered'; readonly reason: string };

/**
 * How long a connection is kept that nobody uses, in milliseconds: the other side may close one that has been idle for long just when it is used
 * again. It keeps no process alive.
 */
const idleMsMax = 5_000;

export class SignedCalls {
  readonly #options: SignedCallsOptions;
  readonly #prefix: string;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: SignedCallsOptions) {
    this.#options = options;
    const { protocol } = new URL(options.endpoint);
    this.#prefix = options.endpoint.replace(/\/+$/, '');
    const kept = { keepAlive: true, timeout: idleMsMax };
    this.#agent = protocol === 'https:' ? new (nodeHttps().Agent)(kept) : new (nodeHttp().Agent)(kept);
  }

  /** Never rejects. */
  async call(call: SignedCall): Promise<SignedOutcome> {
    const { clock, callMsMax, answerBytesMax } = this.#options;
    const { waitMs = 0, signal } = call;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const cancel = clock.after(waitMs + callMsMax, end);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    const url = new URL(this.#prefix + call.path);
    try {
      const response = await this.#send(url, call, await this.#signed(url, call), ending.signal);
      return {
        kind: 'answered',
        statusCode: response.statusCode ?? 0,
        ...(await read(response, answerBytesMax)),
      };
    } catch (error) {
      const late = `no answer in time (${(waitMs + callMsMax) / 1_000} s)`;
      const reason = signal?.aborted ? 'given up' : ending.signal.aborted ? late : messageOf(error);
      return { kind: 'unanswered', reason: `${url.origin}: ${reason}` };
    } finally {
      cancel();
      signal?.removeEventListener('abort', end);
    }
  }

  /** Ends all connections, those in use too. */
  close(): void {
    this.#agent.destroy();
  }

  async #signed(
    url: URL,
    { method, headers, body, region, keys: credentials }: SignedCall,
  ): Promise<Readonly<Record<string, string>>> {
    const { clock, service } = this.#options;
    const { protocol, hostname, host, port, pathname } = url;
    // Loaded with the first call: most Lambkins call nobody.
    const [{ SignatureV4 }, { Sha256 }] = await Promise.all([
      import('@smithy/signature-v4'),
      import('@aws-crypto/sha256-js'),
    ]);
    const signer = new SignatureV4({
      service,
      region,
      credentials,
      sha256: Sha256,
      // S3 alone takes paths as they are.
      uriEscapePath: service !== 's3',
    });
    const request = {
      method,
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: pathname,
      headers: { ...headers, host },
      body,
    };
    return (await signer.sign(request, { signingDate: new Date(clock.wallMs()) })).headers;
  }

  #send(
    url: URL,
    { method, body }: SignedCall,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const send = url.protocol === 'https:' ? nodeHttps().request : nodeHttp().request;
    return new Promise((resolve, reject) => {
      const request = send(url, { method, headers, agent: this.#agent, signal }, resolve);
      request.on('error', reject);
      request.end(body);
    });
  }
}

async function read(
  response: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > bytesMax) break; // leaving the loop closes the connection
  }
  const text = Buffer.concat(pieces).subarray(0, bytesMax).toString();
  return { text, whole: bytes <= bytesMax };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
