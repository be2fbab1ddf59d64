/** What a function names elsewhere: its dead-letter queue or topic, its keys, and whether it is traced. Checked, kept and shown. */
import type { Configuration } from '#metadata';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { structure, text } from './request.ts';

type Kept = Configuration['kept'];

const deadLetterArn =
  /^arn:aws[a-zA-Z-]*:(?:sqs|sns):[a-z]{2,4}(?:-[a-z]+)+-\d:\d{12}:[a-zA-Z0-9_-]{1,256}(?:\.fifo)?$/;
const keyArn = /^arn:aws[a-zA-Z-]*:kms:[a-z]{2,4}(?:-[a-z]+)+-\d:\d{12}:(?:key|alias)\/[a-zA-Z0-9/_-]+$/;

/** What is kept of these after a request; what it does not name stays, and an empty value takes away. Throws a WireError. */
export function targetsAfter(before: Kept, input: Input): Kept {
  return tracingAfter(keyAfter(deadLetterAfter(before, input), input, 'KMSKeyArn'), input);
}

/** A key that a request may name: the local master key is what is really used. */
export function keyAfter(before: Kept, input: Input, member: 'KMSKeyArn' | 'SourceKMSKeyArn'): Kept {
  const asked = text(input, member);
  if (asked === undefined) return before;
  const others = without(before, member);
  if (asked === '') return others;
  if (!keyArn.test(asked)) throw invalidParameter(`The provided KMS key ARN is invalid: ${asked}`);
  return { ...others, [member]: asked };
}

function deadLetterAfter(before: Kept, input: Input): Kept {
  const asked = structure(input, 'DeadLetterConfig');
  if (asked === undefined) return before;
  const others = without(before, 'DeadLetterConfig');
  const target = text(asked, 'TargetArn') ?? '';
  if (target === '') return others;
  if (!deadLetterArn.test(target)) {
    throw invalidParameter(
      `Invalid dead letter ARN: ${target} is neither the ARN of an SQS queue nor of an SNS topic.`,
    );
  }
  return { ...others, DeadLetterConfig: { TargetArn: target } };
}

function tracingAfter(before: Kept, input: Input): Kept {
  const asked = text(structure(input, 'TracingConfig') ?? {}, 'Mode');
  if (asked === undefined) return before;
  const others = without(before, 'TracingConfig');
  return asked === 'Active' ? { ...others, TracingConfig: { Mode: asked } } : others;
}

function without(kept: Kept, member: string): Kept {
  const { [member]: _gone, ...others } = kept;
  return others;
}
