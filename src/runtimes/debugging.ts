/** A runtime's process with its debugger listening. */
import { unreachable } from '#lib/assert';
import type { Launch } from './catalogue.ts';
import { runtimeName } from './names.ts';

const address = '127.0.0.1';

/**
 * The launch with an inspector (Node) or a debug agent (Java) on this port of the loopback interface; 0: any free port, which the process
 * prints. What its runtime has no such thing for is started alone, as its function, and nothing more.
 */
export function withDebugger(launch: Launch, runtime: string, port: number): Launch {
  if (launch.kind !== 'channel') return launch;
  return { ...launch, args: [...flags(runtime, port), ...launch.args], bornAsFunction: true };
}

function flags(runtime: string, port: number): readonly string[] {
  const name = runtimeName(runtime);
  switch (name.kind) {
    case 'node':
      return [`--inspect=${address}:${port}`];
    case 'java':
      return [`-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=${address}:${port}`];
    case 'python':
    case 'ruby':
    case 'provided':
    case 'retired':
    case 'unserved':
    case 'unknown':
      return [];
    default:
      return unreachable(name);
  }
}
