/** Starts Lambkin as its users do: the launcher, in a process and a data directory of its own. For tests and benchmarks. */
import { LambdaClient } from '@aws-sdk/client-lambda';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const credentials = {
  accessKeyId: 'AKIATESTTESTTESTTEST',
  secretAccessKey: 'testtesttesttesttesttesttesttesttesttest',
};
export const region = 'us-east-1';
export const role = 'arn:aws:iam::000000000000:role/any';
export const launcher = join(import.meta.dirname, '..', 'bin', 'lambkin.mjs');

export interface ServiceOptions {
  /** Kept when given; else a temporary one that goes with `stop`. */
  readonly dataDirectory?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

export interface Service {
  readonly endpoint: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  readonly client: LambdaClient;
  /** From spawning to the first answer, in milliseconds. */
  readonly readyMs: number;
  /** The environment in which clients of the shell reach this service. */
  readonly clientEnvironment: Readonly<Record<string, string>>;
  /** What it printed so far. */
  output(): string;
  /** Ends it as Ctrl-C does; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; the data directory stays. */
  kill(): Promise<void>;
}

export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const dataDirectory = options.dataDirectory ?? mkdtempSync(join(tmpdir(), 'lambkin-test-'));
  const stateFile = join(dataDirectory, 'lambkin.json');
  rmSync(stateFile, { force: true });
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [launcher, 'up', '--port', '0', '--data-dir', dataDirectory, ...(options.args ?? [])],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        NO_COLOR: '1',
        // What is not about isolation does not depend on what this host can do.
        LAMBKIN_ISOLATION: 'process',
        LAMBKIN_ACCESS_KEY_ID: credentials.accessKeyId,
        LAMBKIN_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        ...options.environment,
      },
    },
  );
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!existsSync(stateFile)) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Lambkin ended with ${child.exitCode ?? child.signalCode}:\n${output}`);
    }
    await sleep(2);
  }
  const { endpoint } = JSON.parse(readFileSync(stateFile, 'utf8')) as { endpoint: string };
  await fetch(endpoint).catch(() => undefined); // refused for want of a signature, which is an answer
  const readyMs = performance.now() - start;
  const url = new URL(endpoint);
  return {
    endpoint,
    host: url.hostname,
    port: Number(url.port),
    pid: child.pid ?? 0,
    dataDirectory,
    client: new LambdaClient({ endpoint, region, credentials, maxAttempts: 1 }),
    readyMs,
    clientEnvironment: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    output: () => output,
    async stop() {
      await end(child, 'SIGTERM');
      if (options.dataDirectory === undefined) rmSync(dataDirectory, { recursive: true, force: true });
      return child.exitCode;
    },
    kill: () => end(child, 'SIGKILL'),
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
