/**
 * The function, version or alias that a policy hangs on. The revision id of its policy is its own: whatever changes the one
 * gives a new id to the other, as on AWS.
 */
import {
  type AliasRecord,
  functionArn,
  type FunctionName,
  functionPolicyKey,
  type FunctionPolicyRecord,
  type FunctionRecord,
  isVersionNumber,
  latestVersion,
  type ResourcePolicy,
  type VersionRecord,
} from '#metadata';
import { holdRecord, putRecord, replaceRecord, type Stored, type Write } from '#platform';
import { WireError } from '#wire';
import { aliasNotFound, functionNotFound, invalidParameter } from './answers.ts';
import { withoutPolicy } from './attachments.ts';
import type { FunctionStore } from './function-store.ts';
import { policyCharactersMax, policyRecordCharactersMax } from './limits.ts';

export interface PolicyTarget {
  readonly name: FunctionName;
  /** `$LATEST` for the function itself. */
  readonly qualifier: string;
  readonly arn: string;
  readonly record: Stored<FunctionRecord>;
  readonly resource: Stored<AliasRecord> | Stored<VersionRecord>;
  readonly policies: Stored<FunctionPolicyRecord> | undefined;
  readonly policy: ResourcePolicy | undefined;
}

/** Reads it. Throws ResourceNotFoundException where there is no such function, version or alias. */
export async function policyTarget(
  store: FunctionStore,
  name: FunctionName,
  given: string | undefined,
): Promise<PolicyTarget> {
  if (given === latestVersion) {
    throw invalidParameter('We currently do not support adding policies for $LATEST.');
  }
  const qualifier = given ?? latestVersion;
  const record = await store.getFunction(name);
  const [resource, policies] = await Promise.all([
    qualifier === latestVersion || isVersionNumber(qualifier)
      ? store.findVersion(name, qualifier)
      : store.findAlias(name, qualifier),
    store.find<FunctionPolicyRecord>(functionPolicyKey(name)),
  ]);
  if (!resource) {
    throw isVersionNumber(qualifier) ? functionNotFound(name, qualifier) : aliasNotFound(name, qualifier);
  }
  const all = policies?.value.policies ?? {};
  return {
    name,
    qualifier,
    arn: functionArn(name, given),
    record,
    resource,
    policies,
    policy: Object.hasOwn(all, qualifier) ? all[qualifier] : undefined,
  };
}

/** Throws PreconditionFailedException unless the client has seen the newest policy. */
export function requireRevision({ resource }: PolicyTarget, revisionId: string | undefined): void {
  if (revisionId === undefined || revisionId === resource.value.revisionId) return;
  throw new WireError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id',
  );
}

/** The writes that give the target this policy, or none. Throws PolicyLengthExceededException. */
export function policyWrites(
  target: PolicyTarget,
  document: string | undefined,
  revisionId: string,
): readonly Write[] {
  const { name, qualifier, policies, record, resource } = target;
  const resourceWrite = replaceRecord<object>(resource, { ...resource.value, revisionId });
  if (document === undefined) {
    return policies ? [holdRecord(record), resourceWrite, withoutPolicy(policies, qualifier)] : [];
  }
  requireLength(document.length, policyCharactersMax);
  const { accountId, region, functionName } = name;
  const next: FunctionPolicyRecord = {
    accountId,
    region,
    functionName,
    policies: { ...policies?.value.policies, [qualifier]: { document, revisionId } },
  };
  requireLength(JSON.stringify(next).length, policyRecordCharactersMax);
  return [holdRecord(record), resourceWrite, putRecord(functionPolicyKey(name), policies, next)];
}

function requireLength(characters: number, max: number): void {
  if (characters <= max) return;
  throw new WireError(
    'PolicyLengthExceededException',
    `The final policy size (${characters}) is bigger than the limit (${max}).`,
  );
}
