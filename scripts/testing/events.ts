/** What several runs of Node's test runner, one after the other, report: as one run would. */
import { resolve } from 'node:path';
import { run } from 'node:test';
import type { Lane } from './lanes.ts';

export interface Options {
  /** For one file, and for each test in it. */
  readonly timeoutMs: number;
  /** Ends the files that run, and the report. */
  readonly signal: AbortSignal;
  /** Told once, when every lane has come to its end. */
  readonly onEnd: (success: boolean) => void;
}

/** So many of the files that took longest are told. */
const longestShown = 10;

/** The numbers that a run ends with, such as `tests 12`. */
const count = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

export async function* testEvents(lanes: readonly Lane[], options: Options): AsyncGenerator {
  const counts = new Map<string, number>();
  const tookMs = new Map<string, number>();
  let good = 0;
  for (const lane of lanes) {
    const report = run({
      files: lane.files,
      concurrency: lane.concurrency,
      timeout: options.timeoutMs,
      signal: options.signal,
    });
    for await (const event of report) {
      if (options.signal.aborted) return;
      if (event.type === 'test:complete' && resolve(event.data.name) === event.data.file)
        tookMs.set(event.data.name, event.data.details.duration_ms);
      const [, name, number] = event.type === 'test:diagnostic' ? (count.exec(event.data.message) ?? []) : [];
      if (event.type === 'test:diagnostic' && event.data.nesting === 0 && name !== undefined) {
        counts.set(name, (counts.get(name) ?? 0) + Number(number));
      } else if (event.type === 'test:summary') {
        // One for each file, and one without a file for the run.
        if (event.data.file === undefined && event.data.success) good++;
      } else {
        yield event;
      }
    }
  }
  for (const [name, number] of counts) yield told(`${name} ${number}`);
  const longest = [...tookMs].sort(([, a], [, b]) => b - a).slice(0, longestShown);
  for (const [file, ms] of tookMs.size > longestShown ? longest : [])
    yield told(`${(ms / 1000).toFixed(0)} s: ${file}`);
  options.onEnd(good === lanes.length);
}

const told = (message: string) => ({ type: 'test:diagnostic', data: { nesting: 0, level: 'info', message } });
