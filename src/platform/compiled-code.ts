/**
 * Compiled code that Node keeps on disk (the launcher says where): without it every file's types are stripped at each start, which takes as long as
 * all the rest. Threads do not use what their process uses, nor do programs that it starts; they are told by a variable.
 */
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';

/** What is added to the environment of Lambkin's own threads and programs, and of nothing else. */
export function compiledCodeVariables(): Readonly<Record<string, string>> {
  // Below the directory that was named there is one for each release of Node.
  const ofThisNode = getCompileCacheDir();
  return ofThisNode === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisNode) };
}
