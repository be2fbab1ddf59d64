/**
 * Calls of a service at another address that speaks AWS JSON over HTTP, signed with given keys. What comes back is read up to a bound and
 * told as an outcome, whatever the other side does.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '#platform';

export interface CallKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedJsonCallsOptions {
  /** `http://127.0.0.1:9324` */
  readonly endpoint: string;
  readonly region: string;
  /** What signatures are for: `sqs`. */
  readonly service: string;
  /** What stands before the operation in X-Amz-Target: `AmazonSQS`. */
  readonly target: string;
  readonly protocol: 'json-1.0' | 'json-1.1';
  /** How long a call may take, in milliseconds, beyond what it was asked to wait. */
  readonly callMsMax: number;
  readonly answerBytesMax: number;
  readonly clock: Clock;
}

export interface SignedJsonCall {
  readonly operation: string;
  readonly input: object;
  readonly keys: CallKeys;
  /** How long the call waits by what it asks for, in milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

export type SignedJsonOutcome =
  | { readonly kind: 'answered'; readonly statusCode: number; readonly text: string }
  /** Not reached, cut off, too slow or too long; nobody knows whether it was done. */
  | { readonly kind: 'unanswered'; readonly reason: string };

export class SignedJsonCalls {
  readonly #options: SignedJsonCallsOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: SignedJsonCallsOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true })
        : new HttpAgent({ keepAlive: true });
  }

  /** Never rejects. */
  async call({ operation, input, keys, waitMs = 0, signal }: SignedJsonCall): Promise<SignedJsonOutcome> {
    const { clock, callMsMax, answerBytesMax, endpoint } = this.#options;
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const cancel = clock.after(waitMs + callMsMax, end);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    try {
      const body = JSON.stringify(input);
      const response = await this.#send(await this.#signed(operation, body, keys), body, ending.signal);
      const text = await read(response, answerBytesMax);
      return { kind: 'answered', statusCode: response.statusCode ?? 0, text };
    } catch (error) {
      const reason = ending.signal.aborted ? 'no answer in time' : messageOf(error);
      return { kind: 'unanswered', reason: `${endpoint}: ${reason}` };
    } finally {
      cancel();
      signal?.removeEventListener('abort', end);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #signed(
    operation: string,
    body: string,
    credentials: CallKeys,
  ): Promise<Readonly<Record<string, string>>> {
    const { region, clock, service, target } = this.#options;
    const { protocol, hostname, host, port, pathname } = this.#url;
    const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
    const request = {
      method: 'POST',
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: pathname,
      headers: {
        host,
        'content-type': `application/x-amz-${this.#options.protocol}`,
        'x-amz-target': `${target}.${operation}`,
      },
      body,
    };
    return (await signer.sign(request, { signingDate: new Date(clock.wallMs()) })).headers;
  }

  #send(
    headers: Readonly<Record<string, string>>,
    body: string,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const send = this.#url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(this.#url, { method: 'POST', headers, agent: this.#agent, signal }, resolve);
      request.on('error', reject);
      request.end(body);
    });
  }
}

async function read(response: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const piece = chunk as Buffer;
    bytes += piece.byteLength;
    if (bytes > bytesMax) {
      response.destroy();
      throw new Error(`an answer of more than ${bytesMax} bytes`);
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
