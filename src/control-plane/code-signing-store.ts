/**
 * Code signing configurations, and which function has which, in Documents:
 *
 *   control-plane/code-signing/<account>/<region>/configs/<id>                ConfigRecord
 *   control-plane/code-signing/<account>/<region>/functions/<function>        { configId }
 *   control-plane/code-signing/<account>/<region>/users/<id>/<function>       { functionName }
 *
 * Whoever gives a configuration to a function writes the configuration's own record too, and deleting it expects that
 * record unchanged: so none is deleted while a function is given it.
 */
import type { FunctionName, Place } from '#metadata';
import { type Documents, type Json, type Stored, storedRecord, type Write } from '#platform';
import { WireError } from '#wire';

export interface ConfigRecord {
  /** `csc-` and 17 characters. */
  readonly id: string;
  readonly description: string;
  /** Versions of signing profiles. */
  readonly publishers: readonly string[];
  readonly policy: 'Warn' | 'Enforce';
  /** Epoch milliseconds. */
  readonly lastModifiedMs: number;
  readonly tags: Readonly<Record<string, string>>;
}

interface Attachment {
  readonly configId: string;
}

const prefix = ({ accountId, region }: Place): string => `control-plane/code-signing/${accountId}/${region}/`;
export const configsPrefix = (place: Place): string => `${prefix(place)}configs/`;
export const configKey = (place: Place, id: string): string => configsPrefix(place) + id;
export const usersPrefix = (place: Place, id: string): string => `${prefix(place)}users/${id}/`;
const attachmentKey = (name: FunctionName): string => `${prefix(name)}functions/${name.functionName}`;

export const configArn = ({ accountId, region }: Place, id: string): string =>
  `arn:aws:lambda:${region}:${accountId}:code-signing-config:${id}`;

/** The id of a configuration of this place, by its ARN. */
export function configIdOf(place: Place, arn: string): string | undefined {
  const id = arn.slice(arn.lastIndexOf(':') + 1);
  return /^csc-[a-z0-9]{17}$/.test(id) && arn === configArn(place, id) ? id : undefined;
}

export async function findConfig(
  documents: Documents,
  place: Place,
  arn: string,
): Promise<Stored<ConfigRecord> | undefined> {
  const id = configIdOf(place, arn);
  const document = id === undefined ? undefined : await documents.get(configKey(place, id));
  return document && storedRecord<ConfigRecord>(document);
}

/** A function's configuration, if it has one. */
export async function configOf(documents: Documents, name: FunctionName): Promise<ConfigRecord | undefined> {
  const attachment = await documents.get(attachmentKey(name));
  if (!attachment) return undefined;
  const { configId } = attachment.value as unknown as Attachment;
  const document = await documents.get(configKey(name, configId));
  return document && storedRecord<ConfigRecord>(document).value;
}

/** For operations that name a configuration which is not there (any more). */
export const configMissing = (arn: string): WireError =>
  new WireError(
    'CodeSigningConfigNotFoundException',
    `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
  );

/**
 * The writes that give a function a configuration, for the commit that creates the function too; they conflict with whoever deletes the
 * configuration meanwhile. Throws CodeSigningConfigNotFoundException.
 */
export async function attachConfig(
  documents: Documents,
  name: FunctionName,
  arn: string,
): Promise<readonly Write[]> {
  const config = await findConfig(documents, name, arn);
  if (!config) throw configMissing(arn);
  const before = await documents.get(attachmentKey(name));
  const attachment: Attachment = { configId: config.value.id };
  return [
    put(config.key, config.value, config.revision),
    put(attachmentKey(name), attachment, before?.revision ?? 'absent'),
    put(userKey(name, attachment), { functionName: name.functionName }, 'any'),
    ...(before ? staleUser(name, before.value as unknown as Attachment, attachment) : []),
  ];
}

/** The writes that take a function's configuration away, for the commit that deletes the function too. */
export async function detachConfig(documents: Documents, name: FunctionName): Promise<readonly Write[]> {
  const attachment = await documents.get(attachmentKey(name));
  if (!attachment) return [];
  return [
    { kind: 'delete', key: attachment.key, expected: attachment.revision },
    { kind: 'delete', key: userKey(name, attachment.value as unknown as Attachment), expected: 'any' },
  ];
}

const userKey = (name: FunctionName, { configId }: Attachment): string =>
  usersPrefix(name, configId) + name.functionName;

function staleUser(name: FunctionName, before: Attachment, after: Attachment): readonly Write[] {
  if (before.configId === after.configId) return [];
  return [{ kind: 'delete', key: userKey(name, before), expected: 'any' }];
}

const put = (key: string, value: object, expected: Write['expected']): Write => ({
  kind: 'put',
  key,
  value: value as Json,
  expected,
});
