/** What people are told who debug a function. */
import { join } from 'node:path';
import type { LambkinOptions } from '#roles';

type Debug = NonNullable<LambkinOptions['debug']>;

/** Lines for a terminal, ending with a line feed. */
export function howToAttach({ functionName, port }: Debug, dataDirectory: string): string {
  const number = port === 0 ? 'PORT' : String(port);
  const code = join(dataDirectory, 'debug', functionName);
  const attach = `"type": "node", "request": "attach", "port": ${number}, "restart": true, "localRoot": "...", "remoteRoot": "${code}"`;
  return [
    `  Debugging ${functionName}: one environment, one invoke at a time, nothing times out. Its first invoke starts it; then attach:`,
    `    Node    node inspect 127.0.0.1:${number}, chrome://inspect, or VS Code: {${attach}}`,
    `    Java    a remote JVM at 127.0.0.1:${number} (JDWP)`,
    `    Python  in the function: import debugpy; debugpy.listen(5678); then 127.0.0.1:5678`,
    ...(port === 0 ? ['  Its log says which port it got.'] : []),
    '',
  ]
    .map((line) => `${line}\n`)
    .join('');
}
