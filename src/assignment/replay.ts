/** What a partition's journal says: the environments that exist, and who led last. */
import type { EnvironmentRecord, JournalEntry, Leadership } from './records.ts';

export class Replay {
  readonly environments = new Map<string, EnvironmentRecord>();
  leadership: Leadership | undefined = undefined;

  apply(entry: JournalEntry): void {
    switch (entry.kind) {
      case 'led':
        this.leadership = entry.leadership;
        return;
      case 'created':
        this.environments.set(entry.environment.id, entry.environment);
        return;
      case 'removed':
        this.environments.delete(entry.id);
        return;
      case 'renewed':
        return;
      case 'snapshot':
        this.leadership = entry.leadership;
        this.environments.clear();
        for (const environment of entry.environments) this.environments.set(environment.id, environment);
    }
  }
}
