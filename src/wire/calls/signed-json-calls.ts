/** Calls of a service at another address that speaks AWS JSON. */
import { type CallKeys, SignedCalls, type SignedCallsOptions, type SignedOutcome } from './signed-calls.ts';

export interface SignedJsonCallsOptions extends SignedCallsOptions {
  readonly region: string;
  /** What stands before the operation in X-Amz-Target: `AmazonSQS`. */
  readonly target: string;
  readonly protocol: 'json-1.0' | 'json-1.1';
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
  readonly #calls: SignedCalls;

  constructor(options: SignedJsonCallsOptions) {
    this.#options = options;
    this.#calls = new SignedCalls(options);
  }

  /** Never rejects. */
  async call({ operation, input, ...call }: SignedJsonCall): Promise<SignedJsonOutcome> {
    const { region, target, protocol, answerBytesMax } = this.#options;
    const outcome: SignedOutcome = await this.#calls.call({
      ...call,
      region,
      method: 'POST',
      path: '/',
      headers: {
        'content-type': `application/x-amz-${protocol}`,
        'x-amz-target': `${target}.${operation}`,
      },
      body: JSON.stringify(input),
    });
    if (outcome.kind === 'unanswered' || outcome.whole) return outcome;
    return { kind: 'unanswered', reason: `an answer of more than ${answerBytesMax} bytes` };
  }

  close(): void {
    this.#calls.close();
  }
}
