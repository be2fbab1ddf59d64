/** CreatePolicyVersion, GetPolicyVersion, ListPolicyVersions, DeletePolicyVersion, SetDefaultPolicyVersion. */
import type { PolicyRecord, PolicyVersionRecord } from '#identity';
import { replaceRecord } from '#platform';
import type { Handlers, Output } from '#wire';
import { deleteConflict, limitExceeded } from './answers.ts';
import { change, type IamContext, nowMs } from './context.ts';
import { checkManagedPolicy, encodeDocument } from './documents.ts';
import { quotas } from './limits.ts';
import { getPolicy, readOwnPolicy, versionNotFound } from './managed-policies.ts';
import { page } from './pages.ts';
import { flag, required } from './request.ts';

export function policyVersionHandlers(context: IamContext): Handlers {
  return {
    CreatePolicyVersion: async (input) => {
      const document = required(input, 'PolicyDocument');
      checkManagedPolicy(document);
      const isDefault = flag(input, 'SetAsDefault');
      const createdAtMs = nowMs(context);
      const version = await changePolicy(context, required(input, 'PolicyArn'), (policy) => {
        if (policy.versions.length >= quotas.policyVersions) {
          throw limitExceeded(
            `A managed policy can have up to ${quotas.policyVersions} versions. Before you create a new version, you must delete an existing version.`,
          );
        }
        const made: PolicyVersionRecord = { id: `v${policy.versionsMade + 1}`, document, createdAtMs };
        return {
          after: {
            ...policy,
            versions: [...policy.versions, made],
            versionsMade: policy.versionsMade + 1,
            updatedAtMs: createdAtMs,
            ...(isDefault ? { defaultVersionId: made.id } : {}),
          },
          result: made,
        };
      });
      const { Document: _document, ...rest } = versionOut(version, isDefault);
      return { PolicyVersion: rest };
    },
    GetPolicyVersion: async (input) => {
      const policy = getPolicy(context, required(input, 'PolicyArn'));
      const id = required(input, 'VersionId');
      const version = policy.versions.find((one) => one.id === id);
      if (version === undefined) throw versionNotFound(policy.arn, id);
      return { PolicyVersion: versionOut(version, id === policy.defaultVersionId) };
    },
    ListPolicyVersions: async (input) => {
      const { versions, defaultVersionId } = getPolicy(context, required(input, 'PolicyArn'));
      const { items, end } = page(input, versions, ({ id }) => newestFirst(id));
      return {
        Versions: items.map((version) => {
          const { Document: _document, ...rest } = versionOut(version, version.id === defaultVersionId);
          return rest;
        }),
        ...end,
      };
    },
    DeletePolicyVersion: async (input) => {
      const arn = required(input, 'PolicyArn');
      const id = required(input, 'VersionId');
      await changePolicy(context, arn, (policy) => {
        checkVersion(policy, arn, id);
        if (id === policy.defaultVersionId) {
          throw deleteConflict('Cannot delete the default version of a policy.');
        }
        const versions = policy.versions.filter((version) => version.id !== id);
        return { after: { ...policy, versions, updatedAtMs: nowMs(context) }, result: undefined };
      });
      return {};
    },
    SetDefaultPolicyVersion: async (input) => {
      const arn = required(input, 'PolicyArn');
      const id = required(input, 'VersionId');
      await changePolicy(context, arn, (policy) => {
        checkVersion(policy, arn, id);
        const after = { ...policy, defaultVersionId: id, updatedAtMs: nowMs(context) };
        return { after, result: undefined };
      });
      return {};
    },
  };
}

async function changePolicy<Result>(
  context: IamContext,
  arn: string,
  next: (before: PolicyRecord) => { readonly after: PolicyRecord; readonly result: Result },
): Promise<Result> {
  return change(context, async () => {
    const stored = await readOwnPolicy(context, arn);
    const { after, result } = next(stored.value);
    return { writes: [replaceRecord(stored, after)], result };
  });
}

function checkVersion(policy: PolicyRecord, arn: string, id: string): void {
  if (!policy.versions.some((version) => version.id === id)) throw versionNotFound(arn, id);
}

const versionOut = ({ id, document, createdAtMs }: PolicyVersionRecord, isDefault: boolean): Output => ({
  Document: encodeDocument(document),
  VersionId: id,
  IsDefaultVersion: isDefault,
  CreateDate: new Date(createdAtMs),
});

/** `v12` as a name that sorts before `v11`. */
const newestFirst = (id: string): string => String(1e9 - Number(id.slice(1))).padStart(10, '0');
