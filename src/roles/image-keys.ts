/**
 * What seals the images of this Lambkin: the master key in the data directory, or keys in KMS. With KMS the master key, where there is one, still opens
 * what it sealed; the collection of garbage seals that anew, so that it can be taken away in the end.
 */
import { join } from 'node:path';
import { type Keyring, type KmsCall, kmsService, masterKeysIn, openKeyring, readMasterKeys } from '#images';
import { OperatorError } from '#lib/operator-error';
import { systemClock as clock, systemEntropy as entropy, systemRandom as random } from '#platform';
import { SignedJsonCalls } from '#wire';
import type { Closing } from './closing.ts';
import { masterKeyFileName } from './data-directory.ts';
import type { LambkinOptions } from './options.ts';
import { openOwnCredentials } from './own-credentials.ts';

export interface ImageKeyParts {
  readonly options: Pick<LambkinOptions, 'dataDirectory' | 'images' | 'region'>;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

/** Rejects with what the operator can mend. */
export async function openImageKeys(parts: ImageKeyParts): Promise<Keyring> {
  const { dataDirectory, images } = parts.options;
  const file = join(dataDirectory, masterKeyFileName);
  if (images?.kms === undefined) {
    return openKeyring({ kind: 'local', masterKeys: await readMasterKeys(file, entropy), entropy });
  }
  const { endpoint, keyIds } = images.kms;
  const call = await openKmsCall(parts, endpoint, keyIds);
  const kms = { kind: 'kms', keyIds, call, clock, random, entropy } as const;
  const masterKeys = await masterKeysIn(file);
  const keyring = openKeyring(
    masterKeys === undefined
      ? kms
      : { kind: 'both', first: kms, second: { kind: 'local', masterKeys, entropy } },
  );
  // Not waited for: what runs already must start without KMS.
  keyring.seal(Buffer.alloc(0), { owner: 'store', purpose: 'check at start' }).catch((error: unknown) => {
    parts.trouble('the key of images in KMS cannot be used', error);
  });
  return keyring;
}

async function openKmsCall(
  { options, closing }: ImageKeyParts,
  endpoint: string,
  keyIds: readonly string[],
): Promise<KmsCall> {
  const [region = options.region, ...others] = new Set(keyIds.flatMap(regionOf));
  if (others.length > 0) {
    throw new OperatorError('--images-kms-key names keys of several regions; one KMS has one', 2);
  }
  const credentials = await openOwnCredentials(region).catch((error: unknown) => {
    throw new OperatorError(
      `--images-kms-key needs credentials for KMS in Lambkin's environment (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, ...): ${messageOf(error)}`,
    );
  });
  const calls = new SignedJsonCalls({ ...kmsService, endpoint, region, clock });
  const ending = new AbortController();
  closing.add(() => {
    ending.abort();
    calls.close();
  });
  return async (operation, input) => {
    try {
      return await calls.call({ operation, input, keys: await credentials(), signal: ending.signal });
    } catch (error) {
      return { kind: 'unanswered', reason: `no credentials: ${messageOf(error)}` };
    }
  };
}

/** Of a key's ARN; none of an id or alias. */
function regionOf(keyId: string): readonly string[] {
  return /^arn:[^:]+:kms:([^:]+):/.exec(keyId)?.slice(1) ?? [];
}

/** Without the stack: the operator reads it. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
