/** What the handlers of ECR share: the place, the members of inputs, and ECR's words for what is missing. */
import { type Input, WireError } from '#wire';
import type { Contents } from '../store/contents.ts';
import type { Deletions } from '../store/deletions.ts';
import type { RepositoryRecord } from '../store/records.ts';
import type { Repositories } from '../store/repositories.ts';
import type { Passwords } from './passwords.ts';

export interface EcrFloor {
  readonly accountId: string;
  readonly region: string;
  readonly repositories: Repositories;
  readonly deletions: Deletions;
  readonly contents: Contents;
  readonly passwords: Passwords;
  readonly nowMs: () => number;
}

export function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}

/** Throws for a registry that is not this account's. */
export function checkRegistry({ accountId }: EcrFloor, input: Input): void {
  const id = input['registryId'];
  if (id !== undefined && id !== accountId)
    throw invalid(`The registry with id '${JSON.stringify(id)}' is not served here.`);
}

export async function repositoryIn(floor: EcrFloor, input: Input): Promise<RepositoryRecord> {
  checkRegistry(floor, input);
  const name = text(input, 'repositoryName');
  const found = await floor.repositories.find(name);
  if (found === undefined) throw repositoryNotFound(floor, name);
  return found;
}

export function repositoryNotFound({ accountId }: EcrFloor, name: string): WireError {
  return new WireError(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${accountId}'`,
  );
}

export function invalid(message: string): WireError {
  return new WireError('InvalidParameterException', message);
}

/** `maxResults` and `nextToken`, which is the name after which the page begins. */
export function pageIn(input: Input): { readonly limit: number; readonly after: string } {
  const { maxResults = 100 } = input as { readonly maxResults?: number };
  const token = Buffer.from(text(input, 'nextToken'), 'base64url').toString('utf8');
  if (!/^[\w./:-]{0,300}$/.test(token)) throw invalid("Invalid parameter at 'nextToken'");
  return { limit: maxResults, after: token };
}

export function tokenOf(isCut: boolean, last: string | undefined): string | undefined {
  return isCut && last !== undefined ? Buffer.from(last).toString('base64url') : undefined;
}
