/** Whether a command can be started in a sandbox, found out on the host before anything is: only the host can say why not. */
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { StartPlan } from '../sandbox.ts';

const headBytes = 256;

/** The system's name of what is wrong (ENOENT, EACCES); undefined where nothing is. */
export function refusalOf(plan: StartPlan, baseImage: string): string | undefined {
  const path = onHost(plan.command, plan, baseImage);
  try {
    accessSync(path, constants.X_OK);
    const interpreter = interpreterOf(path);
    if (interpreter !== undefined) accessSync(onHost(interpreter, plan, baseImage), constants.X_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  }
}

/** Where a path of the sandbox is on the host. */
function onHost(path: string, { room, opt, runtime }: StartPlan, baseImage: string): string {
  if (room !== undefined && path.startsWith('/var/task/')) return room.code + path.slice('/var/task'.length);
  if (path.startsWith('/opt/')) return opt === undefined ? '/nonexistent' : opt + path.slice('/opt'.length);
  return path === runtime?.program ? path : join(baseImage, path);
}

/** Of a script. */
function interpreterOf(path: string): string | undefined {
  const head = Buffer.alloc(headBytes);
  const file = openSync(path, 'r');
  try {
    const length = readSync(file, head, 0, headBytes, 0);
    return /^#! *(\/[^\s]+)/.exec(head.toString('latin1', 0, length))?.[1];
  } finally {
    closeSync(file);
  }
}
