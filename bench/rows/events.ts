/** Event invokes: how fast they are acknowledged durably, and what a flood of them does to synchronous invokes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BareServer } from '../bare-server.ts';
import { median, quantile, run, type Load, type SignedRequest, type Target } from '../load.ts';
import type { Backlog } from '../backlog.ts';
import { createFunction, eventRequest, invokeRequest, startService } from '../service.ts';
import { ms, type Row } from '../table.ts';

const payload = '{"x":1}';
const rounds = 5;
const concurrency = 64;
const floodConcurrency = 16;

export async function eventRows(quick: boolean): Promise<readonly Row[]> {
  const count = quick ? 2_000 : 15_000;
  using floorServer = await BareServer.start('floor.ts');
  const service = await startService();
  try {
    const floor = floorServer.target(payload);
    const target = (request: SignedRequest): Target => ({
      host: service.host,
      port: service.port,
      requests: [request],
    });
    await createFunction(service, 'events');
    await createFunction(service, 'other');
    const events = target(await eventRequest(service, 'events', payload));
    const synchronous = target(await invokeRequest(service, 'other', payload));
    await run(floor, concurrency, 500);
    await run(events, concurrency, count);
    const measured: { floor: Load; load: Load }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      measured.push({
        floor: await run(floor, concurrency, count),
        load: await run(events, concurrency, count),
      });
    }
    await run(synchronous, 1, 500);
    const few = quick ? 200 : 1_000;
    // The load generator is one process: what the flood costs it stands on both sides.
    const beside = async (flood: Target): Promise<Load> => {
      const flooding = run(flood, floodConcurrency, count);
      const load = await run(synchronous, 1, few);
      await flooding;
      return load;
    };
    const besides = { floor: await beside(floor), load: await beside(events) };
    return [acknowledged(measured), besideRow(besides), backlogRow(await backlog(quick))];
  } finally {
    await service.stop();
  }
}

function acknowledged(measured: readonly { readonly floor: Load; readonly load: Load }[]): Row {
  const share = median(measured.map(({ floor, load }) => load.perSecond / floor.perSecond));
  const rate = (side: 'floor' | 'load'): string =>
    `${median(measured.map((round) => round[side].perSecond)).toFixed(0)}/s`;
  return {
    what: `events acknowledged durably, concurrency ${concurrency}`,
    lambkin: rate('load'),
    floor: rate('floor'),
    figure: `${(share * 100).toFixed(0)}% of the floor`,
    promise: { text: '>= 50% of the floor', kept: share >= 0.5 },
  };
}

function besideRow({ floor, load }: { readonly floor: Load; readonly load: Load }): Row {
  const ratio = quantile(load.latenciesMs, 0.5) / quantile(floor.latenciesMs, 0.5);
  return {
    what: 'warm synchronous latency beside a flood of events, p50 / p99',
    lambkin: latency(load),
    floor: `${latency(floor)} beside as many requests to a bare server`,
    figure: `x${ratio.toFixed(1)}`,
    promise: { text: '<= x2 (p50)', kept: ratio <= 2 },
  };
}

function latency({ latenciesMs }: Load): string {
  return `${ms(quantile(latenciesMs, 0.5))} / ${ms(quantile(latenciesMs, 0.99))}`;
}

async function backlog(quick: boolean): Promise<Backlog> {
  const script = join(import.meta.dirname, '..', 'backlog.ts');
  const child = spawn(process.execPath, [script, String(quick ? 50_000 : 1_000_000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the backlog ended with ${code}`);
  return JSON.parse(output) as Backlog;
}

const side = (cpuUs: number, perSecond: number): string =>
  `${cpuUs.toFixed(0)} us of processor an event, ${perSecond.toFixed(0)}/s`;

function backlogRow(backlog: Backlog): Row {
  const { events, firstPerSecond, lastPerSecond, firstCpuUs, lastCpuUs, startMib, mostMib } = backlog;
  // Processor time, as others may use the machine as well.
  const ratio = firstCpuUs / lastCpuUs;
  const grownMib = mostMib - startMib;
  return {
    what: `a backlog of ${events} events worked off: at its full depth, and near its end`,
    lambkin: side(firstCpuUs, firstPerSecond),
    floor: side(lastCpuUs, lastPerSecond),
    figure: `x${ratio.toFixed(2)}, +${grownMib.toFixed(0)} MiB`,
    promise: { text: '<= x2, <= +150 MiB', kept: ratio <= 2 && grownMib <= 150 },
  };
}
