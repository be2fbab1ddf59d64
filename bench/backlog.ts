/**
 * Works off a backlog of events, and prints how that went: event invoke on the SQLite engine, with functions that answer at once. A process of its
 * own, so that its memory is the backlog's.
 *
 *     node bench/backlog.ts <events>
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '#engines/sqlite';
import { openEventInvoke } from '#event-invoke';
import { accountId, Functions, region } from '#frontend/fixtures';
import { systemClock as clock, systemEntropy as entropy, systemRandom as random } from '#platform';

export interface Backlog {
  readonly events: number;
  /** Events per second among the first and the last tenth. */
  readonly firstPerSecond: number;
  readonly lastPerSecond: number;
  /** Processor time of the process, in microseconds per event, among the first and the last tenth. */
  readonly firstCpuUs: number;
  readonly lastCpuUs: number;
  /** Resident memory before the first event was worked on, and the most while it went on, in MiB. */
  readonly startMib: number;
  readonly mostMib: number;
}

const total = Number(process.argv[2]);
const functionsCount = 100;
const residentMib = (): number => process.memoryUsage.rss() / 2 ** 20;

const directory = mkdtempSync(join(tmpdir(), 'lambkin-backlog-'));
const store = await openSqlite(join(directory, 'events.db'), { clock, entropy });
const functions = new Functions();
for (let index = 0; index < functionsCount; index += 1) functions.put(`f${index}`);
const answer = { statusCode: 200, executedVersion: '$LATEST', payload: Buffer.from('null') } as const;
let done = 0;
const over = Promise.withResolvers<void>();
const marks: number[] = [];
const cpuMarksUs: number[] = [];
const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};
const slice = Math.floor(total / 10);
let mostMib = 0;
const events = await openEventInvoke({
  accountId,
  region,
  documents: store.documents,
  queue: store.queue,
  metadata: functions,
  frontend: {
    invoke() {
      done += 1;
      if (done % slice === 0) {
        marks.push(performance.now());
        cpuMarksUs.push(cpuUs());
        mostMib = Math.max(mostMib, residentMib());
      }
      if (done === total) over.resolve();
      return Promise.resolve(answer);
    },
  },
  roleMay: () => undefined,
  clock,
  random,
  entropy,
  // How many are in work at once is not the question here.
  limits: { slotsMin: 64, acceptsMax: 10_000 },
  reportFault: (error) => console.error(error),
  onTrouble: (message, error) => console.error(message, error),
});
const principal = { accountId, arn: `arn:aws:iam::${accountId}:root` };
let sent = 0;
await Promise.all(
  Array.from({ length: 1_000 }, async () => {
    while (sent < total) {
      sent += 1;
      const functionName = `f${sent % functionsCount}`;
      await events.accept({
        functionName,
        payload: Buffer.from('{"x":1}'),
        requestId: entropy.uuid(),
        principal,
      });
    }
  }),
);
const startMib = residentMib();
mostMib = startMib;
marks.push(performance.now());
cpuMarksUs.push(cpuUs());
events.start();
await over.promise;
await events.close(5_000);
await store.close();
rmSync(directory, { recursive: true, force: true });
const between = (values: readonly number[], index: number): number =>
  (values[index + 1] ?? Number.NaN) - (values[index] ?? Number.NaN);
const took = (index: number): number => between(marks, index);
const result: Backlog = {
  events: total,
  firstPerSecond: (slice / took(0)) * 1_000,
  lastPerSecond: (slice / took(9)) * 1_000,
  firstCpuUs: between(cpuMarksUs, 0) / slice,
  lastCpuUs: between(cpuMarksUs, 9) / slice,
  startMib,
  mostMib,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
