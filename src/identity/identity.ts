/** The account of this Lambkin: its root key, and credentials of roles that need no store. */
import { assert } from '#lib/assert';
import { Lru } from '#lib/lru';
import type { Clock, Entropy } from '#platform';
import { accessKeyId } from './key-text.ts';
import { openedTokensMax, roleCredentialsSecondsDefault, roleCredentialsSecondsMax } from './limits.ts';
import type { AccessKey, Credentials, Identity } from './principal.ts';
import { generateRootKey, type RootKey, type RootKeyStore } from './root-key.ts';
import { deriveKey, SessionTokens } from './session-token.ts';
import { defaultAccountId, defaultRegion, type Settings, settingsProblem } from './settings.ts';

export interface IdentityOptions extends Settings {
  readonly store: RootKeyStore;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** How long roles' credentials live; default 6 hours, at most 12. */
  readonly roleCredentialsSeconds?: number;
}

export interface RootIdentity extends Identity {
  /** What a client needs to be the account's root. */
  readonly rootCredentials: Credentials;
  /** A secret key of 32 bytes that is the same at every start, for one purpose (such as `download-links`). */
  deriveKey(purpose: string): Uint8Array;
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
  return { kind: 'opened', identity: new Account({ ...kept, accessKeyId, secretAccessKey }, options) };
}

class Account implements RootIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly rootCredentials: Credentials;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #masterSecret: Uint8Array;
  readonly #roleCredentialsMs: number;
  readonly #rootKey: AccessKey;
  readonly #tokens: SessionTokens;
  /** Keys by session token, so that a warm request costs a look-up and no cryptography. */
  readonly #opened = new Lru<string, AccessKey>(openedTokensMax);

  constructor(root: RootKey, options: IdentityOptions) {
    const seconds = options.roleCredentialsSeconds ?? roleCredentialsSecondsDefault;
    assert(seconds > 0 && seconds <= roleCredentialsSecondsMax, 'role credentials live for at most 12 hours');
    this.accountId = options.accountId ?? defaultAccountId;
    this.region = options.region ?? defaultRegion;
    this.rootCredentials = { accessKeyId: root.accessKeyId, secretAccessKey: root.secretAccessKey };
    this.#clock = options.clock;
    this.#entropy = options.entropy;
    this.#masterSecret = Buffer.from(root.masterSecret, 'base64');
    this.#roleCredentialsMs = seconds * 1000;
    this.#rootKey = {
      secretAccessKey: root.secretAccessKey,
      principal: {
        kind: 'root',
        userId: this.accountId,
        accountId: this.accountId,
        arn: `arn:aws:iam::${this.accountId}:root`,
        accessKeyId: root.accessKeyId,
      },
    };
    this.#tokens = new SessionTokens(this.#masterSecret);
  }

  findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined {
    if (accessKeyId === this.rootCredentials.accessKeyId) return this.#rootKey;
    if (sessionToken === undefined) return undefined;
    const key = this.#opened.get(sessionToken) ?? this.#open(sessionToken);
    return key?.principal.accessKeyId === accessKeyId ? key : undefined;
  }

  roleCredentials(roleArn: string, sessionName: string): Credentials {
    assert(/^[\w+=,.@-]{1,64}$/.test(sessionName), `not a role session name: ${sessionName}`);
    const session = {
      accessKeyId: accessKeyId('ASIA', this.#entropy.bytes(16)),
      roleArn,
      sessionName,
      expiresAtMs: this.#clock.wallMs() + this.#roleCredentialsMs,
    };
    const sessionToken = this.#tokens.seal(session, this.#entropy.bytes(12));
    return {
      accessKeyId: session.accessKeyId,
      secretAccessKey: this.#tokens.secretOf(sessionToken),
      sessionToken,
      expiresAtMs: session.expiresAtMs,
    };
  }

  deriveKey(purpose: string): Uint8Array {
    return deriveKey(this.#masterSecret, `purpose/${purpose}`);
  }

  /** Only tokens that open are kept: strangers cannot fill the cache. */
  #open(sessionToken: string): AccessKey | undefined {
    const session = this.#tokens.open(sessionToken);
    if (session === undefined) return undefined;
    const { accessKeyId, roleArn, sessionName, expiresAtMs } = session;
    const key: AccessKey = {
      secretAccessKey: this.#tokens.secretOf(sessionToken),
      sessionToken,
      expiresAtMs,
      principal: {
        kind: 'assumed-role',
        userId: `${roleName(roleArn)}:${sessionName}`,
        roleArn,
        accountId: this.accountId,
        arn: `arn:aws:sts::${this.accountId}:assumed-role/${roleName(roleArn)}/${sessionName}`,
        accessKeyId,
      },
    };
    this.#opened.set(sessionToken, key);
    return key;
  }
}

/** The last part of `arn:aws:iam::<account>:role/<path>/<name>`. */
function roleName(roleArn: string): string {
  const resource = roleArn.slice(roleArn.lastIndexOf(':') + 1);
  return resource.split('/').findLast((part) => part !== '') ?? 'role';
}
