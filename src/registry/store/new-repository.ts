/** A repository as it is when nobody says more than its name. */
import type { RepositoryRecord } from './records.ts';

export function newRepository(name: string, createdAtMs: number): RepositoryRecord {
  return { name, createdAtMs, mutability: 'MUTABLE', scanOnPush: false, tags: {} };
}
