/** Warm invokes: latency at concurrency 1, throughput at concurrency 32 with 1 and with 100 functions. */
import { BareServer } from '../bare-server.ts';
import { median, quantile, run, type Load, type Target } from '../load.ts';
import { createFunction, invokeRequest, startService } from '../service.ts';
import { ms, type Row } from '../table.ts';

const payload = '{"x":1}';
const rounds = 5;
const functions = 100;
/**
 * Invokes before a measurement, per function or per unit of concurrency, whichever there are more of: environments exist, and the code of each
 * (a process of its own) is compiled. With too few a hundred functions seem slower, because a hundred processes still compile.
 */
const warmUpEach = 1_500;

export async function warmRows(quick: boolean): Promise<readonly Row[]> {
  const throughputCount = quick ? 2000 : 15_000;
  const invokes = await invokeRows(quick ? 300 : 3000, throughputCount);
  return [...invokes, processesRow(await bareProcesses(throughputCount))];
}

async function invokeRows(latencyCount: number, throughputCount: number): Promise<readonly Row[]> {
  using floorServer = await BareServer.start('floor.ts');
  const service = await startService();
  try {
    const floor = floorServer.target(payload);
    const invokes = async (count: number): Promise<Target> => ({
      host: service.host,
      port: service.port,
      requests: await Promise.all(
        Array.from({ length: count }, (_, index) => invokeRequest(service, `bench-${index}`, payload)),
      ),
    });
    await createFunction(service, 'bench-0');
    const one = await invokes(1);
    await run(floor, 1, 500);
    await run(one, 1, 500);
    const latency = await inTurn(floor, one, 1, latencyCount);
    await run(one, 32, 32 * warmUpEach);
    const throughput = await inTurn(floor, one, 32, throughputCount);
    // Only now, so that what other functions keep in memory and caches is not in the figures of one.
    for (let index = 1; index < functions; index += 1) await createFunction(service, `bench-${index}`);
    const many = await invokes(functions);
    await run(many, 32, functions * warmUpEach);
    const manyThroughput = await inTurn(one, many, 32, throughputCount);
    return [latencyRow(latency), throughputRow(throughput), manyRow(manyThroughput)];
  } finally {
    await service.stop();
  }
}

/** A few bare processes against a hundred, behind a bare server: what it costs on this host to have many take turns. */
async function bareProcesses(count: number): Promise<readonly Round[]> {
  using server = await BareServer.start('process-floor.ts');
  const few = server.target(payload, '/few');
  const all = server.target(payload, '/many');
  await run(few, 32, 32 * warmUpEach);
  await run(all, 32, functions * warmUpEach);
  return await inTurn(few, all, 32, count);
}

/** What is compared, measured in turn so that the machine's moods meet both. */
interface Round {
  readonly floor: Load;
  readonly load: Load;
}

async function inTurn(
  floor: Target,
  load: Target,
  concurrency: number,
  count: number,
): Promise<readonly Round[]> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    measured.push({ floor: await run(floor, concurrency, count), load: await run(load, concurrency, count) });
  }
  return measured;
}

function latencyRow(measured: readonly Round[]): Row {
  const at = (side: keyof Round, share: number): number =>
    median(measured.map((round) => quantile(round[side].latenciesMs, share)));
  const above = median(
    measured.map((round) => quantile(round.load.latenciesMs, 0.5) - quantile(round.floor.latenciesMs, 0.5)),
  );
  return {
    what: 'warm latency, concurrency 1, p50 / p99',
    lambkin: `${ms(at('load', 0.5))} / ${ms(at('load', 0.99))}`,
    floor: `${ms(at('floor', 0.5))} / ${ms(at('floor', 0.99))}`,
    figure: `+${ms(above)}`,
    promise: { text: '<= 0.4 ms above the floor', kept: above <= 0.4 },
  };
}

function throughputRow(measured: readonly Round[]): Row {
  const share = shareOf(measured);
  return {
    what: 'throughput, concurrency 32, 1 function',
    lambkin: rate(measured, 'load'),
    floor: rate(measured, 'floor'),
    figure: `${(share * 100).toFixed(0)}% of the floor`,
    promise: { text: '>= 35% of the floor', kept: share >= 0.35 },
  };
}

function manyRow(measured: readonly Round[]): Row {
  const share = shareOf(measured);
  return {
    what: `throughput, concurrency 32, ${functions} functions`,
    lambkin: rate(measured, 'load'),
    floor: `${rate(measured, 'floor')} with 1`,
    figure: `${(share * 100).toFixed(0)}% of 1 function`,
    promise: { text: '>= 90% of 1 function', kept: share >= 0.9 },
  };
}

/** Not Lambkin's: how much of the row above is the host's. */
function processesRow(measured: readonly Round[]): Row {
  return {
    what: `the same with ${functions} bare processes behind a bare server`,
    lambkin: '',
    floor: `${rate(measured, 'load')}, ${rate(measured, 'floor')} with a few`,
    figure: `${(shareOf(measured) * 100).toFixed(0)}% of a few`,
  };
}

function rate(measured: readonly Round[], side: keyof Round): string {
  return `${median(measured.map((round) => round[side].perSecond)).toFixed(0)}/s`;
}

function shareOf(measured: readonly Round[]): number {
  return median(measured.map((round) => round.load.perSecond / round.floor.perSecond));
}
