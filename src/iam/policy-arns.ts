/** ARNs of managed policies: the account's own, and the predefined ones. */
import { nameInArn } from '#identity';
import { invalidInput } from './answers.ts';

const policyArn = /^arn:aws:iam::(aws|\d{12}):policy\/[\u0021-\u007e]{1,640}$/;

/** Throws for what is no ARN of a policy at all. */
export function checkPolicyArn(arn: string): void {
  if (!policyArn.test(arn)) throw invalidInput(`ARN ${arn} is not valid.`);
}

/** The name in an ARN of a policy of this account; undefined for other policies. */
export function nameInOwnPolicyArn(accountId: string, arn: string): string | undefined {
  return arn.startsWith(`arn:aws:iam::${accountId}:policy/`) ? nameInArn(arn) : undefined;
}
