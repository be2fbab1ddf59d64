/** What people are told who debug a function. */
import type { LambkinOptions } from '#roles';

type Debug = NonNullable<LambkinOptions['debug']>;

/** Lines for a terminal, ending with a line feed. */
export function howToAttach({ functionName, port }: Debug): string {
  const where = port === 0 ? '127.0.0.1 (its log says which port)' : `127.0.0.1:${port}`;
  return [
    `  Debugging ${functionName}: one environment at a time, nothing times out. Its first invoke starts it; then attach to ${where}:`,
    `    Node    chrome://inspect, "node inspect ${where}", or VS Code: {"type": "node", "request": "attach", "port": ${port}, "restart": true}`,
    `    Java    a remote JVM debug configuration (JDWP)`,
    `    Python  in the function: import debugpy; debugpy.listen(5678); then attach to 127.0.0.1:5678`,
    `  Breakpoints go into the copy of its code in the data directory's debug/${functionName} (VS Code: "remoteRoot").\n`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}
