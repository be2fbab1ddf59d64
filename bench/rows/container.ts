/**
 * What the container costs beyond the process: warm and cold latency of the two side by side, and what idle, frozen environments take. Skipped,
 * with the reason, where the host cannot run containers.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import { median, quantile, run, send, type Target } from '../load.ts';
import { createFunction, invokeRequest, startService, type Service } from '../service.ts';
import { ms, type Row } from '../table.ts';

/** One core: with less, a container has less processor, as on AWS, and a process has not. */
const memoryMb = 1_769;
const idleEnvironments = 200;
const rounds = 7;
const payload = '{"x":1}';

interface Pair {
  readonly container: Service;
  readonly process: Service;
}

export async function containerRows(quick: boolean): Promise<readonly Row[]> {
  const why = await skipped('container');
  if (why !== false) {
    console.error(`  no rows: ${why}`);
    return [];
  }
  const pair = await startPair();
  try {
    const warm = await warmRow(pair, quick ? 500 : 3_000);
    const cold = await coldRow(pair, quick ? 10 : 40);
    return [warm, cold, ...(await idleRows(quick ? 20 : idleEnvironments))];
  } finally {
    await stop(pair);
  }
}

async function startPair(): Promise<Pair> {
  return {
    container: await startService({ LAMBKIN_ISOLATION: 'container' }),
    process: await startService({ LAMBKIN_ISOLATION: 'process' }),
  };
}

async function stop(pair: Pair): Promise<void> {
  await Promise.all([pair.container.stop(), pair.process.stop()]);
}

async function warmTarget(service: Service): Promise<Target> {
  await createFunction(service, 'warm', memoryMb);
  const { host, port } = service;
  return { host, port, requests: [await invokeRequest(service, 'warm', payload)] };
}

async function warmRow(pair: Pair, count: number): Promise<Row> {
  const [container, process] = [await warmTarget(pair.container), await warmTarget(pair.process)];
  await run(container, 1, 1_500);
  await run(process, 1, 1_500);
  const [contained, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(quantile((await run(process, 1, count)).latenciesMs, 0.5));
    contained.push(quantile((await run(container, 1, count)).latenciesMs, 0.5));
  }
  const ratio = median(contained.map((took, round) => took / (bare[round] ?? Number.NaN)));
  return {
    what: 'warm latency in a container, p50',
    lambkin: ms(median(contained)),
    floor: `${ms(median(bare))} process`,
    figure: `${ratio.toFixed(2)} x`,
    promise: { text: '<= 1.1 x process', kept: ratio <= 1.1 },
  };
}

async function coldRow(pair: Pair, count: number): Promise<Row> {
  const agent = new Agent({ keepAlive: true });
  const first = async (service: Service, name: string): Promise<number> => {
    await createFunction(service, name, memoryMb);
    await sleep(700); // the pool fills again
    const request = await invokeRequest(service, name, payload);
    const start = performance.now();
    const answer = await send(agent, service, request);
    const tookMs = performance.now() - start;
    if (answer.body !== payload) throw new Error(`${name}: ${answer.statusCode} ${answer.body}`);
    return tookMs;
  };
  const [contained, bare]: [number[], number[]] = [[], []];
  for (let index = 0; index < count; index += 1) {
    bare.push(await first(pair.process, `cold-${index}`));
    contained.push(await first(pair.container, `cold-${index}`));
  }
  agent.destroy();
  const ratio = median(contained) / median(bare);
  return {
    what: 'first invoke of a new function in a container, p50',
    lambkin: ms(median(contained)),
    floor: `${ms(median(bare))} process`,
    figure: `${ratio.toFixed(2)} x`,
    promise: { text: '<= 1.5 x process', kept: ratio <= 1.5 },
  };
}

/** What so many environments take beyond their runtimes. */
async function idleRows(count: number): Promise<readonly Row[]> {
  const process = await idle('process', count);
  const container = await idle('container', count);
  const eachMib = (container.kernelMib - process.kernelMib + container.shellsMib) / count;
  return [
    {
      what: `memory of an idle, frozen container beyond its runtime, of ${count}`,
      lambkin: `${eachMib.toFixed(2)} MiB`,
      floor: `${(process.kernelMib / count).toFixed(2)} MiB kernel, process`,
      figure: '',
      promise: { text: '<= 1 MiB', kept: eachMib <= 1 },
    },
    {
      what: `processor time of ${count} idle, frozen containers`,
      lambkin: `${container.cpuMsPerSecond.toFixed(2)} ms/s`,
      floor: '',
      figure: '',
      promise: { text: '0', kept: container.cpuMsPerSecond < 0.01 },
    },
  ];
}

interface Idle {
  /** What the kernel has taken for them and cannot give back. */
  readonly kernelMib: number;
  /** Private memory of the containers' own first processes. */
  readonly shellsMib: number;
  readonly cpuMsPerSecond: number;
}

async function idle(isolation: string, count: number): Promise<Idle> {
  const service = await startService({ LAMBKIN_ISOLATION: isolation, LAMBKIN_POOL_SIZE: '1' });
  const agent = new Agent({ keepAlive: true });
  try {
    for (let index = 0; index < count; index += 1) await createFunction(service, `idle-${index}`);
    await sleep(3_000);
    const before = kernelMib();
    for (let index = 0; index < count; index += 1) {
      await send(agent, service, await invokeRequest(service, `idle-${index}`, payload));
    }
    await sleep(4_000); // all are frozen, and the pool is full again
    const taken = kernelMib() - before;
    const shells = frozenBelow(service.pid).filter((pid) => read(`/proc/${pid}/comm`).trim() === 'sh');
    const cpuMs = cpuMsOf(service);
    await sleep(5_000);
    return {
      kernelMib: taken,
      shellsMib: shells.reduce((sum, pid) => sum + privateMib(pid), 0),
      cpuMsPerSecond: (cpuMsOf(service) - cpuMs) / 5,
    };
  } finally {
    agent.destroy();
    await service.stop();
  }
}

/** Of the whole host: other programs that start meanwhile are in it. */
function kernelMib(): number {
  const text = readFileSync('/proc/meminfo', 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return (kib('SUnreclaim') + kib('KernelStack') + kib('PageTables') + kib('Percpu')) / 1_024;
}

function privateMib(pid: number): number {
  const found = read(`/proc/${pid}/smaps_rollup`).matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm);
  return [...found].reduce((sum, [, kib]) => sum + Number(kib), 0) / 1_024;
}

/** User and system time of all processes below the service but those of itself, in milliseconds. */
function cpuMsOf({ pid }: Service): number {
  return frozenBelow(pid).reduce((sum, each) => sum + cpuTicks(each) * 10, 0);
}

function frozenBelow(pid: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const each of processIds()) {
    const parent = Number(stat(each)?.[1]);
    parents.set(parent, [...(parents.get(parent) ?? []), each]);
  }
  const found: number[] = [];
  const visit = (each: number): void => {
    for (const child of parents.get(each) ?? []) {
      // The user range of sandboxes: everything else is the worker's own.
      if (Number(/^Uid:\s+(\d+)/m.exec(read(`/proc/${child}/status`))?.[1]) > 1_000_000) found.push(child);
      visit(child);
    }
  };
  visit(pid);
  return found;
}

function cpuTicks(pid: number): number {
  const fields = stat(pid);
  return fields === undefined ? 0 : Number(fields[11]) + Number(fields[12]);
}

/** The fields behind the name: state, parent, ... */
function stat(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function processIds(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
