/** DeleteFunction: the function with everything of it, or one published version. */
import {
  type FunctionName,
  functionArn,
  isVersionNumber,
  latestVersion,
  type VersionRecord,
} from '#metadata';
import { holdRecord, removeRecord, type Stored, type Write } from '#platform';
import type { Handlers } from '#wire';
import { conflict, invalidParameter, tooContended } from './answers.ts';
import { attachmentsOf, detach } from './attachments.ts';
import { detachConfig } from './code-signing-store.ts';
import type { Context } from './context.ts';
import type { FunctionStore } from './function-store.ts';
import { commitAttemptsMax, writesPerCommitMax } from './limits.ts';
import { releaseProvisioned } from './provisioned.ts';
import { targetOf } from './request.ts';
import { releaseReservation } from './reservations.ts';

export function deletionHandlers(context: Context): Handlers {
  return {
    DeleteFunction: async (input, request) => {
      const { name, qualifier } = targetOf(input, request, context.region, 'DeleteFunction');
      if (qualifier === undefined) await deleteFunction(context, name);
      else await deleteVersion(context, name, qualifier);
      return { StatusCode: 204 };
    },
  };
}

/**
 * One commit takes the function away with all that belongs to it. A function with more versions and aliases than fit
 * into a commit loses the surplus first; whoever adds one meanwhile makes the last commit start over.
 */
async function deleteFunction({ store, releases }: Context, name: FunctionName): Promise<void> {
  /** Also what an attempt has deleted that did not come to its end. */
  const seen: VersionRecord[] = [];
  for (let attempt = 1; attempt <= commitAttemptsMax; attempt += 1) {
    const record = await store.getFunction(name);
    const [latest, versions, aliases, attachments] = await Promise.all([
      store.findVersion(name, latestVersion),
      store.publishedVersions(name),
      store.aliases(name),
      attachmentsOf(store, name),
    ]);
    for (const each of latest ? [latest, ...versions] : versions) seen.push(each.value);
    const parts: readonly Stored<unknown>[] = [...attachments, ...aliases, ...versions];
    const reservation = await releaseReservation(store, name);
    const signing = await detachConfig(store.documents, name);
    const last = [
      removeRecord(record),
      ...(latest ? [removeRecord(latest)] : []),
      ...reservation,
      ...signing,
    ];
    const room = writesPerCommitMax - last.length;
    const surplus = parts.slice(0, Math.max(0, parts.length - room));
    const batches = [];
    for (let start = 0; start < surplus.length; start += writesPerCommitMax) {
      batches.push(surplus.slice(start, start + writesPerCommitMax).map(removeRecord));
    }
    batches.push([...last, ...parts.slice(surplus.length).map(removeRecord)]);
    if (await commitAll(store, batches)) {
      releases.changed(seen, []);
      return;
    }
  }
  throw tooContended(name);
}

/** Whether all were committed, one after the other; invokes see it then. */
async function commitAll(store: FunctionStore, batches: readonly (readonly Write[])[]): Promise<boolean> {
  for (const [index, writes] of batches.entries()) {
    const outcome = await store.documents.commit(writes);
    if (outcome.kind === 'conflict') return false;
    if (index === batches.length - 1) await store.reached(outcome.revision);
  }
  return true;
}

async function deleteVersion(context: Context, name: FunctionName, qualifier: string): Promise<void> {
  const { store } = context;
  if (qualifier === latestVersion) {
    throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
  }
  if (!isVersionNumber(qualifier)) {
    throw invalidParameter('Deletion of aliases is not currently supported.');
  }
  const deleted = await store.change<VersionRecord | undefined>(name, async () => {
    const record = await store.getFunction(name, qualifier);
    const version = await store.findVersion(name, qualifier);
    if (!version) return { writes: [], result: undefined }; // gone already: as asked
    const pointing = (await store.aliases(name)).filter(
      ({ value }) => value.version === qualifier || Object.hasOwn(value.additionalWeights, qualifier),
    );
    if (pointing.length > 0) {
      const arns = pointing.map(({ value }) => functionArn(name, value.name));
      throw conflict(
        `Unable to delete version because the following aliases reference it: [${arns.join(', ')}]`,
      );
    }
    const attached = [
      ...(await detach(store, name, qualifier)),
      ...(await releaseProvisioned(context, name, qualifier)),
    ];
    return { writes: [holdRecord(record), removeRecord(version), ...attached], result: version.value };
  });
  context.releases.changed([deleted], []);
}
