/**
 * The load generator: Node's own HTTP client with keep-alive, as it is under AWS's JavaScript SDK; each unit of concurrency sends its next
 * request when the answer is there. The same client serves the floor and Lambkin, so that its own cost stands on both sides. Requests
 * are signed ahead: a signature is good for five minutes, and signing is the client's work, not the service's.
 */
import { Agent, request as httpRequest } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Target {
  readonly host: string;
  readonly port: number;
  /** Sent in turn. */
  readonly requests: readonly SignedRequest[];
}

export interface Load {
  /** Milliseconds, one per request, ascending. */
  readonly latenciesMs: readonly number[];
  readonly perSecond: number;
}

export interface Answer {
  readonly statusCode: number;
  readonly functionError: string | undefined;
  readonly body: string;
}

export function send(
  agent: Agent,
  { host, port }: Omit<Target, 'requests'>,
  signed: SignedRequest,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method, path, headers, body } = signed;
    const outgoing = httpRequest({ agent, host, port, path, headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const functionError = response.headers['x-amz-function-error'];
        resolve({
          statusCode: response.statusCode ?? 0,
          functionError: typeof functionError === 'string' ? functionError : undefined,
          body: Buffer.concat(chunks).toString(),
        });
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Sends `total` requests at the given concurrency; throws on the first answer that is not a good one. */
export async function run(target: Target, concurrency: number, total: number): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, scheduling: 'fifo' });
  const latenciesMs: number[] = [];
  let sent = 0;
  const client = async (): Promise<void> => {
    while (sent < total) {
      const signed = target.requests[sent % target.requests.length];
      if (signed === undefined) throw new Error('no requests to send');
      sent += 1;
      const start = performance.now();
      const answer = await send(agent, target, signed);
      latenciesMs.push(performance.now() - start);
      if (answer.statusCode >= 300 || answer.functionError !== undefined) {
        throw new Error(`${answer.statusCode}: ${answer.body}`);
      }
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, client));
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return { latenciesMs: latenciesMs.sort((a, b) => a - b), perSecond: total / seconds };
}

/** The value below which the share `quantile` (0..1) of the ascending `values` lies. */
export function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
