/** What the languages say about the syntax of files that were saved, before any invoke does. */
import { execFile } from 'node:child_process';
import { extname, join } from 'node:path';
import { checkedFilesMax, checkMsMax, complaintLinesMax } from './limits.ts';

type Check = (path: string) => readonly [command: string, args: readonly string[]];

const checks: Readonly<Record<string, Check>> = {
  '.mjs': (path) => [process.execPath, ['--check', path]],
  '.cjs': (path) => [process.execPath, ['--check', path]],
  '.js': (path) => [process.execPath, ['--check', path]],
  '.py': (path) => [
    'python3',
    ['-I', '-c', 'import sys; compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec")', path],
  ],
  '.rb': (path) => ['ruby', ['-c', path]],
};

/** One text per file that is not valid; files of packages are not looked at. */
export async function complaints(directory: string, changed: readonly string[]): Promise<readonly string[]> {
  const own = changed.filter(
    (path) => extname(path) in checks && !/(?:^|\/)(?:node_modules|vendor)\//.test(path),
  );
  const told = await Promise.all(
    own.slice(0, checkedFilesMax).map((path) => complaint(join(directory, path))),
  );
  return told.filter((text) => text !== undefined);
}

function complaint(path: string): Promise<string | undefined> {
  const [command, args] = checks[extname(path)]?.(path) ?? ['', []];
  const options = { timeout: checkMsMax, killSignal: 'SIGKILL' as const, maxBuffer: 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(command, [...args], options, (error, _stdout, stderr) => {
      // Without the program nobody can say.
      if (error === null || !/syntax ?error|indentationerror|taberror/i.test(stderr))
        return resolve(undefined);
      const lines = stderr
        .split('\n')
        .filter((line) => line.trim() !== '' && !/^\s+at |^Node\.js v|^Traceback|File "<string>"/.test(line))
        .slice(0, complaintLinesMax);
      return resolve(lines.join('\n'));
    });
  });
}
