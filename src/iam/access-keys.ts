/** CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed. */
import { accessKeyId, type AccessKeyRecord, secretBytes, secretOfBytes } from '#identity';
import type { Handlers, Input, RequestContext } from '#wire';
import { noSuchEntity, notServed, quotaExceeded } from './answers.ts';
import { type IamContext, nowMs } from './context.ts';
import { changeEntity, getEntity } from './entities.ts';
import { quotas } from './limits.ts';
import { page } from './pages.ts';
import { required, text } from './request.ts';
import { callerName } from './users.ts';

export function accessKeyHandlers(context: IamContext): Handlers {
  const { account, entropy, keyUses } = context;
  return {
    CreateAccessKey: async (input, request) => {
      const secret = secretOfBytes(entropy.bytes(secretBytes));
      const id = accessKeyId('AKIA', entropy.bytes(16));
      const key: AccessKeyRecord = {
        id,
        sealedSecret: account.sealSecret(id, secret),
        status: 'Active',
        createdAtMs: nowMs(context),
      };
      const name = ownerName(input, request);
      let owner = name;
      await changeEntity(context, 'user', name, (user) => {
        const max = quotas.accessKeysPerUser;
        if (user.accessKeys.length >= max) throw quotaExceeded('AccessKeysPerUser', max);
        owner = user.name;
        return { ...user, accessKeys: [...user.accessKeys, key] };
      });
      return { AccessKey: { ...metadata(owner, key), SecretAccessKey: secret } };
    },
    ListAccessKeys: async (input, request) => {
      if (text(input, 'UserName') === undefined && request.principal.kind === 'root') {
        const { accessKeyId: id } = account.root.rootCredentials;
        return { AccessKeyMetadata: [{ AccessKeyId: id, Status: 'Active' }], IsTruncated: false };
      }
      const user = getEntity(context, 'user', ownerName(input, request));
      const { items, end } = page(input, user.accessKeys, ({ id }) => id);
      return { AccessKeyMetadata: items.map((key) => metadata(user.name, key)), ...end };
    },
    UpdateAccessKey: async (input, request) => {
      const status = required(input, 'Status') as AccessKeyRecord['status'];
      await changeKeys(context, input, request, (keys, id) =>
        keys.map((key) => (key.id === id ? { ...key, status } : key)),
      );
      return {};
    },
    DeleteAccessKey: async (input, request) => {
      await changeKeys(context, input, request, (keys, id) => keys.filter((key) => key.id !== id));
      return {};
    },
    GetAccessKeyLastUsed: async (input) => {
      const id = required(input, 'AccessKeyId');
      const owned = account.directory.view.accessKey(id);
      if (owned === undefined) throw keyNotFound(id);
      const use = keyUses.of(id);
      return {
        UserName: owned.user.name,
        AccessKeyLastUsed:
          use === undefined
            ? { ServiceName: 'N/A', Region: 'N/A' }
            : { LastUsedDate: new Date(use.atMs), ServiceName: use.service, Region: account.region },
      };
    },
  };
}

/** Whose keys: the user that is named, or the caller. */
function ownerName(input: Input, request: RequestContext): string {
  const name = text(input, 'UserName');
  if (name !== undefined) return name;
  // The root key is the data directory's, or the operator's who configured it.
  if (request.principal.kind === 'root') throw notServed("changing the account's root key");
  return callerName(request);
}

async function changeKeys(
  context: IamContext,
  input: Input,
  request: RequestContext,
  next: (keys: readonly AccessKeyRecord[], id: string) => readonly AccessKeyRecord[],
): Promise<void> {
  const id = required(input, 'AccessKeyId');
  await changeEntity(context, 'user', ownerName(input, request), (user) => {
    if (!user.accessKeys.some((key) => key.id === id)) throw keyNotFound(id);
    return { ...user, accessKeys: next(user.accessKeys, id) };
  });
}

const keyNotFound = (id: string) => noSuchEntity(`The Access Key with id ${id} cannot be found.`);

const metadata = (userName: string, { id, status, createdAtMs }: AccessKeyRecord) => ({
  UserName: userName,
  AccessKeyId: id,
  Status: status,
  CreateDate: new Date(createdAtMs),
});
