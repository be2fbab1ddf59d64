/** Who signed a request. */
export interface Principal {
  readonly accountId: string;
  /** `arn:aws:iam::<account>:root`, or `arn:aws:sts::<account>:assumed-role/<role>/<session>`. */
  readonly arn: string;
  readonly accessKeyId: string;
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
