/** Makes the configuration of a function from what a client asks, at its creation and at each update. */
import type { CodeRecord, Configuration } from '#metadata';
import type { Runtimes } from '#runtimes';
import { constraintError, type Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { checkVariables } from './environment-variables.ts';
import {
  ephemeralStorageMbDefault,
  memoryMbDefault,
  memoryMbMax,
  timeoutSecondsDefault,
  timeoutSecondsMax,
} from './limits.ts';
import { list, number, structure, text } from './request.ts';
import { keptMembers, refuseUnserved } from './unserved.ts';

export type Architecture = Configuration['architecture'];

/** What configurations are checked against. */
export interface HostTraits {
  readonly runtimes: Runtimes;
  /** This host's: code for another cannot run here. */
  readonly architecture: Architecture;
}

/** All but the code, so that it can be made (and refused) before the archive is looked at. */
export type Settings = Omit<Configuration, 'code'>;

/** The settings of a new function. Throws a WireError. */
export async function settingsOf(input: Input, functionName: string, host: HostTraits): Promise<Settings> {
  refuseUnserved(input);
  const runtime = text(input, 'Runtime');
  const handler = text(input, 'Handler');
  if (!runtime || !handler) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  const settings: Settings = {
    runtime,
    handler,
    role: text(input, 'Role') ?? '',
    description: text(input, 'Description') ?? '',
    memoryMb: memoryOf(input) ?? memoryMbDefault,
    timeoutSeconds: timeoutOf(input) ?? timeoutSecondsDefault,
    environment: environmentOf(input) ?? {},
    architecture: architectureOf(input, host) ?? host.architecture,
    ephemeralStorageMb: ephemeralStorageOf(input) ?? ephemeralStorageMbDefault,
    packageType: 'Zip',
    logGroup: logGroupOf(input) ?? `/aws/lambda/${functionName}`,
    layers: [],
    kept: keptMembers(input, {}),
  };
  await requireRuntime(runtime, host.runtimes);
  return settings;
}

/** The configuration after an update: what the request does not name stays. Throws a WireError. */
export async function updatedConfiguration(
  before: Configuration,
  input: Input,
  host: HostTraits,
): Promise<Configuration> {
  refuseUnserved(input);
  const runtime = text(input, 'Runtime') ?? before.runtime;
  const handler = text(input, 'Handler') ?? before.handler;
  if (handler === '') throw invalidParameter('Handler must not be empty.');
  const after: Configuration = {
    ...before,
    runtime,
    handler,
    role: text(input, 'Role') ?? before.role,
    description: text(input, 'Description') ?? before.description,
    memoryMb: memoryOf(input) ?? before.memoryMb,
    timeoutSeconds: timeoutOf(input) ?? before.timeoutSeconds,
    environment: environmentOf(input) ?? before.environment,
    ephemeralStorageMb: ephemeralStorageOf(input) ?? before.ephemeralStorageMb,
    logGroup: logGroupOf(input) ?? before.logGroup,
    kept: keptMembers(input, before.kept),
  };
  if (runtime !== before.runtime) await requireRuntime(runtime, host.runtimes);
  return after;
}

/** The configuration after an update of the code, which may also name the architecture. */
export function withCode(
  before: Configuration,
  input: Input,
  code: CodeRecord,
  host: HostTraits,
): Configuration {
  return { ...before, architecture: architectureOf(input, host) ?? before.architecture, code };
}

export function architectureOf(input: Input, host: HostTraits): Architecture | undefined {
  const asked = list(input, 'Architectures')?.[0] as string | undefined;
  if (asked === undefined || asked === host.architecture) return asked;
  throw invalidParameter(
    `Architecture ${asked} cannot run here: this host is ${host.architecture}. Ask for Architectures [${host.architecture}].`,
  );
}

function memoryOf(input: Input): number | undefined {
  const memoryMb = number(input, 'MemorySize');
  if (memoryMb === undefined || memoryMb <= memoryMbMax) return memoryMb;
  throw constraintError(
    'memorySize',
    memoryMb,
    `Member must have value less than or equal to ${memoryMbMax}`,
  );
}

function timeoutOf(input: Input): number | undefined {
  const seconds = number(input, 'Timeout');
  if (seconds === undefined || seconds <= timeoutSecondsMax) return seconds;
  throw constraintError(
    'timeout',
    seconds,
    `Member must have value less than or equal to ${timeoutSecondsMax}`,
  );
}

function environmentOf(input: Input): Readonly<Record<string, string>> | undefined {
  const environment = structure(input, 'Environment');
  return environment && checkVariables(structure(environment, 'Variables') ?? {});
}

/** Kept and shown; what a sandbox makes of it is its own matter (the process sandbox sets no limit). */
function ephemeralStorageOf(input: Input): number | undefined {
  const storage = structure(input, 'EphemeralStorage');
  return storage && number(storage, 'Size');
}

function logGroupOf(input: Input): string | undefined {
  const logging = structure(input, 'LoggingConfig');
  return logging && text(logging, 'LogGroup');
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
    case 'unknown':
      throw invalidParameter(
        `Runtime ${runtime} is not supported by Lambkin. We recommend a supported runtime: \`lambkin runtimes\` lists them.`,
      );
  }
}
