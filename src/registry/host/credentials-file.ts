/**
 * Credentials of other registries, in the form of Docker's `config.json`: `{"auths": {"<registry>": {"auth": "<base64 of user:password>"}}}`. Read at
 * every use, so that a change counts at once. Credential helpers are programs, and are not run.
 */
import { open } from 'node:fs/promises';
import { FormatError } from '../format/format-error.ts';
import { isRecord, parseJson } from '../format/json.ts';
import { pullLimits } from '../limits.ts';

export interface RegistryCredentials {
  readonly user: string;
  readonly password: string;
}

/** What is known of a registry. Rejects with a FormatError, or the file system's error. */
export type FindCredentials = (registry: string) => Promise<RegistryCredentials | undefined>;

/** No file: no credentials. */
export function credentialsIn(path: string): FindCredentials {
  return async (registry) => {
    const bytes = await readBounded(path);
    if (bytes === undefined) return undefined;
    return credentialsFor(parseJson(bytes, 'the file of registry credentials'), registry);
  };
}

function credentialsFor(
  config: Readonly<Record<string, unknown>>,
  registry: string,
): RegistryCredentials | undefined {
  const names = namesOf(registry);
  const { auths, credHelpers, credsStore } = config;
  const entry = isRecord(auths) ? names.map((name) => auths[name]).find(isRecord) : undefined;
  if (entry !== undefined) {
    const { auth, username, password } = entry;
    if (typeof username === 'string' && typeof password === 'string') return { user: username, password };
    if (typeof auth === 'string' && auth !== '') return decoded(auth);
    if (entry['identitytoken'] !== undefined) {
      throw new FormatError(`identity tokens are not served: give user and password of ${registry}`);
    }
  }
  const hasHelper = isRecord(credHelpers) && names.some((name) => credHelpers[name] !== undefined);
  if (hasHelper || (entry !== undefined && credsStore !== undefined)) {
    throw new FormatError(`credential helpers are not run: give user and password of ${registry}`);
  }
  return undefined;
}

function namesOf(registry: string): readonly string[] {
  const hosts =
    registry === 'docker.io' ? ['docker.io', 'index.docker.io', 'registry-1.docker.io'] : [registry];
  return hosts.flatMap((host) =>
    ['', 'https://', 'http://'].flatMap((scheme) =>
      ['', '/', '/v1/', '/v2/'].map((path) => `${scheme}${host}${path}`),
    ),
  );
}

function decoded(auth: string): RegistryCredentials {
  const pair = Buffer.from(auth, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1) throw new FormatError('an auth in the file of registry credentials is not user:password');
  return { user: pair.slice(0, colon), password: pair.slice(colon + 1).replaceAll('\0', '') };
}

async function readBounded(path: string): Promise<Buffer | undefined> {
  let file;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { size } = await file.stat();
    if (size > pullLimits.credentialsFileBytesMax) throw new FormatError(`${path} is too large`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}
