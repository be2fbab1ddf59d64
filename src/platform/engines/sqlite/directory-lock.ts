/**
 * A lock on a data directory, so that two Lambkins never share one. It is a lock of the operating system on a small database, so it ends
 * with the process however that ends, and processes that were started by the holder do not inherit it.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailableError } from '../../unavailable.ts';
import { failureOf } from './sqlite-error.ts';

export type DirectoryLock =
  | { readonly kind: 'locked'; readonly release: () => void }
  /** Another process, or another part of this one, holds it. */
  | { readonly kind: 'taken'; readonly holderPid?: number };

const lockFile = 'lock.db';
const holderFile = 'lock.pid';

/** The directory must exist. Throws a `StoreUnavailableError` when no lock can be had in it for another reason than a holder. */
export function lockDirectory(directory: string): DirectoryLock {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(directory, lockFile), { timeout: 0 });
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const failure = failureOf(error);
    if (failure === undefined) throw error;
    if (failure.reason === 'busy') return taken(directory);
    throw new StoreUnavailableError(failure.reason, { ...failure, cause: error });
  }
  const held = database;
  writeHolder(directory);
  let released = false;
  return {
    kind: 'locked',
    release() {
      if (released) return;
      released = true;
      rmSync(join(directory, holderFile), { force: true });
      held.close();
    },
  };
}

function taken(directory: string): DirectoryLock {
  try {
    const holderPid = Number(readFileSync(join(directory, holderFile), 'utf8'));
    if (Number.isSafeInteger(holderPid) && holderPid > 0) return { kind: 'taken', holderPid };
  } catch {
    // Not written yet, or not readable: the lock counts, the number is only for people.
  }
  return { kind: 'taken' };
}

function writeHolder(directory: string): void {
  try {
    writeFileSync(join(directory, holderFile), `${process.pid}\n`);
  } catch {
    // A full disk must not keep Lambkin from starting to serve reads.
  }
}
