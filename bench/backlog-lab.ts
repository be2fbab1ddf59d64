/**
 * Works off a backlog of events, and prints how that went: event invoke on the SQLite engine, with functions that answer at once. A process of its
 * own, so that its memory is the backlog's.
 *
 *     node bench/backlog.ts <events>
 */
import { mkdtempSync, rmSync, readFileSync } from 'node:fs';
const wchar = () => Number(/^wchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))![1]); let lastW = 0; let sendAt = performance.now(); let sendCpu = process.cpuUsage(); let sendW = wchar();
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
  /** Resident memory before the first event was worked on, and the most while it went on, in MiB. */
  readonly startMib: number;
  readonly mostMib: number;
}

const total = Number(process.argv[2]);
const functionsCount = 100;
const residentMib = (): number => process.memoryUsage.rss() / 2 ** 20;

const directory = mkdtempSync(join(tmpdir(), 'lambkin-backlog-'));
const store = await openSqlite(join(directory, 'events.db'), { clock, entropy });
const calls: Record<string, number> = {};
for (const name of ['send','receive','delete','move','changeVisibility','nextVisibleMs','depth'] as const) { const q = store.queue as any; const real = q[name].bind(q); q[name] = (...a: any[]) => { calls[name] = (calls[name] ?? 0) + 1; return real(...a); }; }
let lastMark = performance.now(); let lastCpu = process.cpuUsage();
const functions = new Functions();
for (let index = 0; index < functionsCount; index += 1) functions.put(`f${index}`);
const answer = { statusCode: 200, executedVersion: '$LATEST', payload: Buffer.from('null') } as const;
let done = 0;
const over = Promise.withResolvers<void>();
const marks: number[] = [];
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
        mostMib = Math.max(mostMib, residentMib());
        const c = process.cpuUsage(lastCpu); lastCpu = process.cpuUsage(); const t = performance.now();
        console.error(done, `${((t - lastMark) * 1000 / slice).toFixed(0)} us wall, ${((c.user + c.system) / slice).toFixed(0)} us cpu ${((wchar() - lastW) / slice).toFixed(0)} B`, JSON.stringify(calls), events.census().layout.shared.length, events.census().layout.dedicated.length, events.census().busy, Math.round(residentMib())); lastMark = t; lastW = wchar(); for (const k of Object.keys(calls)) delete calls[k];
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
console.error(`send ${((performance.now() - sendAt) * 1000 / total).toFixed(0)} us wall, ${(process.cpuUsage(sendCpu).user / total).toFixed(0)} us user, ${((wchar() - sendW) / total).toFixed(0)} B`, JSON.stringify(calls)); lastW = wchar(); lastMark = performance.now(); lastCpu = process.cpuUsage(); for (const k of Object.keys(calls)) delete calls[k];
events.start();
await over.promise;
await events.close(5_000);
await store.close();
rmSync(directory, { recursive: true, force: true });
const took = (index: number): number => (marks[index + 1] ?? Number.NaN) - (marks[index] ?? Number.NaN);
const result: Backlog = {
  events: total,
  firstPerSecond: (slice / took(0)) * 1_000,
  lastPerSecond: (slice / took(9)) * 1_000,
  startMib,
  mostMib,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
