/**
 * Calls of an SQS at another address: AWS JSON 1.0 over HTTP, signed with the credentials of a function's role. What comes back is read up
 * to a bound and told as an outcome, whatever the other side does.
 */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '#platform';
import { answerBytesMax, callMsMax } from '../limits.ts';
import type { QueueTrouble } from '../sqs/source-queue.ts';

export interface CallKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export type CallOutcome =
  | { readonly kind: 'answered'; readonly answer: Readonly<Record<string, unknown>> }
  | QueueTrouble;

export interface SqsCallsOptions {
  /** `http://127.0.0.1:9324` */
  readonly endpoint: string;
  readonly region: string;
  readonly clock: Clock;
}

export interface Call {
  readonly operation: string;
  readonly input: object;
  /** Undefined: there is nobody in whose name to call. */
  readonly keys: CallKeys | undefined;
  /** How long the call waits by what it asks for, in milliseconds. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

const unavailable = (reason: string): CallOutcome => ({ kind: 'unavailable', reason });

export class SqsCalls {
  readonly #options: SqsCallsOptions;
  readonly #url: URL;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(options: SqsCallsOptions) {
    this.#options = options;
    this.#url = new URL(options.endpoint);
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ keepAlive: true })
        : new HttpAgent({ keepAlive: true });
  }

  /** Never rejects. */
  async call({ operation, input, keys, waitMs = 0, signal }: Call): Promise<CallOutcome> {
    if (keys === undefined) return unavailable('the function, whose role would be used, does not exist');
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const cancel = this.#options.clock.after(waitMs + callMsMax, end);
    signal?.addEventListener('abort', end, { once: true });
    if (signal?.aborted) end();
    try {
      const body = JSON.stringify(input);
      const response = await this.#send(await this.#signed(operation, body, keys), body, ending.signal);
      return outcomeOf(operation, response.statusCode ?? 0, await read(response));
    } catch (error) {
      const reason = ending.signal.aborted ? 'no answer in time' : messageOf(error);
      return unavailable(`${this.#options.endpoint}: ${reason}`);
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
    const { region, clock } = this.#options;
    const { protocol, hostname, host, port, pathname } = this.#url;
    const signer = new SignatureV4({ service: 'sqs', region, credentials, sha256: Sha256 });
    const request = {
      method: 'POST',
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path: pathname,
      headers: {
        host,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
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

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    const piece = chunk as Buffer;
    bytes += piece.byteLength;
    if (bytes > answerBytesMax) {
      response.destroy();
      throw new Error(`an answer of more than ${answerBytesMax} bytes`);
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function outcomeOf(operation: string, statusCode: number, text: string): CallOutcome {
  const answer = objectIn(text);
  if (statusCode === 200) {
    return answer === undefined ? unavailable('an answer that is no JSON') : { kind: 'answered', answer };
  }
  const type = (textIn(answer, '__type') ?? `HTTP ${statusCode}`).split('#').at(-1) ?? '';
  if (/NonExistentQueue|QueueDoesNotExist/.test(type)) return { kind: 'absent' };
  if (type.startsWith('AccessDenied')) return { kind: 'denied', call: operation.replace(/Batch$/, '') };
  const message = textIn(answer, 'message') ?? textIn(answer, 'Message') ?? '';
  return unavailable(`${type}: ${message.slice(0, 500)}`);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textIn(answer: Readonly<Record<string, unknown>> | undefined, member: string): string | undefined {
  const value = answer?.[member];
  return typeof value === 'string' ? value : undefined;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
