/** ECR's operations on repositories, and the logging in. */
import { type Handlers, type RequestContext, WireError } from '#wire';
import { registryLimits } from '../limits.ts';
import { newRepository } from '../store/new-repository.ts';
import type { RepositoryRecord } from '../store/records.ts';
import { passwordUser } from './passwords.ts';
import {
  checkRegistry,
  type EcrFloor,
  invalid,
  pageIn,
  repositoryIn,
  repositoryNotFound,
  text,
  tokenOf,
} from './request.ts';
import { checkedMutability, tagsIn, withTags } from './settings.ts';

export function repositoryHandlers(floor: EcrFloor): Handlers {
  const { repositories, deletions, passwords, accountId, nowMs } = floor;
  const told = (record: RepositoryRecord, context: RequestContext): object => tell(floor, record, context);
  return {
    GetAuthorizationToken: async (_input, { principal, endpoint }) => {
      const issued = passwords.issue(principal);
      if (issued === undefined) throw invalid('The session is too large for a password of the registry.');
      const { password, expiresAtMs } = issued;
      const authorizationToken = Buffer.from(`${passwordUser}:${password}`).toString('base64');
      return {
        authorizationData: [
          { authorizationToken, expiresAt: new Date(expiresAtMs), proxyEndpoint: endpoint },
        ],
      };
    },
    CreateRepository: async (input, context) => {
      checkRegistry(floor, input);
      const name = text(input, 'repositoryName');
      const { encryptionType = 'AES256' } = (input['encryptionConfiguration'] ?? {}) as Record<
        string,
        unknown
      >;
      if (encryptionType !== 'AES256') throw invalid('Repositories are encrypted with AES256 only.');
      const { scanOnPush = false } = (input['imageScanningConfiguration'] ?? {}) as { scanOnPush?: boolean };
      const record: RepositoryRecord = {
        ...newRepository(name, nowMs()),
        mutability: checkedMutability(input),
        scanOnPush,
        tags: withTags({}, tagsIn(input)),
      };
      const outcome = await repositories.create(record);
      if (outcome === 'created') return { repository: told(record, context) };
      throw outcome === 'present'
        ? new WireError(
            'RepositoryAlreadyExistsException',
            `The repository with name '${name}' already exists in the registry with id '${accountId}'`,
          )
        : new WireError(
            'LimitExceededException',
            `The maximum number of repositories per registry has been reached: ${registryLimits.repositoriesMax}`,
          );
    },
    DescribeRepositories: async (input, context) => {
      checkRegistry(floor, input);
      const names = input['repositoryNames'];
      if (Array.isArray(names)) {
        const found = names.map(async (name: string) => {
          const record = await repositories.find(name);
          if (record === undefined) throw repositoryNotFound(floor, name);
          return told(record, context);
        });
        return { repositories: await Promise.all(found) };
      }
      const { limit, after } = pageIn(input);
      const { items, isCut } = await repositories.page(after, limit);
      return {
        repositories: items.map((record) => told(record, context)),
        nextToken: tokenOf(isCut, items.at(-1)?.name),
      };
    },
    DeleteRepository: async (input, context) => {
      checkRegistry(floor, input);
      const name = text(input, 'repositoryName');
      const outcome = await deletions.delete(name, input['force'] === true ? 'with-images' : 'empty');
      if (outcome === 'absent') throw repositoryNotFound(floor, name);
      if (outcome === 'not-empty') {
        throw new WireError(
          'RepositoryNotEmptyException',
          `The repository with name '${name}' in registry with id '${accountId}' cannot be deleted because it still contains images`,
        );
      }
      return { repository: told(outcome, context) };
    },
    PutImageTagMutability: async (input) => {
      const mutability = checkedMutability(input);
      const { name } = await changed(floor, input, (record) => ({ ...record, mutability }));
      return { registryId: accountId, repositoryName: name, imageTagMutability: mutability };
    },
    PutImageScanningConfiguration: async (input) => {
      const { scanOnPush = false } = (input['imageScanningConfiguration'] ?? {}) as { scanOnPush?: boolean };
      const { name } = await changed(floor, input, (record) => ({ ...record, scanOnPush }));
      return { registryId: accountId, repositoryName: name, imageScanningConfiguration: { scanOnPush } };
    },
  };
}

async function changed(
  floor: EcrFloor,
  input: Readonly<Record<string, unknown>>,
  to: (record: RepositoryRecord) => RepositoryRecord,
): Promise<RepositoryRecord> {
  const { name } = await repositoryIn(floor, input);
  const record = await floor.repositories.change(name, to);
  if (record === undefined) throw repositoryNotFound(floor, name);
  return record;
}

/** The URI is one that this client can push to: it names the host that the client called. */
function tell(floor: EcrFloor, record: RepositoryRecord, { endpoint }: RequestContext): object {
  const { accountId, region } = floor;
  return {
    repositoryArn: `arn:aws:ecr:${region}:${accountId}:repository/${record.name}`,
    registryId: accountId,
    repositoryName: record.name,
    repositoryUri: `${endpoint.replace(/^https?:\/\//, '')}/${record.name}`,
    createdAt: new Date(record.createdAtMs),
    imageTagMutability: record.mutability,
    imageScanningConfiguration: { scanOnPush: record.scanOnPush },
    encryptionConfiguration: { encryptionType: 'AES256' },
  };
}
