/** What an earlier run of Lambkin left of its containers: control groups, and, where it was killed in the middle of a start, processes. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { signal } from '../process/sweeper.ts';
import { Cgroup, findHierarchy, groupsBelow, type Hierarchy } from './cgroup.ts';
import { goneLookMs, goneLooksMax } from './limits.ts';

/** The control group of all sandboxes whose directories stand in `directory` (its real path). */
export function groupOf(directory: string): string {
  return `/lambkin-${createHash('sha256').update(directory).digest('hex').slice(0, 16)}`;
}

/** Where an earlier run had containers, and this one has none. */
export async function sweepContainers(options: {
  readonly directory: string;
  readonly warn: (message: string) => void;
}): Promise<void> {
  const hierarchy = process.platform === 'linux' ? findHierarchy() : undefined;
  if (hierarchy === undefined || 'missing' in hierarchy || !existsSync(options.directory)) return;
  const group = groupOf(realpathSync(options.directory));
  if (groupsBelow(hierarchy, group).length > 0) await sweepGroups(hierarchy, group, options.warn);
}

/** Ends what runs in the groups below `group`, and removes them. */
export async function sweepGroups(
  hierarchy: Hierarchy,
  group: string,
  warn: (message: string) => void,
): Promise<void> {
  for (let looks = 0; looks < goneLooksMax; looks += 1) {
    const groups = groupsBelow(hierarchy, group).map((path) => new Cgroup(hierarchy, path));
    const processes = groups.flatMap((each) => {
      each.freeze(false);
      return each.processes();
    });
    if (processes.length === 0) {
      for (const each of [...groups, new Cgroup(hierarchy, group)]) each.remove();
      return;
    }
    for (const pid of processes) signal(pid);
    await pause(goneLookMs);
  }
  warn('processes of an earlier run do not end');
}
