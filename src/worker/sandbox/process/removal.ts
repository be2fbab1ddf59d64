/** Removes directories that functions wrote to, whatever permissions they left on what is inside. */
import { chmod, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

const privateMode = 0o700;

/** Rejects where something is left: what belongs to another user, or is being written to. */
export async function removeTree(path: string): Promise<void> {
  const options = { recursive: true, force: true, maxRetries: 3 };
  try {
    await rm(path, options);
  } catch {
    // Whoever is not root cannot look into a directory that a function has closed, though it is its own.
    await openDirectories(path);
    await rm(path, options);
  }
}

async function openDirectories(path: string): Promise<void> {
  await chmod(path, privateMode);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory()) await openDirectories(join(path, entry.name));
  }
}
