/** The environment variables of a function's process: the contract of the service, in the order in which later ones win. */
import type { Credentials } from '#identity';
import type { VersionRecord } from '#metadata';
import type { Initialization } from '../worker.ts';
import { type Opt, optVariables, relocated } from './opt.ts';

export interface VariablesInput {
  readonly version: VersionRecord;
  /** The function's own, in clear. */
  readonly custom: Readonly<Record<string, string>>;
  readonly logStream: string;
  readonly taskRoot: string;
  /** The function's layers, if it has any. */
  readonly opt: Opt | undefined;
  /** Whether the runtime is Lambkin's, not the function's own. */
  readonly managed: boolean;
  /** Directory of a managed runtime's executable, if it has one. */
  readonly programDirectory: string | undefined;
  /** LAMBDA_RUNTIME_DIR */
  readonly runtimeDirectory: string;
  /** What the runtime's process needs from its start. */
  readonly launchEnv: Readonly<Record<string, string>>;
  /** undefined: its process asks for them. */
  readonly credentials: Credentials | undefined;
  readonly initialization: Initialization;
  /** Where SDK calls go, and those of services named here. */
  readonly endpoint: string;
  readonly endpoints: Readonly<Record<string, string>>;
  /** HOME and TMPDIR. */
  readonly places: Readonly<Record<string, string>>;
  /** What is the sandbox's alone. */
  readonly own: Readonly<Record<string, string>>;
}

const hostPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/bin';

/** What every process has, whatever function it will be. */
export function startVariables(
  programDirectory: string | undefined,
  launchEnv: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    PATH: programDirectory === undefined ? hostPath : `${programDirectory}:${hostPath}`,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...launchEnv,
  };
}

/** Defaults, then the customer's, then what is reserved. */
export function environmentVariables(input: VariablesInput): Readonly<Record<string, string>> {
  const { version, credentials, programDirectory, opt } = input;
  const { configuration, region } = version;
  const variables = {
    ...startVariables(programDirectory, input.launchEnv),
    ...(opt && optVariables(opt, input.taskRoot, configuration.runtime)),
    ...input.places,
    AWS_ENDPOINT_URL: input.endpoint,
    ...serviceEndpoints(input.endpoints),
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
    ...input.custom,
    ...(credentials && keys(credentials)),
    ...(input.managed ? { AWS_EXECUTION_ENV: `AWS_Lambda_${configuration.runtime}` } : {}),
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_LAMBDA_FUNCTION_NAME: version.functionName,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(configuration.memoryMb),
    AWS_LAMBDA_INITIALIZATION_TYPE: input.initialization,
    AWS_LAMBDA_LOG_GROUP_NAME: configuration.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: input.logStream,
    ...logVariables(version),
    LAMBDA_TASK_ROOT: input.taskRoot,
    LAMBDA_RUNTIME_DIR: input.runtimeDirectory,
    _HANDLER: configuration.handler,
    ...input.own,
  };
  return relocated(variables, opt);
}

function keys({ accessKeyId, secretAccessKey, sessionToken }: Credentials): Readonly<Record<string, string>> {
  return {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
  };
}

/** `AWS_ENDPOINT_URL_<SERVICE>`, the service id in capitals and with underscores, as the SDKs read it. */
function serviceEndpoints(endpoints: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([service, url]) => [
      `AWS_ENDPOINT_URL_${service.toUpperCase().replaceAll(/[ -]/g, '_')}`,
      url,
    ]),
  );
}

/** What a runtime needs to know to write its lines as configured; levels go with JSON only. */
function logVariables({ configuration }: VersionRecord): Readonly<Record<string, string>> {
  const logging = configuration.kept['LoggingConfig'];
  if (typeof logging !== 'object' || logging === null || !('LogFormat' in logging)) {
    return { AWS_LAMBDA_LOG_FORMAT: 'Text' };
  }
  const { LogFormat: format, ApplicationLogLevel: level } = logging;
  return {
    AWS_LAMBDA_LOG_FORMAT: format === 'JSON' ? 'JSON' : 'Text',
    ...(format === 'JSON' && typeof level === 'string' ? { AWS_LAMBDA_LOG_LEVEL: level } : {}),
  };
}

const wrapperVariable = 'AWS_LAMBDA_EXEC_WRAPPER';
/** Read when a process starts, or so early that telling it later is too late: by the loader, libc, Node, Python, Ruby, OpenSSL. */
const earlyNames = /^(?:NODE_|PYTHON|RUBY|LD_|LC_|MALLOC_|GLIBC_|UV_|OPENSSL_|SSL_CERT_)|^(?:LANG|TZ)$/;

/** Whether a process that has started without knowing these variables could not become this function. */
export function changesStart(environment: Readonly<Record<string, string>>): boolean {
  return Object.keys(environment).some(
    (name) => name === wrapperVariable || (name !== 'NODE_ENV' && earlyNames.test(name)),
  );
}

/** The wrapper script that a managed runtime's command is given to; `/var/task` is where the function thinks its code is. */
export function execWrapper(
  environment: Readonly<Record<string, string>>,
  taskRoot: string,
): string | undefined {
  const wrapper = environment[wrapperVariable];
  if (wrapper === undefined || wrapper === '') return undefined;
  return wrapper.startsWith('/var/task/') ? `${taskRoot}${wrapper.slice('/var/task'.length)}` : wrapper;
}
