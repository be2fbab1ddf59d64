/** A signed request to the running Lambkin. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { IncomingHttpHeaders } from 'node:http';
import { awsErrorIn, membersIn } from '#lib/json-members';
import { nodeHttp, nodeHttps } from '#lib/node-http';
import type { Running } from '#roles';
import { Failure } from './failure.ts';

export interface Call {
  readonly service: 'lambda' | 'logs';
  /** Default: POST. */
  readonly method?: 'GET' | 'POST' | 'PUT';
  /** Percent-encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No function runs longer than 15 minutes. */
const answerTimeoutMs = 16 * 60_000;

/** Throws a Failure when Lambkin cannot be reached, or where it answers with an error of the API. */
export async function call(
  running: Running,
  { service, method = 'POST', path, query = {}, headers = {}, body }: Call,
): Promise<Answer> {
  const endpoint = new URL(running.endpoint);
  const signer = new SignatureV4({
    service,
    region: running.region,
    credentials: { accessKeyId: running.accessKeyId, secretAccessKey: running.secretAccessKey },
    sha256: Sha256,
  });
  const signed = await signer.sign({
    method,
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    path,
    query: { ...query },
    headers: { host: endpoint.host, 'content-length': String(body.byteLength), ...headers },
    body,
  });
  const search = new URLSearchParams(query).toString().replaceAll('+', '%20');
  const answer = await send(
    new URL(search === '' ? path : `${path}?${search}`, endpoint),
    method,
    signed.headers,
    body,
  );
  if (answer.statusCode >= 300) throw apiFailure(answer);
  return answer;
}

function send(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<Answer> {
  const { request } = url.protocol === 'https:' ? nodeHttps() : nodeHttp();
  return new Promise((resolve, reject) => {
    const unreachable = (error: Error): void => {
      reject(new Failure(`cannot reach Lambkin at ${url.origin}: ${error.message}`));
    };
    const sent = request(url, { method, headers, timeout: answerTimeoutMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', unreachable);
      response.on('end', () => {
        resolve({
          statusCode: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error('it does not answer')));
    sent.on('error', unreachable);
    sent.end(body);
  });
}

/** An error of the API. `errorName` as AWS has it: `ResourceNotFoundException`. */
export class ApiFailure extends Failure {
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(`${errorName}: ${message}`);
    this.errorName = errorName;
  }
}

/** The name stands in a header, or, of a service of AWS JSON, in the body. */
function apiFailure({ statusCode, headers, body }: Answer): ApiFailure {
  const header = headers['x-amzn-errortype'];
  const { type, message } = awsErrorIn(membersIn(body.toString()));
  const name = typeof header === 'string' ? header : type;
  return new ApiFailure(name ?? `HTTP ${statusCode}`, message || 'no message');
}
