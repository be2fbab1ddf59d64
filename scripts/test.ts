/**
 * Runs every test: `npm test`, or `npm test -- src/counting` for one folder or file. As many files at a time as there are cores, those
 * of `alone` one by one after them; one summary, and the failures, at the end. Further flags go to node --test, which then runs the
 * files its own way.
 */
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { spec } from 'node:test/reporters';
import { lanesOf } from './testing/lanes.ts';
import { testEvents } from './testing/events.ts';
import { endDescendants } from './testing/descendants.ts';

/** For one file, and for each test in it. */
const timeoutMs = 180_000;
/** What an interrupted service needs to end well, in milliseconds, with some to spare. */
const graceMs = 5_000;

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const places = asked.length > 0 ? asked : ['src', 'test', 'bench', 'scripts'];
const files = places.flatMap((place) =>
  statSync(place).isDirectory() ? globSync(`${place}/**/*.test.ts`).sort() : [place],
);
if (files.length === 0) {
  console.error(`no test files below ${places.join(', ')}`);
  process.exit(1);
}
// Most of a short file's time goes into stripping types and compiling. What one did, the next need not (also the next run).
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

if (flags.length > 0) {
  const { status } = spawnSync(
    process.execPath,
    ['--test', `--test-timeout=${timeoutMs}`, ...flags, ...files],
    { stdio: 'inherit' },
  );
  process.exit(status ?? 1);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    const ended = endDescendants(process.pid, graceMs);
    console.error(`\n${signal}: ending what runs`);
    interrupted.abort();
    void ended.then(() => process.kill(process.pid, signal));
  });
}
// Any way out of here that is not the end of a good run is a failed one.
process.exitCode = 1;
const events = testEvents(lanesOf(files, availableParallelism()), {
  timeoutMs,
  signal: interrupted.signal,
  onEnd: (success) => {
    process.exitCode = success ? 0 : 1;
  },
});
pipeline(Readable.from(events), spec(), process.stdout, (error) => {
  if (error) console.error(error);
});
