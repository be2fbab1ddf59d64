/** Whether what a version runs from is there, and what becomes of the version by that. */
import type { Fallback, VersionRecord } from '#metadata';

export type Readiness =
  /** `imageId`: of the image that is stored, where the version has one. */
  | { readonly kind: 'ready'; readonly imageId?: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly reasonCode: string };

export const notReady = (reasonCode: string, reason: string): Readiness => ({
  kind: 'failed',
  reason,
  reasonCode,
});

/** The version once settled. Reasons of before go; a new revision id says that clients see a change. */
export function withReadiness(
  version: VersionRecord,
  readiness: Readiness,
  revisionId: string,
  generation: string,
): VersionRecord {
  const {
    stateReason: _stateReason,
    stateReasonCode: _stateReasonCode,
    lastUpdateStatusReason: _lastUpdateStatusReason,
    lastUpdateStatusReasonCode: _lastUpdateStatusReasonCode,
    fallback,
    ...rest
  } = version;
  const base = { ...rest, revisionId };
  if (readiness.kind === 'ready') {
    const { configuration } = version;
    const { imageId } = readiness;
    const image = configuration.image && imageId !== undefined && { ...configuration.image, imageId };
    return {
      ...base,
      ...(image && { configuration: { ...configuration, image } }),
      state: 'Active',
      lastUpdateStatus: 'Successful',
    };
  }
  const { reason, reasonCode } = readiness;
  if (version.state === 'Pending') {
    return {
      ...base,
      state: 'Failed',
      stateReason: reason,
      stateReasonCode: reasonCode,
      lastUpdateStatus: 'Failed',
      lastUpdateStatusReason: reason,
      lastUpdateStatusReasonCode: reasonCode,
    };
  }
  return {
    ...base,
    lastUpdateStatus: 'Failed',
    lastUpdateStatusReason: reason,
    lastUpdateStatusReasonCode: reasonCode,
    ...(fallback === undefined ? {} : { fallback: takenUp(fallback, generation) }),
  };
}

/** Environments of a generation that the update has ended do not come back: what serves again does so as a new one. */
function takenUp(fallback: Fallback, generation: string): Fallback {
  return fallback.serves === 'from-failure' ? { ...fallback, generation } : fallback;
}
