/** What the service says of a system's refusal to start a program, by the system's name for it. */
const texts: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOEXEC: 'exec format error',
  E2BIG: 'argument list too long',
  EINVAL: 'invalid argument',
  ELOOP: 'too many levels of symbolic links',
  EIO: 'input/output error',
};

export function startErrorText(code: string): string {
  return texts[code] ?? code;
}
