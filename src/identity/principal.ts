/** Who signed a request. */
export interface Principal {
  readonly kind: 'root' | 'user' | 'assumed-role';
  readonly accountId: string;
  /**
   * `arn:aws:iam::<account>:root`, `arn:aws:iam::<account>:user/<path><name>`, or
   * `arn:aws:sts::<account>:assumed-role/<role>/<session>`.
   */
  readonly arn: string;
  readonly accessKeyId: string;
  /** `aws:userid`: the account of root, `AIDA…` of a user, `AROA…:<session>` of a role. */
  readonly userId: string;
  /** Of a user. */
  readonly userName?: string;
  /** Of an assumed role: the role itself, `arn:aws:iam::<account>:role/<path><name>`. */
  readonly roleArn?: string;
  /** Of a session that was asked to be narrower than its role or user: policy documents (JSON texts), of which one must allow too. */
  readonly sessionPolicies?: readonly string[];
  /** Of a session that was given tags: laid over the tags of its role. */
  readonly sessionTags?: readonly (readonly [key: string, value: string])[];
  /** Of a session that says who stands behind it (`aws:SourceIdentity`). */
  readonly sourceIdentity?: string;
  /** When temporary credentials were given out, epoch milliseconds (`aws:TokenIssueTime`); undefined for long-term ones. */
  readonly tokenIssuedAtMs?: number;
}

/** What the signature check needs to know of an access key. */
export interface AccessKey {
  readonly secretAccessKey: string;
  /** Present for temporary credentials: the request must carry exactly this token. */
  readonly sessionToken?: string;
  /** Epoch milliseconds; undefined: never. */
  readonly expiresAtMs?: number;
  readonly principal: Principal;
}

/** Credentials as clients and functions get them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiresAtMs?: number;
}

/**
 * What the account knows of a role: `absent` grants nothing and stands in nobody's way; `assumable`: its trust policy lets
 * `lambda.amazonaws.com` assume it; `not-assumable`: it does not.
 */
export type RoleState = 'absent' | 'assumable' | 'not-assumable';

export interface Identity {
  readonly accountId: string;
  readonly region: string;
  /** Whether functions can take a role, by its ARN. Synchronous, from memory. A role of another account is absent. */
  roleState(roleArn: string): RoleState;
  /** Synchronous: it is on the warm path. `sessionToken` is what the request carries, for keys that are derived from their token. */
  findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined;
  /** Short-lived credentials of a function's role. */
  roleCredentials(roleArn: string, sessionName: string): Credentials;
}
