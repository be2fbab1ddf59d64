/** Turns the name of an archive's entry into a path below the task root, or refuses it. */
import { depthMax, nameBytesMax, pathBytesMax } from './limits.ts';
import { invalid } from './refusal.ts';

/** Names that mean a place elsewhere: absolute ones, drive letters, and backslashes (a separator to some). */
const foreign = /^\/|^[a-zA-Z]:|\\|\0/;

/** The name's segments joined by `/`; empty when it names the root itself. Throws a Refusal. */
export function entryPath(name: string): string {
  if (foreign.test(name)) throw invalid(`unsafe name: ${JSON.stringify(name.slice(0, pathBytesMax))}`);
  if (Buffer.byteLength(name) > pathBytesMax) throw invalid('name too long');
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.');
  for (const segment of segments) {
    if (segment === '..') throw invalid(`unsafe name: ${JSON.stringify(name)}`);
    if (Buffer.byteLength(segment) > nameBytesMax) throw invalid('name too long');
  }
  if (segments.length - 1 > depthMax) throw invalid('too many directories');
  return segments.join('/');
}
