/** The errors of the API: thrown by operation handlers, serialised in one place per protocol. */
import type { ErrorName } from './errors.ts';

export type { ErrorName } from './errors.ts';

/** An answer of the API that is an error. `name` decides status, fault and the members' casing (see the table in errors.ts). */
export class WireError extends Error {
  readonly errorName: ErrorName;
  /** Further members of the error's shape, such as `Reason` and `retryAfterSeconds`. */
  readonly members: Readonly<Record<string, string | number>>;

  constructor(
    errorName: ErrorName,
    message: string,
    members: Readonly<Record<string, string | number>> = {},
  ) {
    super(message);
    this.name = 'WireError';
    this.errorName = errorName;
    this.members = members;
  }
}
