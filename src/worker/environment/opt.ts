/**
 * A function's layers as it sees them. Where the host lets the sandbox mount them they are at /opt; elsewhere they stay in the
 * directory that they were unpacked to, and whatever says /opt in the places that programs look for things is made to say that.
 */

/** The merged layers of a function. */
export interface Opt {
  /** Where they are on the host. */
  readonly directory: string;
  /** Where the function sees them: /opt, or `directory` again. */
  readonly root: string;
}

export const optRoot = '/opt';

/** Variables that name places: their /opt is made to mean the layers. */
const placeVariables = [
  'PATH',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NODE_PATH',
  'NODE_OPTIONS',
  'PYTHONPATH',
  'CLASSPATH',
  'JAVA_TOOL_OPTIONS',
  'RUBYLIB',
  'GEM_PATH',
  'GEM_HOME',
];

/** The contract's defaults that lead into layers. Python's path is the runtime's own matter: it is told the root. */
export function optVariables(opt: Opt, taskRoot: string, runtime: string): Readonly<Record<string, string>> {
  const node = /^nodejs(\d+)\.x$/.exec(runtime)?.[1];
  const modules = `${opt.root}/nodejs/node${node}/node_modules:${opt.root}/nodejs/node_modules`;
  return {
    LD_LIBRARY_PATH: `${taskRoot}:${taskRoot}/lib:${opt.root}/lib`,
    ...(node === undefined ? {} : { NODE_PATH: `${modules}:${taskRoot}` }),
  };
}

/** The variables with every /opt that names a place made to mean the layers. */
export function relocated(
  env: Readonly<Record<string, string>>,
  opt: Opt | undefined,
): Readonly<Record<string, string>> {
  if (opt === undefined || opt.root === optRoot) return env;
  const moved = placeVariables.flatMap((name) => {
    const value = env[name];
    if (value === undefined) return [];
    return [[name, value.replaceAll(/(?<=^|[:\s=])\/opt(?=[/:\s]|$)/g, () => opt.root)] as const];
  });
  return { ...env, ...Object.fromEntries(moved) };
}

/** A path as the function's process must be told it. */
export function inOpt(path: string, opt: Opt | undefined): string {
  return opt !== undefined && path.startsWith(`${optRoot}/`) ? opt.root + path.slice(optRoot.length) : path;
}

/** A path below the layers' directory as the function knows it; undefined for any other. */
export function asOpt(path: string, opt: Opt | undefined): string | undefined {
  if (opt === undefined) return undefined;
  return path.startsWith(`${opt.directory}/`) ? optRoot + path.slice(opt.directory.length) : undefined;
}
