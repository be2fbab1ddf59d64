/** The interface of the frontend. */
import type { Principal } from '#identity';

export interface InvokeInput {
  /** As in the path: name, partial ARN or full ARN, with or without qualifier. */
  readonly functionName: string;
  readonly qualifier?: string;
  readonly invocationType: 'RequestResponse' | 'DryRun' | 'Event';
  readonly logType: 'None' | 'Tail';
  /** Base64 as sent. */
  readonly clientContext?: string;
  readonly payload: Uint8Array;
  readonly requestId: string;
  readonly traceId?: string;
  /** Whose function it is, and who asks. */
  readonly principal: Pick<Principal, 'accountId' | 'arn'>;
}

/** A successful answer of the API, which may carry a function's failure. */
export interface InvokeAnswer {
  readonly statusCode: 200 | 202 | 204;
  readonly executedVersion?: string;
  readonly functionError?: 'Unhandled' | 'Handled';
  /** Base64 of the last 4 KB of the log. */
  readonly logResult?: string;
  /** As the function got it; of an invoke that ran. */
  readonly traceId?: string;
  readonly payload: Uint8Array;
}

export interface StreamingInput extends Omit<InvokeInput, 'invocationType'> {
  readonly invocationType: Exclude<InvokeInput['invocationType'], 'Event'>;
}

/** A failure of the function. */
export interface StreamFailure {
  /** As it was named: `Runtime.ExitError`, `Sandbox.Timedout`, the name of what a handler threw. */
  readonly errorType: string;
  /** The JSON that a caller of `invoke` would get as payload. */
  readonly details: Uint8Array;
}

/** How a function's answer ended, after the last byte of its body. */
export interface StreamEnd {
  /** Absent: all went well, and the body is whole. */
  readonly failure?: StreamFailure;
  /** Base64 of the last 4 KB of the log. */
  readonly logResult?: string;
}

/**
 * An answer whose body may still be on its way. It is there as soon as the function has sent something, or has ended without: a
 * function that failed before its first byte has `failure` here, and an empty body.
 */
export interface StreamedAnswer {
  /** 204: a dry run, without body. */
  readonly statusCode: 200 | 204;
  readonly executedVersion?: string;
  /** As the function got it; of an invoke that ran. */
  readonly traceId?: string;
  /**
   * `stream`: the function streams, and `contentType` is what it said (AWS's runtimes say `application/octet-stream` for nothing). `whole`:
   * it answered as to `invoke`, and the body is that payload in one piece.
   */
  readonly form: 'stream' | 'whole';
  readonly contentType?: string;
  /** A failure before the first byte; also in `ended`. */
  readonly failure?: StreamFailure;
  /**
   * The bytes, no faster than AWS gives them and no faster than they are read: the function waits meanwhile. May be read once. It ends
   * without an error whatever happens to the function; `ended` says what did. Leaving the loop early is `cancel`.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Resolves once the function has ended and the body was read to its end, or nobody reads it any more. Never rejects. */
  readonly ended: Promise<StreamEnd>;
  /** The client went away: what is still to come is thrown away. The function goes on to its end, as on AWS. */
  cancel(): void;
}

export interface Frontend {
  /** Throws WireError for everything that AWS answers with an error of the API. */
  invoke(input: InvokeInput): Promise<InvokeAnswer>;
  /** The same for an answer as it comes (InvokeWithResponseStream, function URLs that stream). Throws WireError as `invoke` does. */
  invokeStreaming(input: StreamingInput): Promise<StreamedAnswer>;
}
