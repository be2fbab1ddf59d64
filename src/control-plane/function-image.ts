/** The container image of a function: taken out of requests, resolved and pinned; and ImageConfig, which says how it is run. */
import { ImageProblem, type ResolvedImage } from '#registry';
import type { CodeRecord, Configuration, FunctionImage, PackageType } from '#metadata';
import { type Input, type Output, WireError } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { imageDefaultsCharsMax, imageResolveMsMax } from './limits.ts';
import { list, structure, text } from './request.ts';

type Kept = Configuration['kept'];

export interface TakenImage {
  readonly code: CodeRecord;
  readonly image: FunctionImage;
}

const zipMembers = [
  'S3Bucket',
  'S3Key',
  'S3ObjectVersion',
  'S3ObjectStorageMode',
  'SourceKMSKeyArn',
] as const;

/** Throws where a function of this package type is created with what belongs to the other. `source` is CreateFunction's Code. */
export function requireFittingPackage(type: PackageType, input: Input, source: Input): void {
  if (type === 'Zip') {
    if (text(source, 'ImageUri') !== undefined) {
      throw invalidParameter("Please don't provide ImageUri when the intended function PackageType is Zip.");
    }
    return;
  }
  requireNoZipSettings(input);
  requireImageAlone(source, 'when the intended function PackageType is Image.');
}

/** Throws where settings of an image's function name what only zip functions have. */
export function requireNoZipSettings(input: Input): void {
  const layers = list(input, 'Layers') ?? [];
  if (text(input, 'Runtime') === undefined && text(input, 'Handler') === undefined && layers.length === 0)
    return;
  throw invalidParameter(
    "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
  );
}

/** Throws where UpdateFunctionCode would make an image's function of a zip function, or the other way round. */
export function requireSamePackage(type: PackageType, input: Input): void {
  if (type === 'Image') return requireImageAlone(input, 'when updating a function with packageType Image.');
  if (text(input, 'ImageUri') === undefined) return undefined;
  throw invalidParameter("Please don't provide ImageUri when updating a function with packageType Zip.");
}

function requireImageAlone(source: Input, when: string): void {
  if (!text(source, 'ImageUri')) throw invalidParameter(`Please provide ImageUri ${when}`);
  if (source['ZipFile'] === undefined && zipMembers.every((member) => text(source, member) === undefined))
    return;
  throw invalidParameter(`Please don't provide ZipFile or S3 parameters ${when}`);
}

/** Throws unless functions of this package type run here. */
export async function requireServed(
  type: PackageType,
  { imagesProblem }: Pick<Context, 'imagesProblem'>,
): Promise<void> {
  const problem = type === 'Zip' ? undefined : await imagesProblem();
  if (problem === undefined) return;
  throw invalidParameter(`Container images (PackageType Image) cannot run here: ${problem}`);
}

/** Resolves what `source` names, for this architecture, and pins it. Throws a WireError. */
export async function takeImage(
  context: Pick<Context, 'images' | 'clock' | 'entropy'>,
  source: Input,
  architecture: Configuration['architecture'],
  reference: string,
): Promise<TakenImage> {
  const resolved = await resolve(context, text(source, 'ImageUri') ?? '', architecture);
  const { imageUri, resolvedImageUri, digest, compressedBytes, config } = resolved;
  const { entryPoint, command, workingDirectory, environment } = config;
  const defaults = {
    entryPoint,
    command,
    environment,
    ...(workingDirectory !== undefined && { workingDirectory }),
  };
  if (JSON.stringify(defaults).length > imageDefaultsCharsMax) {
    throw invalidParameter(
      `The environment, entry point and command of ${imageUri} are longer than ${imageDefaultsCharsMax} characters together.`,
    );
  }
  return {
    code: { sha256: digest.replace(/^sha256:/, ''), blobKey: '', sizeBytes: 0 },
    image: { imageUri, resolvedImageUri, digest, compressedBytes, defaults, reference },
  };
}

async function resolve(
  { images, clock }: Pick<Context, 'images' | 'clock'>,
  imageUri: string,
  architecture: Configuration['architecture'],
): Promise<ResolvedImage> {
  if (images === undefined) throw new WireError('ServiceException', 'There is no store of images.');
  const late = new AbortController();
  const cancel = clock.after(imageResolveMsMax, () =>
    late.abort(new ImageProblem('InternalError', `The registry of ${imageUri} takes too long to answer.`)),
  );
  try {
    return await images.resolve(imageUri, architecture, late.signal);
  } catch (error) {
    if (error instanceof ImageProblem) throw wireErrorOf(error);
    throw error;
  } finally {
    cancel();
  }
}

function wireErrorOf({ code, message }: ImageProblem): WireError {
  switch (code) {
    case 'InvalidImage':
    case 'ImageDeleted':
      return invalidParameter(message);
    case 'ImageAccessDenied':
      return new WireError('AccessDeniedException', message);
    case 'InternalError':
      return new WireError('ServiceException', message);
    default:
      return code satisfies never;
  }
}

/** ImageConfig as a request leaves it: what a client gives replaces all of what was there, and what says nothing is not kept. */
export function imageConfigAfter(type: PackageType, before: Kept, input: Input): Kept {
  const asked = structure(input, 'ImageConfig');
  if (asked === undefined) return before;
  const entryPoint = words(asked, 'EntryPoint');
  const command = words(asked, 'Command');
  const directory = text(asked, 'WorkingDirectory') || undefined;
  const says = entryPoint !== undefined || command !== undefined || directory !== undefined;
  if (type === 'Zip') {
    if (!says) return before;
    throw invalidParameter("Please don't provide ImageConfig when the intended function PackageType is Zip.");
  }
  const { ImageConfig: _before, ...others } = before;
  if (!says) return others;
  return {
    ...others,
    ImageConfig: {
      ...(entryPoint && { EntryPoint: entryPoint }),
      ...(command && { Command: command }),
      ...(directory !== undefined && { WorkingDirectory: directory }),
    },
  };
}

/** An empty list leaves what the image says, as on AWS. */
function words(config: Input, member: string): readonly string[] | undefined {
  const given = (list(config, member) ?? []) as readonly string[];
  if (given.some((word) => word.includes('\0'))) {
    throw invalidParameter(`ImageConfig.${member} holds a NUL character.`);
  }
  return given.length === 0 ? undefined : given;
}

/** GetFunction's Code. */
export function imageShown({ imageUri, resolvedImageUri }: FunctionImage): Output {
  return { RepositoryType: 'ECR', ImageUri: imageUri, ResolvedImageUri: resolvedImageUri };
}
