/** A version that is published from one whose image is stored refers to it before it is there: what $LATEST releases meanwhile stays. */
import type { VersionRecord } from '#metadata';
import type { Context } from './context.ts';

/** The version as it can be committed; Pending where its image has gone and has to be stored again. */
export async function withHeldImage(
  { images }: Pick<Context, 'images'>,
  version: VersionRecord,
): Promise<VersionRecord> {
  const { image } = version.configuration;
  if (image?.imageId === undefined) return version;
  if (await images?.refer(image.imageId, image.reference)) return version;
  const { imageId: _gone, ...unstored } = image;
  return {
    ...version,
    configuration: { ...version.configuration, image: unstored },
    state: 'Pending',
    stateReason: 'The function is being created.',
    stateReasonCode: 'Creating',
  };
}
