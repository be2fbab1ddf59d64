/** `lambkin logs`: a function's log events, as they are or as they come. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure, call } from './client.ts';
import { Failure } from './failure.ts';
import { findRunning } from './running.ts';
import type { Running } from '#roles';
import { painter } from './terminal.ts';

export interface LogsOptions {
  readonly dataDirectory: string;
  /** A function's name, or the name of a log group, which has a slash. */
  readonly name: string;
  readonly follow: boolean;
  /** Epoch milliseconds. */
  readonly sinceMs: number;
  readonly filter?: string;
}

interface LogEvent {
  readonly eventId: string;
  readonly timestamp: number;
  readonly message: string;
}

const pollMs = 500;
/** How far behind the newest event others may still come, from other streams. */
const overlapMs = 5_000;

export async function logs(options: LogsOptions): Promise<void> {
  await printLogs(findRunning(options.dataDirectory), options);
}

/** Ends when there is nothing more, or, with `follow`, when the signal says so. */
export async function printLogs(
  running: Running,
  options: Omit<LogsOptions, 'dataDirectory'>,
  signal?: AbortSignal,
): Promise<void> {
  const group = logGroup(options.name);
  const seen = new Seen();
  let startMs = options.sinceMs;
  for (;;) {
    let newestMs = startMs;
    try {
      for await (const event of eventsOf(running, group, startMs, options.filter)) {
        newestMs = Math.max(newestMs, event.timestamp);
        if (seen.add(event)) print(event);
      }
    } catch (error) {
      // A function that has not run yet has no log group: whoever follows waits for it.
      const isMissing = error instanceof ApiFailure && error.errorName === 'ResourceNotFoundException';
      if (!isMissing) throw error;
      if (!options.follow)
        throw new Failure(`${group} has no log: it has not run yet, or there is none of that name.`);
    }
    if (!options.follow && seen.isEmpty) tellNothing(options.filter !== undefined);
    if (!options.follow || signal?.aborted === true) return;
    startMs = Math.max(options.sinceMs, newestMs - overlapMs);
    seen.forgetBefore(startMs);
    await sleep(pollMs);
  }
}

export function logGroup(name: string): string {
  if (name.includes('/')) return name;
  // Of an ARN or a qualified name, the function's name.
  const parts = name.split(':');
  const at = parts.indexOf('function');
  return `/aws/lambda/${(at === -1 ? parts[0] : parts[at + 1]) ?? name}`;
}

async function* eventsOf(
  running: Running,
  logGroupName: string,
  startTime: number,
  filterPattern: string | undefined,
): AsyncGenerator<LogEvent> {
  let nextToken: string | undefined;
  do {
    const answer = await call(running, {
      service: 'logs',
      path: '/',
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Logs_20140328.FilterLogEvents',
      },
      body: Buffer.from(JSON.stringify({ logGroupName, startTime, filterPattern, nextToken })),
    });
    const page = JSON.parse(answer.body.toString()) as {
      readonly events?: readonly LogEvent[];
      readonly nextToken?: string;
    };
    yield* page.events ?? [];
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
}

function print({ timestamp, message }: LogEvent): void {
  const time = painter(process.stdout)('dim', new Date(timestamp).toISOString());
  process.stdout.write(`${time} ${message.trimEnd()}\n`);
}

/** On standard error: what reads the log gets nothing. */
function tellNothing(filtered: boolean): void {
  const matching = filtered ? ' that matches' : '';
  process.stderr.write(`lambkin: nothing${matching} since then; --since 1d looks further back.\n`);
}

/** The events that were printed and may come again. */
export class Seen {
  readonly #times = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#times.size === 0;
  }

  /** Whether it is new. */
  add({ eventId, timestamp }: Pick<LogEvent, 'eventId' | 'timestamp'>): boolean {
    if (this.#times.has(eventId)) return false;
    this.#times.set(eventId, timestamp);
    return true;
  }

  forgetBefore(startMs: number): void {
    for (const [id, timestamp] of this.#times) if (timestamp < startMs) this.#times.delete(id);
  }
}
