/** Event invokes: how fast they are acknowledged durably, and what a flood of them does to synchronous invokes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median, quantile, run, type Load, type SignedRequest, type Target } from '../load.ts';
import { createFunction, eventRequest, invokeRequest, startService } from '../service.ts';
import { ms, type Row } from '../table.ts';

const payload = '{"x":1}';
const rounds = 5;
const concurrency = 64;

export async function eventRows(quick: boolean): Promise<readonly Row[]> {
  const count = quick ? 2_000 : 15_000;
  const floorProcess = spawn(process.execPath, [join(import.meta.dirname, '..', 'floor.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(floorProcess.stdout, 'data')) as [Buffer];
  const service = await startService();
  try {
    const floor: Target = {
      host: '127.0.0.1',
      port: Number(port),
      requests: [
        { method: 'POST', path: '/', headers: { 'content-length': String(payload.length) }, body: payload },
      ],
    };
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
    const alone = await run(synchronous, 1, quick ? 500 : 2_000);
    const flood = run(events, 16, count);
    const beside = await run(synchronous, 1, quick ? 200 : 1_000);
    await flood;
    return [acknowledged(measured), besideRow(alone, beside)];
  } finally {
    await service.stop();
    floorProcess.kill('SIGKILL');
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

function besideRow(alone: Load, beside: Load): Row {
  return {
    what: 'warm synchronous latency beside a flood of events, p50 / p99',
    lambkin: latency(beside),
    floor: `${latency(alone)} without`,
    figure: `x${(quantile(beside.latenciesMs, 0.5) / quantile(alone.latenciesMs, 0.5)).toFixed(1)}`,
  };
}

function latency({ latenciesMs }: Load): string {
  return `${ms(quantile(latenciesMs, 0.5))} / ${ms(quantile(latenciesMs, 0.99))}`;
}
