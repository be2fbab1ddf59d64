/**
 * Code signing configurations (create, get, list, update, delete), and which functions have which: Put-, Get- and
 * DeleteFunctionCodeSigningConfig, ListFunctionsByCodeSigningConfig. What they make of code stands in code-signing-check.ts.
 */
import { functionArn, type FunctionName, latestVersion, type Place } from '#metadata';
import {
  changeRecords,
  type Decision,
  holdRecord,
  removeRecord,
  replaceRecord,
  type Stored,
} from '#platform';
import { type Handlers, type Input, type Output, type RequestContext, WireError } from '#wire';
import { conflict, imagesUnsigned } from './answers.ts';
import {
  attachConfig,
  configArn,
  configIdOf,
  configKey,
  configOf,
  type ConfigRecord,
  configsPrefix,
  detachConfig,
  findConfig,
  usersPrefix,
} from './code-signing-store.ts';
import type { Context } from './context.ts';
import { commitAttemptsMax } from './limits.ts';
import { page } from './pages.ts';
import { lastModified } from './representation.ts';
import { list, required, structure, text, unqualifiedTarget } from './request.ts';
import { checkTags } from './tag-set.ts';

export function codeSigningHandlers(context: Context): Handlers {
  const { store, region, clock } = context;
  const { documents } = store;
  const placeOf = (request: RequestContext): Place => ({ accountId: request.principal.accountId, region });
  return {
    CreateCodeSigningConfig: (input, request) => createConfig(context, input, placeOf(request)),
    GetCodeSigningConfig: async (input, request) => {
      const place = placeOf(request);
      return { CodeSigningConfig: shown(place, (await getConfig(context, place, input)).value) };
    },
    ListCodeSigningConfigs: async (input, request) => {
      const place = placeOf(request);
      const { items, nextMarker } = await page(documents, configsPrefix(place), input, (value) =>
        shown(place, value as ConfigRecord),
      );
      return { CodeSigningConfigs: items, NextMarker: nextMarker };
    },
    UpdateCodeSigningConfig: async (input, request) => {
      const place = placeOf(request);
      const after = await changeConfig(context, place, input, (before) => ({
        ...before,
        description: text(input, 'Description') ?? before.description,
        publishers: publishersOf(input) ?? before.publishers,
        policy: policyOf(input) ?? before.policy,
        lastModifiedMs: clock.wallMs(),
      }));
      return { CodeSigningConfig: shown(place, after) };
    },
    DeleteCodeSigningConfig: (input, request) => deleteConfig(context, input, placeOf(request)),
    ListFunctionsByCodeSigningConfig: (input, request) => listUsers(context, input, placeOf(request)),
    PutFunctionCodeSigningConfig: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'PutFunctionCodeSigningConfig');
      const arn = required(input, 'CodeSigningConfigArn');
      await store.change(name, async () => {
        const writes = await attachConfig(documents, name, arn);
        // Held, so that the function cannot go and leave its configuration behind.
        const record = await store.getFunction(name);
        await requireArchive(context, name);
        return { writes: [holdRecord(record), ...writes], result: undefined };
      });
      return { CodeSigningConfigArn: arn, FunctionName: name.functionName };
    },
    GetFunctionCodeSigningConfig: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'GetFunctionCodeSigningConfig');
      await store.getFunction(name);
      await requireArchive(context, name);
      const config = await configOf(documents, name);
      // An empty answer is how AWS says that there is none.
      return config
        ? { CodeSigningConfigArn: configArn(name, config.id), FunctionName: name.functionName }
        : {};
    },
    DeleteFunctionCodeSigningConfig: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'DeleteFunctionCodeSigningConfig');
      await store.change(name, async () => {
        await store.getFunction(name);
        return { writes: await detachConfig(documents, name), result: undefined };
      });
      return {};
    },
  };
}

/** Images are not signed this way. */
async function requireArchive({ store }: Context, name: FunctionName): Promise<void> {
  const latest = await store.findVersion(name, latestVersion);
  if (latest?.value.configuration.packageType === 'Image') throw imagesUnsigned();
}

async function createConfig(context: Context, input: Input, place: Place): Promise<Output> {
  const { store, entropy, clock } = context;
  const record: ConfigRecord = {
    id: `csc-${Buffer.from(entropy.bytes(9)).toString('hex').slice(0, 17)}`,
    description: text(input, 'Description') ?? '',
    publishers: publishersOf(input) ?? [],
    policy: policyOf(input) ?? 'Warn',
    lastModifiedMs: clock.wallMs(),
    tags: checkTags({}, structure(input, 'Tags') ?? {}),
  };
  const outcome = await store.documents.commit([
    { kind: 'put', key: configKey(place, record.id), value: { ...record }, expected: 'absent' },
  ]);
  if (outcome.kind === 'conflict') throw conflict('The operation cannot be performed at this time.');
  return { CodeSigningConfig: shown(place, record) };
}

/** The configuration as `next` makes it of the one before. Throws ResourceNotFoundException. */
export async function changeConfig(
  context: Context,
  place: Place,
  input: Input,
  next: (before: ConfigRecord) => ConfigRecord,
): Promise<ConfigRecord> {
  return commit(context, async () => {
    const before = await getConfig(context, place, input);
    const after = next(before.value);
    return { writes: [replaceRecord(before, after)], result: after };
  });
}

/** The one that CodeSigningConfigArn names. Throws ResourceNotFoundException. */
export async function getConfig(
  { store }: Pick<Context, 'store'>,
  place: Place,
  input: Input,
): Promise<Stored<ConfigRecord>> {
  const arn = required(input, 'CodeSigningConfigArn');
  const found = await findConfig(store.documents, place, arn);
  if (found) return found;
  throw new WireError(
    'ResourceNotFoundException',
    `The Lambda code signing configuration ${arn} can not be found.`,
  );
}

async function deleteConfig(context: Context, input: Input, place: Place): Promise<Output> {
  await commit(context, async () => {
    const config = await getConfig(context, place, input);
    const users = await context.store.documents.list(usersPrefix(place, config.value.id), { limit: 1 });
    if (users.documents.length > 0) {
      throw conflict(
        `The code signing configuration ${configArn(place, config.value.id)} is used by functions and cannot be deleted.`,
      );
    }
    return { writes: [removeRecord(config)], result: undefined };
  });
  return {};
}

async function listUsers(context: Context, input: Input, place: Place): Promise<Output> {
  const { store } = context;
  await getConfig(context, place, input);
  const id = configIdOf(place, required(input, 'CodeSigningConfigArn')) ?? '';
  const { items, nextMarker } = await page(store.documents, usersPrefix(place, id), input, (value) => {
    const { functionName } = value as Pick<FunctionName, 'functionName'>;
    return functionArn({ ...place, functionName });
  });
  return { FunctionArns: items, NextMarker: nextMarker };
}

async function commit<Result>(
  { store: { documents } }: Context,
  decide: () => Promise<Decision<Result>>,
): Promise<Result> {
  const outcome = await changeRecords({ documents, attemptsMax: commitAttemptsMax }, decide);
  if (outcome.kind === 'done') return outcome.result;
  throw conflict('The operation cannot be performed at this time.');
}

const policyOf = (input: Input): ConfigRecord['policy'] | undefined =>
  text(structure(input, 'CodeSigningPolicies') ?? {}, 'UntrustedArtifactOnDeployment') as
    | ConfigRecord['policy']
    | undefined;

const publishersOf = (input: Input): readonly string[] | undefined =>
  list(structure(input, 'AllowedPublishers') ?? {}, 'SigningProfileVersionArns')?.map(String);

function shown(place: Place, record: ConfigRecord): Output {
  return {
    CodeSigningConfigId: record.id,
    CodeSigningConfigArn: configArn(place, record.id),
    Description: record.description,
    AllowedPublishers: { SigningProfileVersionArns: record.publishers },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: record.policy },
    LastModified: lastModified(record.lastModifiedMs),
  };
}
