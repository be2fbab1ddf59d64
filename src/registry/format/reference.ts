/** ImageUri: `[registry/]repository[:tag][@digest]`, with the defaults that Docker gives. */
import { isDigest } from './digest.ts';
import { FormatError } from './format-error.ts';
import { isRepositoryName, isTag } from './names.ts';

export interface ImageReference {
  /** Host with port if one is given, in lower case: `127.0.0.1:9000`, `[::1]:9000`, `docker.io`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** Wins over the tag. */
  readonly digest: string | undefined;
}

const hostPattern = /^(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;
const uriCharactersMax = 1024;

/** Throws a FormatError. */
export function parseReference(uri: string): ImageReference {
  const refused = new FormatError(
    'it is not of the form registry/repository:tag or registry/repository@digest',
  );
  if (uri.length > uriCharactersMax) throw refused;
  const [named = '', digest, ...more] = uri.split('@');
  if (more.length > 0 || (digest !== undefined && !isDigest(digest))) throw refused;
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const isHost = slash > 0 && (/[.:[]/.test(first) || first.toLowerCase() === 'localhost');
  const registry = isHost ? first.toLowerCase() : 'docker.io';
  const [path = '', tag, ...rest] = (isHost ? named.slice(slash + 1) : named).split(':');
  if (rest.length > 0 || (tag !== undefined && !isTag(tag)) || !hostPattern.test(registry)) throw refused;
  const repository = registry === 'docker.io' && !path.includes('/') ? `library/${path}` : path;
  if (!isRepositoryName(repository)) throw refused;
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

/** How the repository is written: as it was given, without tag and digest. */
export function repositoryPart(uri: string): string {
  const [named = ''] = uri.split('@');
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
}

/** Whose image it is, when the registry's name is ECR's; undefined: it is not. */
export function ecrPlace(
  registry: string,
): { readonly accountId: string; readonly region: string } | undefined {
  const match = /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/.exec(registry);
  return match === null ? undefined : { accountId: match[1] ?? '', region: match[2] ?? '' };
}
