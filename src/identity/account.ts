/**
 * The account as the listener, the worker and the services see it: keys of root, of users and of sessions, and what is known of roles.
 * Everything is answered from memory: the directory's view, and tokens that say themselves what they are.
 */
import { assert, unreachable } from '#lib/assert';
import { Lru } from '#lib/lru';
import type { Clock, Entropy } from '#platform';
import type { Directory } from './directory/directory.ts';
import { arnOf, nameInArn } from './directory/keys.ts';
import type { RoleRecord, UserRecord } from './directory/records.ts';
import { SecretSeal } from './directory/secret-seal.ts';
import type { OwnedKey } from './directory/view.ts';
import type { RootIdentity } from './identity.ts';
import { accessKeyId } from './key-text.ts';
import { openedTokensMax, roleCredentialsSecondsDefault, roleCredentialsSecondsMax } from './limits.ts';
import { trustsService } from './policy/trust.ts';
import type { PolicyCompiler } from './policy-compiler.ts';
import type { AccessKey, Credentials, Identity, Principal, RoleState } from './principal.ts';
import { absentRoleId, rolePrincipal, userPrincipal } from './principals.ts';
import type { RoleSession, RootSession, Session, UserSession } from './session-token.ts';

export interface AccountOptions {
  readonly root: RootIdentity;
  readonly directory: Directory;
  readonly compiler: PolicyCompiler;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** How long the credentials of functions' roles live; default 6 hours, at most 12. */
  readonly roleCredentialsSeconds?: number;
}

/** What a session is to be; its key, its secret and its start are made here. */
export type NewSession = (
  | Omit<RoleSession, 'accessKeyId' | 'issuedAtMs'>
  | Omit<UserSession, 'accessKeyId' | 'issuedAtMs'>
  | Omit<RootSession, 'accessKeyId' | 'issuedAtMs'>
) & { readonly expiresAtMs: number };

export type TemporaryCredentials = Required<Credentials>;

interface OpenedToken {
  readonly session: Session;
  readonly key: AccessKey;
  /** Of a user's session: the record that `key` was made of. */
  readonly user: UserRecord | undefined;
}

const lambda = 'lambda.amazonaws.com';

export class Account implements Identity {
  readonly accountId: string;
  readonly region: string;
  readonly root: RootIdentity;
  readonly directory: Directory;
  readonly #compiler: PolicyCompiler;
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #roleCredentialsMs: number;
  readonly #seal: SecretSeal;
  /** Of users' keys that were used, by what the directory's view holds of them: a change of the user makes another. */
  readonly #userKeys = new WeakMap<OwnedKey, AccessKey>();
  readonly #sessions = new WeakMap<Principal, Session>();
  /** By session token, so that a warm request costs a look-up and no cryptography. */
  readonly #opened = new Lru<string, OpenedToken>(openedTokensMax);

  constructor(options: AccountOptions) {
    const seconds = options.roleCredentialsSeconds ?? roleCredentialsSecondsDefault;
    assert(seconds > 0 && seconds <= roleCredentialsSecondsMax, 'role credentials live for at most 12 hours');
    this.root = options.root;
    this.accountId = options.root.accountId;
    this.region = options.root.region;
    this.directory = options.directory;
    this.#compiler = options.compiler;
    this.#clock = options.clock;
    this.#entropy = options.entropy;
    this.#roleCredentialsMs = seconds * 1000;
    this.#seal = new SecretSeal(this.root.deriveKey('access-key-secrets'));
  }

  findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined {
    if (sessionToken === undefined) return this.root.findKey(accessKeyId) ?? this.#userKey(accessKeyId);
    const key = (this.#known(sessionToken) ?? this.#open(sessionToken))?.key;
    return key?.principal.accessKeyId === accessKeyId ? key : undefined;
  }

  roleCredentials(roleArn: string, sessionName: string): Credentials {
    assert(/^[\w+=,.@-]{1,64}$/.test(sessionName), `not a role session name: ${sessionName}`);
    const roleId = this.findRole(roleArn)?.id ?? absentRoleId(roleArn);
    const expiresAtMs = this.#clock.wallMs() + this.#roleCredentialsMs;
    const credentials = this.issue({ kind: 'role', roleArn, roleId, sessionName, expiresAtMs });
    assert(credentials !== undefined, 'a session without policies and tags fits into its token');
    return credentials;
  }

  /** `aws:userid` of whoever acts in the name of a role. */
  roleUserId(roleArn: string, sessionName: string): string {
    return `${this.findRole(roleArn)?.id ?? absentRoleId(roleArn)}:${sessionName}`;
  }

  roleState(roleArn: string): RoleState {
    const role = this.findRole(roleArn);
    if (role === undefined) return 'absent';
    const trust = this.#compiler.compile(role.trustPolicy, 'trust');
    return trustsService(trust, lambda) ? 'assumable' : 'not-assumable';
  }

  /** A role by exactly its ARN. */
  findRole(roleArn: string): RoleRecord | undefined {
    const role = this.directory.view.role(nameInArn(roleArn));
    return role !== undefined && arnOf(this.accountId, 'roles', role) === roleArn ? role : undefined;
  }

  /** Makes temporary credentials; undefined where the session's policies and tags do not fit into a token. */
  issue(session: NewSession): TemporaryCredentials | undefined {
    const whole: Session = {
      ...session,
      accessKeyId: accessKeyId('ASIA', this.#entropy.bytes(16)),
      issuedAtMs: this.#clock.wallMs(),
    };
    const { tokens } = this.root;
    const sessionToken = tokens.seal(whole, this.#entropy.bytes(12));
    if (sessionToken === undefined) return undefined;
    return {
      accessKeyId: whole.accessKeyId,
      secretAccessKey: tokens.secretOf(sessionToken),
      sessionToken,
      expiresAtMs: whole.expiresAtMs,
    };
  }

  /** The session behind a principal that `findKey` gave; undefined for long-term credentials. */
  sessionOf(principal: Principal): Session | undefined {
    return this.#sessions.get(principal);
  }

  /** The sealed form in which a secret may be stored. */
  sealSecret(accessKeyId: string, secret: string): string {
    return this.#seal.seal(accessKeyId, secret, this.#entropy.bytes(12));
  }

  #userKey(accessKeyId: string): AccessKey | undefined {
    const owned = this.directory.view.accessKey(accessKeyId);
    if (owned?.key.status !== 'Active') return undefined;
    const known = this.#userKeys.get(owned);
    if (known !== undefined) return known;
    const secretAccessKey = this.#seal.open(accessKeyId, owned.key.sealedSecret);
    if (secretAccessKey === undefined) return undefined;
    const key = { secretAccessKey, principal: userPrincipal(this.accountId, owned.user, accessKeyId) };
    this.#userKeys.set(owned, key);
    return key;
  }

  /** What a token opened to before, unless its user has changed since. */
  #known(sessionToken: string): OpenedToken | undefined {
    const opened = this.#opened.get(sessionToken);
    if (opened?.session.kind !== 'user') return opened;
    return opened.user === this.directory.view.userById(opened.session.userId) ? opened : undefined;
  }

  /** Only tokens that open are kept: strangers cannot fill the cache. */
  #open(sessionToken: string): OpenedToken | undefined {
    const { tokens } = this.root;
    const session = tokens.open(sessionToken);
    if (session === undefined) return undefined;
    const user = session.kind === 'user' ? this.directory.view.userById(session.userId) : undefined;
    const principal = this.#principalOf(session, user);
    if (principal === undefined) return undefined;
    const secretAccessKey = tokens.secretOf(sessionToken);
    const { expiresAtMs } = session;
    const opened = { session, user, key: { secretAccessKey, sessionToken, expiresAtMs, principal } };
    this.#opened.set(sessionToken, opened);
    this.#sessions.set(principal, session);
    return opened;
  }

  #principalOf(session: Session, user: UserRecord | undefined): Principal | undefined {
    const { accessKeyId, issuedAtMs } = session;
    switch (session.kind) {
      case 'role':
        return rolePrincipal(this.accountId, session);
      case 'user': {
        if (user === undefined) return undefined;
        return { ...userPrincipal(this.accountId, user, accessKeyId), tokenIssuedAtMs: issuedAtMs };
      }
      case 'root': {
        const root = this.root.findKey(this.root.rootCredentials.accessKeyId)?.principal;
        return root && { ...root, accessKeyId, tokenIssuedAtMs: issuedAtMs };
      }
      default:
        return unreachable(session);
    }
  }
}
