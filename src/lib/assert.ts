/** Assertions of invariants: what fails here is a bug of ours, also in production, and the role that meets it stops. */

/** A broken invariant. Never caught to go on; never shown to a client as anything but an internal error. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an `InvariantError` with `message` unless `condition` holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** For the end of an exhaustive switch: the type check refuses a case that was forgotten, this refuses a value that lied about its type. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}
