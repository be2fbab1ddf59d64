/** The account of this Lambkin: its settings, its root key, and the secret that everything else is derived from. */
import type { Entropy } from '#platform';
import type { AccessKey, Credentials } from './principal.ts';
import { generateRootKey, type RootKey, type RootKeyStore } from './root-key.ts';
import { deriveKey, SessionTokens } from './session-token.ts';
import { defaultAccountId, defaultRegion, type Settings, settingsProblem } from './settings.ts';

export interface IdentityOptions extends Settings {
  readonly store: RootKeyStore;
  readonly entropy: Entropy;
}

/** What is known of an account without its store. */
export interface RootIdentity {
  readonly accountId: string;
  readonly region: string;
  /** What a client needs to be the account's root. */
  readonly rootCredentials: Credentials;
  /** Of the root key alone. */
  findKey(accessKeyId: string): AccessKey | undefined;
  /** A secret key of 32 bytes that is the same at every start, for one purpose (such as `download-links`). */
  deriveKey(purpose: string): Uint8Array;
  /** Seals and opens the tokens of temporary credentials. */
  readonly tokens: SessionTokens;
}

export type OpenOutcome =
  | { readonly kind: 'opened'; readonly identity: RootIdentity }
  /** `message` tells the operator which setting is wrong and how. */
  | { readonly kind: 'invalid'; readonly message: string };

/** Reads the root key, or makes it at the first start. A configured key takes its place and is not stored. */
export async function openIdentity(options: IdentityOptions): Promise<OpenOutcome> {
  const problem = settingsProblem(options);
  if (problem !== undefined) return { kind: 'invalid', message: problem };
  const { store, entropy } = options;
  const kept = (await store.read()) ?? (await store.create(generateRootKey(entropy)));
  const { accessKeyId = kept.accessKeyId, secretAccessKey = kept.secretAccessKey } = options;
  return { kind: 'opened', identity: new Root({ ...kept, accessKeyId, secretAccessKey }, options) };
}

class Root implements RootIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly rootCredentials: Credentials;
  readonly tokens: SessionTokens;
  readonly #masterSecret: Uint8Array;
  readonly #key: AccessKey;

  constructor(root: RootKey, options: IdentityOptions) {
    this.accountId = options.accountId ?? defaultAccountId;
    this.region = options.region ?? defaultRegion;
    this.rootCredentials = { accessKeyId: root.accessKeyId, secretAccessKey: root.secretAccessKey };
    this.#masterSecret = Buffer.from(root.masterSecret, 'base64');
    this.#key = {
      secretAccessKey: root.secretAccessKey,
      principal: {
        kind: 'root',
        userId: this.accountId,
        accountId: this.accountId,
        arn: `arn:aws:iam::${this.accountId}:root`,
        accessKeyId: root.accessKeyId,
      },
    };
    this.tokens = new SessionTokens(this.#masterSecret);
  }

  findKey(accessKeyId: string): AccessKey | undefined {
    return accessKeyId === this.rootCredentials.accessKeyId ? this.#key : undefined;
  }

  deriveKey(purpose: string): Uint8Array {
    return deriveKey(this.#masterSecret, `purpose/${purpose}`);
  }
}
