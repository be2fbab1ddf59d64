/** Which Java an executable is. A start of Java is costly, so the file that a JDK or JRE has for this question is read first. */
import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { probeTimeoutMs } from '../limits.ts';
import { ask } from './program.ts';

export interface JavaVersion {
  /** The program itself, not the link that led to it. */
  readonly command: string;
  /** `17.0.15` */
  readonly version: string;
  /** 8, 11, 17, ... */
  readonly feature: number;
}

export async function javaVersion(place: string): Promise<JavaVersion | undefined> {
  const command = realpathSync(place);
  const version = released(command) ?? (await told(command));
  if (version === undefined) return undefined;
  // Before 9 a version began with 1.
  const feature = Number(/^(?:1\.)?(\d+)/.exec(version)?.[1]);
  return { command, version, feature };
}

function released(command: string): string | undefined {
  try {
    const release = readFileSync(join(dirname(dirname(command)), 'release'), 'utf8');
    return /^JAVA_VERSION="([^"]+)"$/m.exec(release)?.[1];
  } catch {
    return undefined; // not every Java brings one
  }
}

/** Java 9 and later say it on standard output. */
async function told(command: string): Promise<string | undefined> {
  const said = await ask(command, ['--version'], probeTimeoutMs);
  return /^\S+ (\d[\d._]*)/.exec(said ?? '')?.[1];
}
