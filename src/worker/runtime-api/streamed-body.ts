/**
 * Reads an answer that a runtime streams (`Lambda-Runtime-Function-Response-Mode: streaming`): each chunk is told as it comes, and the
 * connection is read no further before there is room for the next one.
 */
import type { IncomingMessage } from 'node:http';
import type { AnswerSays } from '../environment/runtime.ts';
import { discardedBytesMax } from '../limits.ts';
import { trailedFailure, truncation, type Body } from './body.ts';

const defaultContentType = 'application/octet-stream';
/** What a header of an answer may hold. */
const headerText = /^[\t\x20-\x7e]{1,1024}$/;

/** Tells the beginning and the chunks; returns what is to be told at the end, and how the upload ended. */
export function readStream(
  request: IncomingMessage,
  say: (message: AnswerSays) => void,
): Promise<{ readonly says: AnswerSays; readonly end: Body['end'] }> {
  const contentType = request.headers['content-type'] ?? '';
  say({
    kind: 'stream-start',
    contentType: headerText.test(contentType) ? contentType : defaultContentType,
  });
  return new Promise((resolve) => {
    let whole = false;
    let discardedBytes = 0;
    request.on('data', (bytes: Buffer) => {
      request.pause();
      const more = (fate: 'wanted' | 'discarded'): void => {
        if (fate === 'discarded') discardedBytes += bytes.length;
        // It has no end that anybody would wait for.
        if (discardedBytes > discardedBytesMax) request.destroy();
        else request.resume();
      };
      say({ kind: 'stream-chunk', bytes, more });
    });
    request.on('end', () => (whole = true));
    request.on('close', () => {
      if (!whole) {
        const end = discardedBytes > 0 ? 'too-large' : 'truncated';
        return resolve({ says: { kind: 'stream-failure', ...truncation }, end });
      }
      const failure = trailedFailure(request);
      const says: AnswerSays =
        failure === undefined ? { kind: 'stream-end' } : { kind: 'stream-failure', ...failure };
      resolve({ says, end: discardedBytes > 0 ? 'too-large' : 'whole' });
    });
  });
}
