/** Makes the configuration of a function from what a client asks, at its creation and at each update. */
import {
  type CodeRecord,
  type Configuration,
  type FunctionImage,
  type FunctionName,
  layersOf,
} from '#metadata';
import type { Runtimes } from '#runtimes';
import type { Input, RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import type { Context } from './context.ts';
import { variablesOf } from './environment-variables.ts';
import {
  imageConfigAfter,
  requireFittingPackage,
  requireNoZipSettings,
  requireServed,
  type TakenImage,
} from './function-image.ts';
import { resolveLayers } from './function-layers.ts';
import { loggingAfter, logGroupOf } from './function-logging.ts';
import { networkAfter } from './function-network.ts';
import { ephemeralStorageOf, memoryOf, timeoutOf } from './function-sizes.ts';
import { requireSnapStart, snapStartAfter } from './function-snap-start.ts';
import { keyAfter, targetsAfter } from './function-targets.ts';
import type { Architecture, HostTraits } from './host-traits.ts';
import { ephemeralStorageMbDefault, memoryMbDefault, timeoutSecondsDefault } from './limits.ts';
import { list, structure, text } from './request.ts';
import { refuseUnserved } from './unserved.ts';

/** All but the code, so that it can be made (and refused) before the archive is looked at. */
export type Settings = Omit<Configuration, 'code' | 'image'>;

/** The settings of a new function. Throws a WireError. */
export async function settingsOf(
  context: Context,
  name: FunctionName,
  input: Input,
  request: RequestContext,
): Promise<Settings> {
  const { host, variables } = context;
  refuseUnserved(input);
  const packageType = text(input, 'PackageType') === 'Image' ? 'Image' : 'Zip';
  await requireServed(packageType, context);
  requireFittingPackage(packageType, input, structure(input, 'Code') ?? {});
  const runtime = text(input, 'Runtime') ?? '';
  const handler = text(input, 'Handler') ?? '';
  if (packageType === 'Zip' && (!runtime || !handler)) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  const role = text(input, 'Role') ?? '';
  const settings: Settings = {
    runtime,
    handler,
    role,
    description: text(input, 'Description') ?? '',
    memoryMb: memoryOf(input) ?? memoryMbDefault,
    timeoutSeconds: timeoutOf(input) ?? timeoutSecondsDefault,
    environment: variables.seal(name, variablesOf(input) ?? {}),
    architecture: architectureOf(input, host) ?? host.architecture,
    ephemeralStorageMb: ephemeralStorageOf(input) ?? ephemeralStorageMbDefault,
    packageType,
    logGroup: logGroupOf(input) ?? `/aws/lambda/${name.functionName}`,
    layers: await resolveLayers(context, layerArnsOf(input) ?? [], request),
    kept: keptAfter({}, input, name, packageType),
  };
  requireSnapStart(settings);
  requireRole(context, role);
  if (packageType === 'Zip') await requireRuntime(runtime, host.runtimes);
  return settings;
}

/** The configuration after an update: what the request does not name stays. Throws a WireError. */
export async function updatedConfiguration(
  context: Context,
  name: FunctionName,
  before: Configuration,
  input: Input,
  request: RequestContext,
): Promise<Configuration> {
  refuseUnserved(input);
  const { packageType } = before;
  if (packageType === 'Image') requireNoZipSettings(input);
  const runtime = text(input, 'Runtime') ?? before.runtime;
  const handler = text(input, 'Handler') ?? before.handler;
  if (packageType === 'Zip' && handler === '') throw invalidParameter('Handler must not be empty.');
  const variables = variablesOf(input);
  const layerArns = layerArnsOf(input);
  const role = text(input, 'Role');
  const after: Configuration = {
    ...before,
    runtime,
    handler,
    role: role ?? before.role,
    description: text(input, 'Description') ?? before.description,
    memoryMb: memoryOf(input) ?? before.memoryMb,
    timeoutSeconds: timeoutOf(input) ?? before.timeoutSeconds,
    environment: variables ? context.variables.seal(name, variables) : before.environment,
    ephemeralStorageMb: ephemeralStorageOf(input) ?? before.ephemeralStorageMb,
    logGroup: logGroupOf(input) ?? before.logGroup,
    layers: layerArns ? await resolveLayers(context, layerArns, request) : layersOf(before),
    kept: keptAfter(before.kept, input, name, packageType),
  };
  requireSnapStart(after);
  if (role !== undefined) requireRole(context, role);
  if (runtime !== before.runtime) await requireRuntime(runtime, context.host.runtimes);
  return after;
}

/** The configuration after an update of an image's function to another image, or to the same again. */
export function withImage(
  before: Configuration,
  input: Input,
  { code, image }: TakenImage,
  host: HostTraits,
): Configuration {
  const architecture = architectureOf(input, host) ?? before.architecture;
  const { image: stored } = before;
  const isStored = stored?.digest === image.digest && architecture === before.architecture;
  return { ...before, architecture, code, image: isStored ? { ...stored, ...named(image) } : image };
}

/** All of it but who refers to it. */
function named({ reference: _reference, ...image }: FunctionImage): Omit<FunctionImage, 'reference'> {
  return image;
}

/** The configuration after an update of the code, which may also name the architecture. */
export function withCode(
  before: Configuration,
  input: Input,
  code: CodeRecord,
  host: HostTraits,
): Configuration {
  const architecture = architectureOf(input, host) ?? before.architecture;
  // A key is of the archive that it came with.
  const { SourceKMSKeyArn: _before, ...kept } = before.kept;
  return { ...before, architecture, code, kept: sourceKeyAfter(kept, input) };
}

export function architectureOf(input: Input, host: HostTraits): Architecture | undefined {
  const asked = list(input, 'Architectures')?.[0] as string | undefined;
  if (asked === undefined || asked === host.architecture) return asked;
  throw invalidParameter(
    `Architecture ${asked} cannot run here: this host is ${host.architecture}. Ask for Architectures [${host.architecture}].`,
  );
}

/** The key of an archive's source, kept beside the settings; `source` is the Code of CreateFunction, or UpdateFunctionCode's input. */
export function sourceKeyAfter(kept: Configuration['kept'], source: Input): Configuration['kept'] {
  return keyAfter(kept, source, 'SourceKMSKeyArn');
}

function keptAfter(
  before: Configuration['kept'],
  input: Input,
  name: FunctionName,
  packageType: Configuration['packageType'],
): Configuration['kept'] {
  const after = loggingAfter(networkAfter(targetsAfter(before, input), input, name), input);
  return snapStartAfter(imageConfigAfter(packageType, after, input), input);
}

function layerArnsOf(input: Input): readonly string[] | undefined {
  return list(input, 'Layers') as readonly string[] | undefined;
}

/** Throws for a role of this account's IAM that does not let Lambda assume it. */
function requireRole({ roleState }: Context, role: string): void {
  if (roleState(role) !== 'not-assumable') return;
  throw invalidParameter('The role defined for the function cannot be assumed by Lambda.');
}

/** Throws unless the runtime is here or can be installed; the message says how to get it. */
async function requireRuntime(runtime: string, runtimes: Runtimes): Promise<void> {
  const availability = await runtimes.availability(runtime);
  switch (availability.kind) {
    case 'ready':
    case 'installable':
      return;
    case 'missing':
      throw invalidParameter(`Runtime ${runtime} is not available on this host. ${availability.howToGet}`);
    case 'retired':
      throw invalidParameter(
        `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
      );
    case 'unknown':
      throw invalidParameter(
        `Runtime ${runtime} is not supported by Lambkin. We recommend a supported runtime: \`lambkin runtimes\` lists them.`,
      );
  }
}
