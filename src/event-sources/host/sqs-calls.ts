/**
 * Calls of an SQS at another address: AWS JSON 1.0 over HTTP, signed with the credentials of a function's role. What comes back is read up
 * to a bound and told as an outcome, whatever the other side does.
 */
import type { Clock } from '#platform';
import { type CallKeys, SignedJsonCalls } from '#wire';
import { answerBytesMax, callMsMax } from '../limits.ts';
import type { QueueTrouble } from '../sqs/source-queue.ts';

export type { CallKeys } from '#wire';

export type CallOutcome =
  | { readonly kind: 'answered'; readonly answer: Readonly<Record<string, unknown>> }
  | QueueTrouble;

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
  const answer = objectIn(text);
  if (statusCode === 200) {
    return answer === undefined ? unavailable('an answer that is no JSON') : { kind: 'answered', answer };
  }
  const type = (textIn(answer, '__type') ?? `HTTP ${statusCode}`).split('#').at(-1) ?? '';
  if (/NonExistentQueue|QueueDoesNotExist/.test(type)) return { kind: 'absent' };
  if (type.startsWith('AccessDenied')) return { kind: 'denied', call: operation.replace(/Batch$/, '') };
  const message = textIn(answer, 'message') ?? textIn(answer, 'Message') ?? '';
  return unavailable(`${type}: ${message.slice(0, 500)}`);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textIn(answer: Readonly<Record<string, unknown>> | undefined, member: string): string | undefined {
  const value = answer?.[member];
  return typeof value === 'string' ? value : undefined;
}
