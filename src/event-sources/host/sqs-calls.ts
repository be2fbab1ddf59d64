/**
 * Calls of an SQS at another address: AWS JSON 1.0 over HTTP, signed with the credentials of a function's role. What comes back is read up
 * to a bound and told as an outcome, whatever the other side does.
 */
import { awsErrorIn, type Members, membersIn } from '#lib/json-members';
import type { Clock } from '#platform';
import { type CallKeys, SignedJsonCalls } from '#wire';
import { answerBytesMax, callMsMax } from '../limits.ts';
import type { QueueTrouble } from '../sqs/source-queue.ts';

export type { CallKeys } from '#wire';

export type CallOutcome = { readonly kind: 'answered'; readonly answer: Members } | QueueTrouble;

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
  readonly #calls: SignedJsonCalls;

  constructor(options: SqsCallsOptions) {
    this.#calls = new SignedJsonCalls({
      ...options,
      service: 'sqs',
      target: 'AmazonSQS',
      protocol: 'json-1.0',
      callMsMax,
      answerBytesMax,
    });
  }

  /** Never rejects. */
  async call({ keys, ...call }: Call): Promise<CallOutcome> {
    if (keys === undefined) return unavailable('the function, whose role would be used, does not exist');
    const outcome = await this.#calls.call({ ...call, keys });
    if (outcome.kind === 'unanswered') return unavailable(outcome.reason);
    return outcomeOf(call.operation, outcome.statusCode, outcome.text);
  }

  close(): void {
    this.#calls.close();
  }
}

function outcomeOf(operation: string, statusCode: number, text: string): CallOutcome {
  const answer = text === '' ? {} : membersIn(text);
  if (statusCode === 200) {
    return answer === undefined ? unavailable('an answer that is no JSON') : { kind: 'answered', answer };
  }
  const { type = `HTTP ${statusCode}`, message } = awsErrorIn(answer);
  if (/NonExistentQueue|QueueDoesNotExist/.test(type)) return { kind: 'absent' };
  if (type.startsWith('AccessDenied')) return { kind: 'denied', call: operation.replace(/Batch$/, '') };
  return unavailable(`${type}: ${message.slice(0, 500)}`);
}
