/** Warm invokes: latency at concurrency 1, throughput at concurrency 32 with 1 and with 100 functions. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { median, quantile, run, type Load, type Target } from '../load.ts';
import { createFunction, invokeRequest, startService } from '../service.ts';
import { ms, type Row } from '../table.ts';

const payload = '{"x":1}';
const rounds = 5;
const functions = 100;

interface Round {
  readonly floor: Load;
  readonly one: Load;
  readonly many: Load;
}

export async function warmRows(quick: boolean): Promise<readonly Row[]> {
  const latencyCount = quick ? 300 : 3000;
  const throughputCount = quick ? 2000 : 15_000;
  const floorProcess = spawn(process.execPath, [join(import.meta.dirname, '..', 'floor.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(floorProcess.stdout, 'data')) as [Buffer];
  const service = await startService();
  try {
    const floor: Target = {
      host: '127.0.0.1',
      port: Number(port),
      requests: [{ path: '/', headers: { 'content-length': String(payload.length) }, body: payload }],
    };
    for (let index = 0; index < functions; index += 1) await createFunction(service, `bench-${index}`);
    const invokes = async (count: number): Promise<Target> => ({
      host: service.host,
      port: service.port,
      requests: await Promise.all(
        Array.from({ length: count }, (_, index) => invokeRequest(service, `bench-${index}`, payload)),
      ),
    });
    const one = await invokes(1);
    await run(one, 1, 500); // warm
    await run(floor, 1, 500);
    const latency: { floor: Load; one: Load }[] = [];
    for (let round = 0; round < rounds; round += 1) {
      latency.push({ floor: await run(floor, 1, latencyCount), one: await run(one, 1, latencyCount) });
    }
    await run(one, 32, 2000);
    const many = await invokes(functions);
    await run(many, 32, 4000);
    const throughput: Round[] = [];
    for (let round = 0; round < rounds; round += 1) {
      throughput.push({
        floor: await run(floor, 32, throughputCount),
        one: await run(one, 32, throughputCount),
        many: await run(many, 32, throughputCount),
      });
    }
    return [latencyRow(latency), ...throughputRows(throughput)];
  } finally {
    await service.stop();
    floorProcess.kill('SIGKILL');
  }
}

function latencyRow(rounds: readonly { readonly floor: Load; readonly one: Load }[]): Row {
  const over = (load: 'floor' | 'one', share: number): number =>
    median(rounds.map((round) => quantile(round[load].latenciesMs, share)));
  const above = median(
    rounds.map((round) => quantile(round.one.latenciesMs, 0.5) - quantile(round.floor.latenciesMs, 0.5)),
  );
  return {
    what: 'warm latency, concurrency 1, p50 / p99',
    lambkin: `${ms(over('one', 0.5))} / ${ms(over('one', 0.99))}`,
    floor: `${ms(over('floor', 0.5))} / ${ms(over('floor', 0.99))}`,
    figure: `+${ms(above)}`,
    promise: { text: '<= 0.4 ms above the floor', kept: above <= 0.4 },
  };
}

function throughputRows(rounds: readonly Round[]): readonly Row[] {
  const rate = (load: keyof Round): string =>
    `${median(rounds.map((round) => round[load].perSecond)).toFixed(0)}/s`;
  const share = median(rounds.map((round) => round.one.perSecond / round.floor.perSecond));
  const manyShare = median(rounds.map((round) => round.many.perSecond / round.one.perSecond));
  return [
    {
      what: 'throughput, concurrency 32, 1 function',
      lambkin: rate('one'),
      floor: rate('floor'),
      figure: `${(share * 100).toFixed(0)}% of the floor`,
      promise: { text: '>= 35% of the floor', kept: share >= 0.35 },
    },
    {
      what: `throughput, concurrency 32, ${functions} functions`,
      lambkin: rate('many'),
      floor: `${rate('one')} with 1`,
      figure: `${(manyShare * 100).toFixed(0)}% of 1 function`,
      promise: { text: '>= 90% of 1 function', kept: manyShare >= 0.9 },
    },
  ];
}
