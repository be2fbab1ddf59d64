/**
 * What starts a function in a root that has perhaps no shell: the host's own shell and `env`, with the libraries that they need, in a directory of
 * their own. They run by the host's loader, named explicitly, so nothing that the image holds at the usual places matters to them.
 */
import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Enclave, line } from './enclave.ts';
import { findProgram } from './oci-runtime.ts';
import { runtimeMsMax } from './limits.ts';

/** Words that begin a command inside. */
export interface Starter {
  readonly shell: readonly string[];
  readonly env: readonly string[];
}

interface Needed {
  /** Undefined: it needs none. */
  readonly loader: string | undefined;
  readonly libraries: readonly string[];
}

const run = promisify(execFile);

/** Copies all of it to `name` in the root that is being laid out at `root`. */
export async function layStarter(enclave: Enclave, root: string, name: string): Promise<Starter> {
  const [shell, env] = await Promise.all([copied('sh'), copied('env')]);
  return { shell, env };

  async function copied(program: string): Promise<readonly string[]> {
    const path = findProgram(program);
    if (path === undefined) throw new Error(`${program} is not installed`);
    const { loader, libraries } = await neededBy(path);
    const files = [...libraries, ...(loader === undefined ? [] : [loader])];
    await enclave.run(
      line('cp', '-L', path, join(root, name, program)),
      ...files.map((file) => line('cp', '-L', file, join(root, name, basename(file)))),
      line('chmod', '-R', 'a+rX', join(root, name)),
    );
    const inside = join('/', name);
    const start = loader === undefined ? [] : [join(inside, basename(loader)), '--library-path', inside];
    return [...start, join(inside, program)];
  }
}

/** As `ldd` tells: `name => path (address)`, and the loader without a name. */
async function neededBy(path: string): Promise<Needed> {
  const ldd = findProgram('ldd');
  if (ldd === undefined) throw new Error('ldd (package libc-bin) is not installed');
  const outcome = await run(ldd, [path], {
    timeout: runtimeMsMax,
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    // Of a program that needs nothing it says so, and fails.
  }).catch((error: unknown) => error as { readonly stdout?: string });
  const lines = (outcome.stdout ?? '').split('\n');
  const libraries: string[] = [];
  let loader: string | undefined;
  for (const each of lines) {
    const library = /^\s*(\S+) => (\/\S+) \(/.exec(each);
    const bare = /^\s*(\/\S+) \(/.exec(each);
    // musl's loader is its libc too, and named so.
    if (library?.[2] !== undefined && !/^ld-|^\//.test(library[1] ?? '')) libraries.push(library[2]);
    else loader = library?.[2] ?? bare?.[1] ?? loader;
  }
  return { loader, libraries };
}
