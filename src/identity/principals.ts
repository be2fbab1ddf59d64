/** Who stands behind a key: principals of users and of sessions, as policies, logs and clients see them. */
import { createHash } from 'node:crypto';
import { arnOf, nameInArn } from './directory/keys.ts';
import type { UserRecord } from './directory/records.ts';
import { uniqueId } from './key-text.ts';
import type { Principal } from './principal.ts';
import type { RoleSession } from './session-token.ts';

export function userPrincipal(accountId: string, user: UserRecord, accessKeyId: string): Principal {
  return {
    kind: 'user',
    userId: user.id,
    userName: user.name,
    accountId,
    arn: arnOf(accountId, 'users', user),
    accessKeyId,
  };
}

export function rolePrincipal(accountId: string, session: RoleSession): Principal {
  const { roleArn, roleId, sessionName, accessKeyId, issuedAtMs, policies, tags, sourceIdentity } = session;
  return {
    kind: 'assumed-role',
    userId: `${roleId}:${sessionName}`,
    roleArn,
    accountId,
    arn: assumedRoleArn(accountId, roleArn, sessionName),
    accessKeyId,
    tokenIssuedAtMs: issuedAtMs,
    ...(policies === undefined ? {} : { sessionPolicies: policies }),
    ...(tags === undefined ? {} : { sessionTags: tags }),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  };
}

export function assumedRoleArn(accountId: string, roleArn: string, sessionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${nameInArn(roleArn)}/${sessionName}`;
}

/** The id of a role that is not in the directory: no role that is ever made has it. */
export function absentRoleId(roleArn: string): string {
  return uniqueId('AROA', createHash('sha256').update(roleArn).digest());
}
