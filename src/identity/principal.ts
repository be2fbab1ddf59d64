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

export interface Identity {
  readonly accountId: string;
  readonly region: string;
  /** Synchronous: it is on the warm path. `sessionToken` is what the request carries, for keys that are derived from their token. */
  findKey(accessKeyId: string, sessionToken: string | undefined): AccessKey | undefined;
  /** Short-lived credentials of a function's role. */
  roleCredentials(roleArn: string, sessionName: string): Credentials;
}
