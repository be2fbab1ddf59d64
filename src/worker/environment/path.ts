/** Paths of the host, as far as they are only text. */

/** The directory that a path names its last part in; undefined for a bare name, which is looked up in PATH. */
export function directoryOf(path: string): string | undefined {
  const end = path.lastIndexOf('/');
  return end <= 0 ? undefined : path.slice(0, end);
}
