/**
 * What is looked up in a container image before a sandbox is made of it: only the host can say what is wrong with an entry point, and say it in
 * the service's words. Few looks at a time: each read of an image that is not there yet waits in one of the threads that all file access shares.
 */
import { readdir } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Turns } from '#lib/turns';
import type { ImageLook, ImageWish } from '../sandbox.ts';
import { codeOf, findInside } from './image-path.ts';
import { imageLooksMax } from './limits.ts';
import { readProgramHead } from './program-head.ts';

const looks = new Turns(imageLooksMax);
const executable = 0o001;
const readable = 0o004;

/** Never rejects: an image that cannot be read has nothing in it. */
export function lookIntoImage(root: string, wish: ImageWish): Promise<ImageLook> {
  return looks.run(() => look(root, wish));
}

async function look(root: string, { command, workingDirectory, path }: ImageWish): Promise<ImageLook> {
  const noDirectory = await directoryRefusal(root, workingDirectory);
  if (noDirectory !== undefined) return { kind: 'no-directory', code: noDirectory };
  let refusal: ImageLook = { kind: 'not-found' };
  if (command === undefined || command === '') return refusal;
  const bare = !command.includes('/');
  for (const directory of bare ? path.split(':') : ['.']) {
    const program = posix.resolve(workingDirectory, directory, command);
    const code = await refusalOf(root, program);
    if (code === undefined) return { kind: 'ready', program, extensions: await extensionsIn(root) };
    // As the shell does: what is there and cannot be executed is told if nothing better comes.
    if (!bare || code !== 'ENOENT') refusal = { kind: 'unstartable', path: program, code };
  }
  return refusal;
}

/** What every sandbox has, whatever its image has there. */
const ownDirectories = new Set(['/tmp', '/proc', '/dev', '/dev/shm']);

/** Why nobody can be in this directory of the image. */
async function directoryRefusal(root: string, path: string): Promise<string | undefined> {
  if (ownDirectories.has(posix.resolve('/', path))) return undefined;
  const place = await findInside(root, path);
  if (place.kind === 'failed') return place.code;
  if (!place.stats.isDirectory()) return 'ENOTDIR';
  return (place.stats.mode & executable) === 0 ? 'EACCES' : undefined;
}

/** Why the kernel would not execute this program of the image for a function; undefined: it would. */
export async function refusalOf(root: string, program: string): Promise<string | undefined> {
  const found = await findInside(root, program);
  if (found.kind === 'failed') return found.code;
  if (!found.stats.isFile() || (found.stats.mode & executable) === 0) return 'EACCES';
  try {
    const head = await readProgramHead(found.host, process.arch);
    if (head.kind === 'not-a-program') return 'ENOEXEC';
    if (head.interpreter === undefined) return undefined;
    const interpreter = await findInside(root, posix.resolve('/', head.interpreter));
    if (interpreter.kind === 'failed') return interpreter.code;
    return interpreter.stats.isFile() && (interpreter.stats.mode & executable) !== 0 ? undefined : 'EACCES';
  } catch (error) {
    return codeOf(error);
  }
}

/** The same for an extension, in its turn. */
export function extensionRefusal(root: string, program: string): Promise<string | undefined> {
  return looks.run(() => refusalOf(root, program));
}

/** The files of /opt/extensions, in order. */
async function extensionsIn(root: string): Promise<readonly string[]> {
  const found = await findInside(root, '/opt/extensions');
  if (found.kind === 'failed' || !found.stats.isDirectory() || (found.stats.mode & readable) === 0) return [];
  const entries = await readdir(join(found.host), { withFileTypes: true }).catch(() => []);
  return entries.flatMap((entry) => (entry.isDirectory() ? [] : [entry.name])).sort();
}
