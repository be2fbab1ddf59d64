/** The credentials of one environment's role, renewed when they are asked for and too little of their life is left. */
import type { Credentials } from '#identity';
import type { VersionRecord } from '#metadata';
import type { Clock, Entropy } from '#platform';
import type { CredentialSource } from '../runtime-api/credentials.ts';
import { retiresAtMs } from './credential-life.ts';

/** How functions get their role's credentials: in their variables, once, or by asking for them as often as they like. */
export type CredentialsBy = 'variables' | 'endpoint';

const tokenBytes = 32;

export interface CredentialParts {
  readonly credentials: (roleArn: string, sessionName: string) => Credentials;
  readonly credentialsBy: CredentialsBy;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

/** Those of a version's role: to be given once, or to whoever asks for them. */
export function credentialsOf(
  { credentials, credentialsBy, clock, entropy }: CredentialParts,
  { configuration, functionName }: VersionRecord,
): Credentials | RoleCredentials {
  const issue = (): Credentials => credentials(configuration.role, functionName);
  return credentialsBy === 'variables' ? issue() : new RoleCredentials(clock, entropy, issue);
}

export class RoleCredentials implements CredentialSource {
  readonly token: string;
  readonly #clock: Clock;
  readonly #issue: () => Credentials;
  #current: Credentials;
  #renewAtMs: number;

  constructor(clock: Clock, entropy: Entropy, issue: () => Credentials) {
    this.token = Buffer.from(entropy.bytes(tokenBytes)).toString('base64url');
    this.#clock = clock;
    this.#issue = issue;
    this.#current = issue();
    this.#renewAtMs = this.#renewal();
  }

  current(): Credentials {
    if (this.#clock.wallMs() >= this.#renewAtMs) {
      this.#current = this.#issue();
      this.#renewAtMs = this.#renewal();
    }
    return this.#current;
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  #renewal(): number {
    const { expiresAtMs } = this.#current;
    return expiresAtMs === undefined ? Infinity : retiresAtMs(this.#clock.wallMs(), expiresAtMs);
  }
}
