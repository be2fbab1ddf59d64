/** `lambkin invoke`: one synchronous invoke. The payload goes to standard output, everything else to standard error. */
import { readFile } from 'node:fs/promises';
import { call } from './client.ts';
import { Failure } from './failure.ts';
import { findRunning } from './running.ts';

export interface InvokeOptions {
  readonly dataDirectory: string;
  readonly functionName: string;
  /** JSON, `@file`, or `-` for standard input. */
  readonly payload?: string;
  readonly qualifier?: string;
  readonly tail: boolean;
}

export async function invoke(options: InvokeOptions): Promise<void> {
  const running = findRunning(options.dataDirectory);
  const body = await payloadOf(options.payload);
  const answer = await call(running, {
    service: 'lambda',
    path: `/2015-03-31/functions/${encodeURIComponent(options.functionName)}/invocations`,
    query: options.qualifier === undefined ? {} : { Qualifier: options.qualifier },
    headers: {
      'content-type': 'application/json',
      'x-amz-invocation-type': 'RequestResponse',
      'x-amz-log-type': options.tail ? 'Tail' : 'None',
    },
    body,
  });
  const log = answer.headers['x-amz-log-result'];
  if (typeof log === 'string') process.stderr.write(Buffer.from(log, 'base64'));
  const text = answer.body.toString();
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  if (answer.headers['x-amz-function-error'] !== undefined) throw new Failure(functionFailure(text));
}

async function payloadOf(given: string | undefined): Promise<Buffer> {
  if (given === undefined) return Buffer.alloc(0);
  const body = await read(given);
  try {
    JSON.parse(body.toString());
  } catch (error) {
    throw new Failure(
      `the payload is not JSON: ${(error as Error).message}. Text needs its quotes: --payload '"text"'; a file is named with @.`,
      2,
    );
  }
  return body;
}

async function read(given: string): Promise<Buffer> {
  if (given === '-') return Buffer.concat((await process.stdin.toArray()) as Buffer[]);
  if (!given.startsWith('@')) return Buffer.from(given);
  const path = given.slice(1);
  return readFile(path).catch((error: unknown) => {
    throw new Failure(`cannot read the payload: ${(error as Error).message}`, 2);
  });
}

/** What a function's error object says, for people. */
export function functionFailure(payload: string): string {
  let told: Record<string, unknown> = {};
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value === 'object' && value !== null) told = value as Record<string, unknown>;
  } catch {
    // Not even JSON: it is on standard output as it is.
  }
  const type = typeof told['errorType'] === 'string' ? `${told['errorType']}: ` : '';
  const message = typeof told['errorMessage'] === 'string' ? told['errorMessage'] : 'it says no more';
  const trace = [told['trace'], told['stackTrace']].find((list) => Array.isArray(list)) as
    | readonly unknown[]
    | undefined;
  // Node's trace begins with what was said already.
  const rest = (trace ?? []).filter((line, index) => index > 0 || line !== `${type}${message}`);
  const lines = rest.map((line) => `\n    ${String(line).trim()}`).join('');
  return `the function failed. ${type}${message}${lines}`;
}
