/** Makes the records of versions: the first $LATEST, its updates, and what is published from it. */
import type { Configuration, Fallback, FunctionName, FunctionRecord, VersionRecord } from '#metadata';
import { latestVersion, layersOf, versionKey } from '#metadata';
import type { Clock, Entropy } from '#platform';
import { referenceOf } from './image-keeper.ts';

export interface Makings {
  readonly clock: Clock;
  readonly entropy: Entropy;
}

export function firstLatest(
  name: FunctionName,
  configuration: Configuration,
  { clock, entropy }: Makings,
): VersionRecord {
  return {
    accountId: name.accountId,
    region: name.region,
    functionName: name.functionName,
    version: latestVersion,
    revisionId: entropy.uuid(),
    generation: entropy.uuid(),
    configuration,
    ...beingCreated,
    lastUpdateStatus: 'Successful',
    lastModifiedMs: clock.wallMs(),
  };
}

/**
 * $LATEST with another configuration: a new generation at once, so no environment of before serves it. What worked before is kept for
 * the case that the update does not.
 */
export function updatedLatest(
  before: VersionRecord,
  configuration: Configuration,
  serves: Fallback['serves'],
  { clock, entropy }: Makings,
): VersionRecord {
  const worked = before.fallback ?? before;
  const {
    stateReason: _stateReason,
    stateReasonCode: _stateReasonCode,
    lastUpdateStatusReason: _lastUpdateStatusReason,
    lastUpdateStatusReasonCode: _lastUpdateStatusReasonCode,
    fallback: _fallback,
    ...rest
  } = before;
  return {
    ...rest,
    revisionId: entropy.uuid(),
    generation: entropy.uuid(),
    configuration,
    // A function that never became active gets another chance with its update.
    ...(before.state === 'Failed'
      ? beingCreated
      : {
          state: before.state,
          fallback: { configuration: worked.configuration, generation: worked.generation, serves },
        }),
    lastUpdateStatus: 'InProgress',
    lastUpdateStatusReason: 'The function is being created.',
    lastUpdateStatusReasonCode: 'Creating',
    lastModifiedMs: clock.wallMs(),
  };
}

/**
 * The next version of the function, made from $LATEST; Pending where $LATEST is not settled yet. It refers to its image under a name of its
 * own, which whoever commits it sees to.
 */
export function published(
  latest: VersionRecord,
  { lastVersion, functionId }: FunctionRecord,
  description: string | undefined,
  { clock, entropy }: Makings,
): VersionRecord {
  const { configuration } = latest;
  const { image } = configuration;
  const version = String(lastVersion + 1);
  const settled = latest.state === 'Active' && latest.lastUpdateStatus === 'Successful';
  return {
    accountId: latest.accountId,
    region: latest.region,
    functionName: latest.functionName,
    version,
    revisionId: entropy.uuid(),
    generation: entropy.uuid(),
    configuration: {
      ...configuration,
      description: description ?? configuration.description,
      ...(image && { image: { ...image, reference: referenceOf(versionKey(latest, version), functionId) } }),
    },
    ...(settled ? { state: 'Active' } : beingCreated),
    lastUpdateStatus: 'Successful',
    lastModifiedMs: clock.wallMs(),
    sourceDescription: configuration.description,
  };
}

/** Whether publishing `latest` would make a version like `version`. */
export function isPublishedAs(version: VersionRecord, latest: VersionRecord): boolean {
  const description = version.sourceDescription ?? version.configuration.description;
  return essence({ ...version.configuration, description }) === essence(latest.configuration);
}

/** All that tells one configuration from another, as a text: of code its digest, of layers which they are. */
function essence(configuration: Configuration): string {
  const layers = layersOf(configuration).map(({ arn }) => arn);
  // Of an image its digest is the code's.
  return canonical({ ...configuration, code: configuration.code.sha256, image: undefined, layers });
}

const beingCreated = {
  state: 'Pending',
  stateReason: 'The function is being created.',
  stateReasonCode: 'Creating',
} as const;

/** JSON with members in order of their names, so that equal values give equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
