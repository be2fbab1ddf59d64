/** AddPermission and RemovePermission: statements of a queue's policy by their labels. */
import { WireError } from '#wire';
import { invalidParameter, invalidValue, missing } from './faults.ts';
import { permissionActionsMax } from './limits.ts';

export interface Grant {
  readonly label: string;
  readonly accountIds: readonly string[];
  /** `*`, or names of operations. */
  readonly actions: readonly string[];
}

interface Policy {
  readonly Version: string;
  readonly Id?: string;
  readonly Statement: readonly Readonly<Record<string, unknown>>[];
}

/** What others can be allowed to do. */
const grantable: ReadonlySet<string> = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

const oneOrAll = (values: readonly string[]): unknown => (values.length === 1 ? values[0] : values);

/** The policy with one more statement. */
export function grantedPolicy(text: string | undefined, queueArn: string, grant: Grant): string {
  checkGrant(grant);
  const policy = readPolicy(text, queueArn);
  const { label, accountIds, actions } = grant;
  if (policy.Statement.some(({ Sid }) => Sid === label)) {
    throw invalidValue('Label', label, 'Already exists.');
  }
  const statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: oneOrAll(accountIds.map((id) => `arn:aws:iam::${id}:root`)) },
    Action: oneOrAll(actions.map((action) => `SQS:${action}`)),
    Resource: queueArn,
  };
  return JSON.stringify({ ...policy, Statement: [...policy.Statement, statement] });
}

/** The policy without that statement; empty when there is none left. */
export function revokedPolicy(text: string | undefined, queueArn: string, label: string): string {
  const policy = readPolicy(text, queueArn);
  const rest = policy.Statement.filter(({ Sid }) => Sid !== label);
  if (rest.length === policy.Statement.length) throw invalidValue('Label', label, "can't find label.");
  return rest.length === 0 ? '' : JSON.stringify({ ...policy, Statement: rest });
}

function checkGrant({ label, accountIds, actions }: Grant): void {
  if (!/^[\w-]{1,80}$/.test(label)) {
    const reason = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.';
    throw invalidValue('Label', label, reason);
  }
  if (actions.length === 0) throw missing('Actions');
  if (accountIds.length === 0) throw invalidValue('PrincipalId', '[]', 'Unable to verify.');
  if (actions.length > permissionActionsMax) {
    const message = `${actions.length} Actions were found, maximum allowed is ${permissionActionsMax}.`;
    throw new WireError('OverLimit', message);
  }
  for (const action of actions) {
    if (grantable.has(action)) continue;
    throw invalidValue(
      'ActionName',
      `SQS:${action}`,
      'Only the queue owner is allowed to invoke this action.',
    );
  }
  const strange = accountIds.find((id) => !/^\d{12}$/.test(id));
  if (strange !== undefined) throw invalidValue('PrincipalId', strange, 'Unable to verify.');
}

function readPolicy(text: string | undefined, queueArn: string): Policy {
  if (text === undefined) {
    return { Version: '2008-10-17', Id: `${queueArn}/__default_policy_ID`, Statement: [] };
  }
  const policy = JSON.parse(text) as Omit<Policy, 'Statement'> & { readonly Statement: unknown };
  const { Statement } = policy;
  if (Statement === undefined) throw invalidParameter('The policy of the queue has no statements.');
  const statements = Array.isArray(Statement) ? Statement : [Statement];
  return { ...policy, Statement: statements as Policy['Statement'] };
}
