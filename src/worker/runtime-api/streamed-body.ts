/**
 * Reads an answer that a runtime streams (`Lambda-Runtime-Function-Response-Mode: streaming`): each chunk is told as it comes, and the
 * connection is read no further before there is room for the next one.
 */
import type { IncomingMessage } from 'node:http';
import type { RuntimeSays } from '../environment/runtime.ts';
import { trailedFailure, truncation, type Body } from './body.ts';

const defaultContentType = 'application/octet-stream';
/** What a header of an answer may hold. */
const headerText = /^[\t\x20-\x7e]+$/;

/** Tells the beginning and the chunks; returns what is to be told at the end, and how the upload ended. */
export function readStream(
  request: IncomingMessage,
  say: (message: RuntimeSays) => void,
): Promise<{ readonly says: RuntimeSays; readonly end: Body['end'] }> {
  const contentType = request.headers['content-type'] ?? '';
  say({
    kind: 'stream-start',
    contentType: headerText.test(contentType) ? contentType : defaultContentType,
  });
  return new Promise((resolve) => {
    let whole = false;
    request.on('data', (bytes: Buffer) => {
      request.pause();
      say({ kind: 'stream-chunk', bytes, more: () => request.resume() });
    });
    request.on('end', () => (whole = true));
    request.on('close', () => {
      if (!whole) return resolve({ says: { kind: 'stream-failure', ...truncation }, end: 'truncated' });
      const failure = trailedFailure(request);
      const says: RuntimeSays =
        failure === undefined ? { kind: 'stream-end' } : { kind: 'stream-failure', ...failure };
      resolve({ says, end: 'whole' });
    });
  });
}
