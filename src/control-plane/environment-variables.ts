/** Environment variables that clients give: none of those that the service sets itself, and not too many. */
import type { Variables } from '#metadata';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { environmentBytesMax } from './limits.ts';
import { structure } from './request.ts';

/** AWS's list of variables that a function's configuration cannot set. */
const reserved: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_MAX_CONCURRENCY',
  'AWS_LAMBDA_METADATA_API',
  'AWS_LAMBDA_METADATA_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
]);

const unable =
  'Lambda was unable to configure your environment variables because the environment variables you have provided';

/** The variables that a request sets, in clear; undefined: it does not touch them. Throws a WireError. */
export function variablesOf(input: Input): Variables | undefined {
  const environment = structure(input, 'Environment');
  return environment && checkVariables(structure(environment, 'Variables') ?? {});
}

/** Throws unless these variables can be set. */
function checkVariables(variables: Readonly<Record<string, unknown>>): Variables {
  const used = Object.keys(variables).filter((name) => reserved.has(name));
  if (used.length > 0) {
    throw invalidParameter(
      `${unable} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${used.join(', ')}`,
    );
  }
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    // No process can have such a variable.
    if (typeof value !== 'string' || value.includes('\0')) {
      throw invalidParameter(`${unable} contains a value that is not text: ${name}`);
    }
    Object.defineProperty(checked, name, { value, enumerable: true, configurable: true, writable: true });
  }
  const measured = JSON.stringify(checked);
  if (Buffer.byteLength(measured) > environmentBytesMax) {
    throw invalidParameter(`${unable} exceeded the 4KB limit. String measured: ${measured}`);
  }
  return checked;
}
