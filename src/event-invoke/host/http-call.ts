/** One HTTP request with an end: to the answer's last byte within a time, and no more of it read than is of use. Never rejects. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '#platform';
import { deliveryAnswerBytesMax, deliveryMs } from '../limits.ts';

export interface HttpCall {
  readonly method: 'POST' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export type HttpOutcome =
  | { readonly kind: 'answered'; readonly statusCode: number; readonly body: string }
  /** Not reached, cut off, or too slow; nobody knows whether it was done. */
  | { readonly kind: 'unanswered'; readonly reason: string };

export function httpCall(call: HttpCall, clock: Clock): Promise<HttpOutcome> {
  const { promise, resolve } = Promise.withResolvers<HttpOutcome>();
  const { method, url, headers, body } = call;
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const unanswered = (reason: string): void => resolve({ kind: 'unanswered', reason });
  try {
    const outgoing = request(url, { method, headers }, (incoming) => {
      read(incoming).then(
        (text) => resolve({ kind: 'answered', statusCode: incoming.statusCode ?? 0, body: text }),
        (error: Error) => unanswered(`${url.origin}: ${error.message}`),
      );
    });
    const cancel = clock.after(deliveryMs, () => {
      unanswered(`${url.origin} did not answer within ${deliveryMs / 1_000} s`);
      outgoing.destroy();
    });
    outgoing.on('error', (error) => unanswered(`${url.origin}: ${error.message}`));
    outgoing.on('close', cancel);
    outgoing.end(body);
  } catch (error) {
    unanswered(error instanceof Error ? error.message : String(error));
  }
  return promise;
}

async function read(incoming: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of incoming as AsyncIterable<Uint8Array>) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes > deliveryAnswerBytesMax) break; // leaving the loop closes the connection
  }
  return Buffer.concat(pieces).toString();
}
