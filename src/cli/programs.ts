/** Programs of the host: whether they are there, and what they say of themselves. */
import { execFile } from 'node:child_process';

const answerTimeoutMs = 5_000;

/** The first line that `program --version` prints; undefined where it is not there or fails. */
export async function programVersion(program: string): Promise<string | undefined> {
  const said = await ask(program, ['--version']);
  return said === undefined ? undefined : firstLineOf(said);
}

export async function runs(program: string, args: readonly string[]): Promise<boolean> {
  return (await ask(program, args)) !== undefined;
}

export function firstLineOf(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}

async function ask(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: answerTimeoutMs, maxBuffer: 64 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}
