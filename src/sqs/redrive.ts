/** RedrivePolicy and RedriveAllowPolicy: where messages go that nobody could process, and whose a dead-letter queue takes. */
import { invalidParameter, invalidValue } from './faults.ts';
import { receivesMax, sourceArnsMax } from './limits.ts';

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  /** Receptions after which a message goes there. */
  readonly maxReceiveCount: number;
}

export type RedriveAllowance =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'by-queue'; readonly arns: readonly string[] };

const redrive = 'RedrivePolicy';
const allow = 'RedriveAllowPolicy';

/** Throws InvalidParameterValue. Whether the target exists is the caller's to see. */
export function parseRedrivePolicy(text: string): RedrivePolicy {
  const policy = jsonMap(text);
  if (policy === undefined) {
    throw invalidParameter(
      `Value ${text.slice(0, 1024)} for parameter ${redrive} is invalid. Reason: Redrive policy is not a valid JSON map.`,
    );
  }
  const { deadLetterTargetArn, maxReceiveCount } = policy;
  const lacking = (name: string) =>
    invalidValue(redrive, text, `Redrive policy does not contain mandatory attribute: ${name}.`);
  if (deadLetterTargetArn === undefined) throw lacking('deadLetterTargetArn');
  if (maxReceiveCount === undefined) throw lacking('maxReceiveCount');
  if (
    typeof deadLetterTargetArn !== 'string' ||
    !/^arn:[^:]+:sqs:[^:]+:\d{12}:[^:]+$/.test(deadLetterTargetArn)
  ) {
    throw invalidValue(redrive, text, 'Invalid value for deadLetterTargetArn.');
  }
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > receivesMax) {
    const given = JSON.stringify(maxReceiveCount).slice(0, 64);
    const reason = `Invalid value for maxReceiveCount: ${given}, valid values are from 1 to ${receivesMax} both inclusive.`;
    throw invalidValue(redrive, text, reason);
  }
  return { deadLetterTargetArn, maxReceiveCount: count };
}

/** Throws InvalidParameterValue. */
export function parseRedriveAllowance(text: string): RedriveAllowance {
  const policy = jsonMap(text);
  if (policy === undefined) throw invalidValue(allow, text, 'Redrive allow policy is not a valid JSON map.');
  const { redrivePermission, sourceQueueArns } = policy;
  if (redrivePermission !== 'byQueue' && sourceQueueArns !== undefined) {
    throw invalidValue(allow, text, 'sourceQueueArns can only be specified with redrivePermission byQueue.');
  }
  switch (redrivePermission) {
    case 'allowAll':
      return { kind: 'all' };
    case 'denyAll':
      return { kind: 'none' };
    case 'byQueue':
      return { kind: 'by-queue', arns: arnsIn(text, sourceQueueArns) };
    default:
      throw invalidValue(
        allow,
        text,
        'Amazon SQS can create the redrive allow policy only with redrivePermission allowAll, denyAll or byQueue.',
      );
  }
}

/** Whether a queue may name the other as its dead-letter queue. */
export function allowsSource(allowance: RedriveAllowance, sourceArn: string): boolean {
  return allowance.kind === 'all' || (allowance.kind === 'by-queue' && allowance.arns.includes(sourceArn));
}

function arnsIn(text: string, value: unknown): readonly string[] {
  const arns: readonly unknown[] = Array.isArray(value) ? value : [];
  const strings = arns.filter((arn) => typeof arn === 'string');
  if (strings.length < 1 || strings.length !== arns.length || arns.length > sourceArnsMax) {
    throw invalidValue(allow, text, `sourceQueueArns must name 1 to ${sourceArnsMax} queues.`);
  }
  return strings;
}

function jsonMap(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
