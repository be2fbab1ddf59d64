/**
 * The root directory that sandboxes see: the host's own system files, read-only, and what the runtime needs, in AWS's places. It stands in the
 * enclave's memory, one for each runtime; sandboxes share it.
 *
 *   /usr /bin /sbin /lib*  the host's          /var/lang     the interpreter
 *   /etc                   what programs need  /var/runtime  Lambkin's bootstrap
 *   /proc /dev /tmp /var/task /opt             each sandbox's own
 */
import { existsSync, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sandboxUser } from './bundle.ts';
import type { RuntimeFiles } from '../sandbox.ts';
import { line } from './enclave.ts';

const systemFolders = ['usr', 'bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];
/** Of /etc: nothing that says anything about the host's people or secrets. */
const systemFiles = [
  ['ssl/certs', 'ssl/openssl.cnf', 'pki/tls/certs', 'pki/ca-trust/extracted', 'ca-certificates'],
  [
    'alternatives',
    'ld.so.cache',
    'ld.so.conf',
    'ld.so.conf.d',
    'localtime',
    'protocols',
    'services',
    'mime.types',
  ],
  ['nsswitch.conf'],
].flat();
const own = [
  'proc',
  'dev',
  'tmp',
  'sys',
  'run',
  'home',
  'opt',
  'var/task',
  'var/runtime',
  'var/lang/bin',
  'etc',
];
const readOnly = 'bind,ro,nosuid,nodev';

export const runtimeDirectory = '/var/runtime';
export const programDirectory = '/var/lang/bin';

/** Where a runtime's program is inside. */
export function programInside(program: string): string {
  return isOfSystem(program) ? program : `/var/lang/bin/${basename(program)}`;
}

/** Commands that lay out `root` with the system files of `baseImage`; `/` means the host's own. */
export function rootLines(
  root: string,
  runtime: RuntimeFiles,
  texts: EtcTexts,
  baseImage: string,
): readonly string[] {
  const system = systemFolders.flatMap((name) => systemLines(root, baseImage, name));
  return [
    line('mkdir', '-p', ...own.map((name) => join(root, name))),
    line('chmod', '1777', join(root, 'tmp')), // runc gives what it mounts there the mode of the place
    ...system,
    ...[...systemFiles, ...javaFolders(baseImage)].flatMap((name) =>
      boundLines(root, join(baseImage, 'etc', name), join('/etc', name)),
    ),
    ...Object.entries(texts).map(
      ([name, text]) => `${line('printf', '%s', text)} >${line(join(root, 'etc', name))}`,
    ),
    ...(isOfSystem(runtime.program) ? [] : interpreterLines(root, runtime.program)),
    ...(runtime.bootstrap === undefined ? [] : boundLines(root, runtime.bootstrap, runtimeDirectory)),
  ];
}

/** Files of /etc that are the sandboxes' own. */
export interface EtcTexts {
  readonly passwd: string;
  readonly hosts: string;
  readonly group: string;
  readonly 'resolv.conf': string;
}

export function etcTexts(resolver: string | undefined): EtcTexts {
  const { uid, gid, name } = sandboxUser;
  return {
    passwd: `root:x:0:0:root:/root:/sbin/nologin\n${name}:x:${uid}:${gid}::/home/${name}:/sbin/nologin\n`,
    group: `root:x:0:\n${name}:x:${gid}:\n`,
    hosts: '', // each sandbox's own is mounted over it
    'resolv.conf': resolver === undefined ? '' : `nameserver ${resolver}\n`,
  };
}

/** /etc/hosts of the sandbox with this address. Extensions listen at `sandbox.localdomain`. */
export function hostsText(address: string): string {
  return `127.0.0.1 localhost lambda\n${address} sandbox.localdomain sandbox\n`;
}

/** Debian keeps the settings of each Java beside those of the host. */
function javaFolders(baseImage: string): readonly string[] {
  const etc = join(baseImage, 'etc');
  return existsSync(etc) ? readdirSync(etc).filter((name) => /^java-\d/.test(name)) : [];
}

function isOfSystem(path: string): boolean {
  return systemFolders.some((name) => path.startsWith(`/${name}/`));
}

function systemLines(root: string, baseImage: string, name: string): readonly string[] {
  const path = join(baseImage, name);
  if (!existsSync(path)) return [];
  if (lstatSync(path).isSymbolicLink()) return [line('ln', '-s', readlinkSync(path), join(root, name))];
  return boundLines(root, path, `/${name}`);
}

/** Nothing where the host has no such file. */
function boundLines(root: string, source: string, target: string): readonly string[] {
  if (!existsSync(source)) return [];
  const place = join(root, target);
  const make = statSync(source).isDirectory()
    ? [line('mkdir', '-p', place)]
    : [line('mkdir', '-p', dirname(place)), `: >${line(place)}`];
  return [...make, line('mount', '-n', '-o', readOnly, '--', source, place)];
}

/** Node is one file; Python is a folder of its version manager. Whatever else stands beside a program is none of a function's business. */
function interpreterLines(root: string, program: string): readonly string[] {
  const prefix = dirname(dirname(program));
  const isPython =
    basename(program).startsWith('python') && existsSync(join(prefix, 'lib', basename(program)));
  const libraries = join(prefix, 'lib');
  return isPython
    ? // A Python of a version manager looks for its own library where it was built to stand.
      [...boundLines(root, prefix, '/var/lang'), ...boundLines(root, libraries, libraries)]
    : boundLines(root, program, join('/var/lang/bin', basename(program)));
}
