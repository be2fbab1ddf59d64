/** Answers as they come, made of what a worker says of them. */
import type { AnswerStream, InvokeOutcome, StreamEnd as WorkerEnd } from '#worker';
import type { StreamedAnswer, StreamEnd, StreamFailure } from './frontend.ts';

type Whole = Extract<InvokeOutcome, { readonly kind: 'answered' }>;

/** Of an invoke that ran. */
interface Ran {
  readonly executedVersion: string;
  readonly traceId: string;
}

export function dryRun(): StreamedAnswer {
  const body = pieces(new Uint8Array(0));
  return { statusCode: 204, form: 'whole', body, ended: Promise.resolve({}), cancel() {} };
}

/** Of a function that answered in one piece: its payload is the body, unless it says how the function failed. */
export function wholeAnswer(outcome: Whole, { executedVersion, traceId }: Ran): StreamedAnswer {
  const { payload, functionError, logTail } = outcome;
  const failure = functionError === undefined ? undefined : failureOf(payload);
  return {
    statusCode: 200,
    executedVersion,
    traceId,
    form: 'whole',
    ...(failure !== undefined && { failure }),
    body: pieces(failure === undefined ? payload : new Uint8Array(0)),
    ended: Promise.resolve(endOf(failure, logTail)),
    cancel() {},
  };
}

/** Of a function that streams. */
export function streamedAnswer(stream: AnswerStream, { executedVersion, traceId }: Ran): StreamedAnswer {
  const read = Promise.withResolvers<void>();
  const ended = Promise.all([stream.ended, read.promise]).then(([{ failure, logTail }]) =>
    endOf(failure && { errorType: failure.errorType, details: failure.payload }, logTail),
  );
  return {
    statusCode: 200,
    executedVersion,
    traceId,
    form: 'stream',
    contentType: stream.contentType,
    body: readOnce(stream.body, read.resolve),
    ended,
    cancel() {
      stream.cancel();
      read.resolve();
    },
  };
}

async function* readOnce(body: AsyncIterable<Uint8Array>, done: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    done();
  }
}

async function* pieces(payload: Uint8Array): AsyncGenerator<Uint8Array> {
  if (payload.length > 0) yield payload;
}

function endOf(failure: StreamFailure | undefined, logTail: WorkerEnd['logTail']): StreamEnd {
  return {
    ...(failure !== undefined && { failure }),
    ...(logTail !== undefined && { logResult: Buffer.from(logTail).toString('base64') }),
  };
}

/** The payload of a failed invoke says what its failure is called. */
function failureOf(payload: Uint8Array): StreamFailure {
  return { errorType: errorTypeOf(payload) ?? 'Runtime.Unknown', details: payload };
}

function errorTypeOf(payload: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload).toString());
    if (typeof parsed !== 'object' || parsed === null || !('errorType' in parsed)) return undefined;
    return typeof parsed.errorType === 'string' ? parsed.errorType : undefined;
  } catch {
    return undefined; // a runtime may report what it likes
  }
}
