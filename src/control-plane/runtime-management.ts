/**
 * PutRuntimeManagementConfig and GetRuntimeManagementConfig. Lambkin has one version of each runtime, so there is nothing that an update could
 * bring: the setting is kept and shown, and Manual takes the version that there is.
 */
import {
  functionArn,
  type FunctionName,
  latestVersion,
  runtimeVersionArn,
  type VersionRecord,
} from '#metadata';
import { holdRecord, putRecord } from '#platform';
import type { Handlers, Input, Output, RequestContext } from '#wire';
import { invalidParameter } from './answers.ts';
import { runtimeManagementKey } from './attachments.ts';
import type { Context } from './context.ts';
import { resolve } from './functions.ts';
import { required, targetOf, text } from './request.ts';

interface RuntimeManagementRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** `$LATEST`, a version number, or an alias. */
  readonly qualifier: string;
  readonly updateOn: 'Auto' | 'FunctionUpdate' | 'Manual';
  /** With Manual. */
  readonly runtimeVersionArn?: string;
}

export function runtimeManagementHandlers(context: Context): Handlers {
  return {
    PutRuntimeManagementConfig: (input, request) => putRuntimeManagement(context, input, request),
    GetRuntimeManagementConfig: async (input, request) => {
      const target = targetOf(input, request, context.region, 'GetRuntimeManagementConfig');
      requireRuntime((await resolve(context, target)).value);
      const { name, qualifier } = target;
      const found = await context.store.find<RuntimeManagementRecord>(
        runtimeManagementKey(name, qualifier ?? latestVersion),
      );
      return runtimeManagement(name, qualifier, found?.value);
    },
  };
}

async function putRuntimeManagement(
  context: Context,
  input: Input,
  request: RequestContext,
): Promise<Output> {
  const { store } = context;
  const target = targetOf(input, request, context.region, 'PutRuntimeManagementConfig');
  const { name } = target;
  const qualifier = target.qualifier ?? latestVersion;
  const updateOn = required(input, 'UpdateRuntimeOn') as RuntimeManagementRecord['updateOn'];
  const arn = text(input, 'RuntimeVersionArn');
  if (updateOn === 'Manual' && !arn) {
    throw invalidParameter('RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual.');
  }
  if (updateOn !== 'Manual' && arn) {
    throw invalidParameter('RuntimeVersionArn can only be set when UpdateRuntimeOn is set to Manual.');
  }
  const after = await store.change(name, async () => {
    const record = await store.getFunction(name, target.qualifier);
    const version = await resolve(context, target);
    requireRuntime(version.value);
    const available = runtimeVersionArn(version.value);
    if (arn && arn !== available) {
      throw invalidParameter(
        `Runtime version ${arn} is not available. Lambkin has one version of this runtime: ${available}`,
      );
    }
    const after: RuntimeManagementRecord = {
      ...name,
      qualifier,
      updateOn,
      ...(arn && { runtimeVersionArn: arn }),
    };
    const key = runtimeManagementKey(name, qualifier);
    const before = await store.find<RuntimeManagementRecord>(key);
    return { writes: [holdRecord(record), putRecord(key, before, after)], result: after };
  });
  return runtimeManagement(name, target.qualifier, after);
}

/** An image brings its own. */
function requireRuntime({ configuration }: VersionRecord): void {
  if (configuration.packageType === 'Zip') return;
  throw invalidParameter('Runtime management is not supported for functions created with container images.');
}

function runtimeManagement(
  name: FunctionName,
  qualifier: string | undefined,
  record: RuntimeManagementRecord | undefined,
): Output {
  return {
    UpdateRuntimeOn: record?.updateOn ?? 'Auto',
    FunctionArn: functionArn(name, qualifier),
    RuntimeVersionArn: record?.runtimeVersionArn,
  };
}
