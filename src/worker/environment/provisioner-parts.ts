/** What the provisioner works with. */
import type { CodeStore } from '#code';
import type { ImageMounts } from '#images';
import type { VersionRecord } from '#metadata';
import type { Runtimes } from '#runtimes';
import type { Pool } from '../pool/pool.ts';
import type { Starts } from '../pool/starts.ts';
import type { Sandboxes } from '../sandbox/sandbox.ts';
import type { Debugged } from './debugged.ts';
import type { CredentialParts } from './role-credentials.ts';

export interface ProvisionerParts extends CredentialParts {
  readonly runtimes: Runtimes;
  readonly code: CodeStore;
  readonly sandboxes: Sandboxes;
  /** Container images of functions, where this host mounts them. */
  readonly images?: Pick<ImageMounts, 'mount'> | undefined;
  readonly pool: Pool;
  readonly starts: Starts;
  /** The environment variables of a version in clear; undefined where they cannot be opened. */
  readonly openVariables: (version: VersionRecord) => Readonly<Record<string, string>> | undefined;
  readonly endpoint: () => string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly warn: (message: string, fields: Readonly<Record<string, string>>) => void;
  readonly debugged?: Debugged | undefined;
}
