/** What is looked up in a function's files on the host, before any sandbox sees them. */
import { existsSync, readdirSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Entrypoint, LayerTraits } from './sandbox.ts';

export function layerTraits(layers: string): LayerTraits {
  return { libraries: existsSync(join(layers, 'lib')), extensions: programsIn(join(layers, 'extensions')) };
}

/** The files in a directory, or where it is none, nothing. */
function programsIn(directory: string): readonly string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name])).sort();
  } catch {
    return [];
  }
}

/** The function's own executable: in the first of these directories that has one. */
export async function findEntrypoint(roots: readonly string[]): Promise<Entrypoint> {
  for (const root of roots) {
    const path = join(root, 'bootstrap');
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    // What may not be executed is left for the start to fail on.
    const runs = (found.mode & 0o111) === 0 || (await isProgram(path));
    return { kind: runs ? 'found' : 'not-a-program', path };
  }
  return { kind: 'missing' };
}

/**
 * Whether Linux executes the file: a script that names its interpreter, or ELF. libc's `execvp` would give anything else to a shell, which
 * the service does not do. What cannot be read is left for the start to fail on.
 */
async function isProgram(path: string): Promise<boolean> {
  if (process.platform !== 'linux') return true;
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return true;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const start = buffer.subarray(0, bytesRead).toString('latin1');
    return start.startsWith('#!') || start === '\x7fELF';
  } finally {
    await file.close();
  }
}
