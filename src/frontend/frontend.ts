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

export interface Frontend {
  /** Throws WireError for everything that AWS answers with an error of the API. */
  invoke(input: InvokeInput): Promise<InvokeAnswer>;
}
