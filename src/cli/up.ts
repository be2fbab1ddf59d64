/** `lambkin up`: starts Lambkin and keeps it until it is told to stop. */
import type { LambkinOptions, RunningLambkin, StartOutcome } from '#roles';
import { banner, runtimesLine } from './banner.ts';
import { howToAttach } from './debugging.ts';
import { Failure } from './failure.ts';
import { painter, surviveClosedOutput } from './terminal.ts';
import { version } from './version.ts';

export interface UpOptions extends LambkinOptions {
  /** How long running invokes may go on once Lambkin is told to stop. */
  readonly graceSeconds: number;
  /** What points a client here, as the reader would type it. */
  readonly envCommand: string;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof signals)[number];
export const signalNumbers: Readonly<Record<Signal, number>> = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

export async function up(options: UpOptions): Promise<void> {
  surviveClosedOutput();
  const { startLambkin } = await import('#roles');
  // From here on: a signal that comes while it starts must not leave it half open.
  const told = new Told();
  const outcome = await startLambkin(options);
  if (outcome.kind !== 'started') throw notStarted(outcome);
  const { lambkin } = outcome;
  const paint = painter(process.stdout);
  // Since the process began: loading the code counts.
  const readyMs = process.uptime() * 1000;
  process.stdout.write(banner({ ...lambkin, readyMs }, version(), options.envCommand, paint));
  if (options.debug !== undefined) process.stdout.write(howToAttach(options.debug, options.dataDirectory));
  void tellRuntimes(lambkin);
  await told.first;
  process.stderr.write(
    `\nStopping: running invokes have ${options.graceSeconds} s to end. Once more stops at once.\n`,
  );
  told.onSecond((signal) => {
    process.exit(128 + signalNumbers[signal]);
  });
  await lambkin.stop(options.graceSeconds * 1_000);
  process.exit(0);
}

/** Hears of signals, of the first and of the second. */
export class Told {
  readonly first: Promise<Signal>;
  #second: ((signal: Signal) => void) | undefined;

  constructor() {
    let heard = false;
    this.first = new Promise((resolve) => {
      for (const signal of signals) {
        process.on(signal, () => {
          if (heard) this.#second?.(signal);
          heard = true;
          resolve(signal);
        });
      }
    });
  }

  onSecond(callback: (signal: Signal) => void): void {
    this.#second = callback;
  }
}

async function tellRuntimes(lambkin: RunningLambkin): Promise<void> {
  const runtimes = await lambkin.runtimes().catch(() => undefined);
  if (runtimes !== undefined) process.stdout.write(`${runtimesLine(runtimes, painter(process.stdout))}\n`);
}

export function notStarted(outcome: Exclude<StartOutcome, { readonly kind: 'started' }>): Failure {
  switch (outcome.kind) {
    case 'port-taken':
      return new Failure(
        `port ${outcome.port} of ${outcome.host} is taken. Stop what listens there, or choose another with --port (0 takes any free one).`,
      );
    case 'data-directory-taken': {
      const by = outcome.pid === undefined ? '' : ` (process ${outcome.pid})`;
      return new Failure(
        `another Lambkin${by} runs on ${outcome.dataDirectory}. Stop it, or choose another directory with --data-dir.`,
      );
    }
    case 'refused':
      return new Failure(outcome.message, outcome.exitCode);
    default:
      return outcome satisfies never;
  }
}
