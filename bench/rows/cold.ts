/** First invokes: one new function after another, and 50 at once, against starting bare Node processes. */
import { spawn } from 'node:child_process';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { median, quantile, send } from '../load.ts';
import { createFunction, invokeRequest, startService, type Service } from '../service.ts';
import { ms, type Row } from '../table.ts';

const burst = 50;
/** Long enough for the pool to fill again between two first invokes. */
const settleMs = 700;

export async function coldRows(quick: boolean): Promise<readonly Row[]> {
  return [await firstInvokeRow(quick ? 5 : 25), await burstRow(undefined), await burstRow(burst)];
}

/** Starts a bare `node -e 0` and waits for its end: milliseconds. */
async function bareNode(): Promise<number> {
  const start = performance.now();
  await new Promise((resolve, reject) => {
    spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: { PATH: process.env['PATH'] } })
      .once('exit', resolve)
      .once('error', reject);
  });
  return performance.now() - start;
}

/** Over connections that are kept alive, as SDKs keep them. */
const agent = new Agent({ keepAlive: true });

async function firstInvoke(service: Service, name: string): Promise<number> {
  const request = await invokeRequest(service, name, '{"x":1}');
  const start = performance.now();
  const answer = await send(agent, service, request);
  const tookMs = performance.now() - start;
  if (answer.statusCode !== 200 || answer.body !== '{"x":1}') {
    throw new Error(`${name}: ${answer.statusCode} ${answer.body}`);
  }
  return tookMs;
}

async function firstInvokeRow(count: number): Promise<Row> {
  const service = await startService();
  try {
    const cold: number[] = [];
    const bare: number[] = [];
    await createFunction(service, 'warm-up');
    await firstInvoke(service, 'warm-up');
    for (let index = 0; index < count; index += 1) {
      await createFunction(service, `cold-${index}`);
      await sleep(settleMs);
      cold.push(await firstInvoke(service, `cold-${index}`));
      bare.push(await bareNode());
    }
    cold.sort((a, b) => a - b);
    bare.sort((a, b) => a - b);
    const ratio = quantile(cold, 0.5) / quantile(bare, 0.5);
    return {
      what: 'first invoke of a new function, p50 / p99',
      lambkin: `${ms(quantile(cold, 0.5))} / ${ms(quantile(cold, 0.99))}`,
      floor: `${ms(quantile(bare, 0.5))} node -e 0`,
      figure: `${ratio.toFixed(2)} x`,
      promise: { text: '<= 0.3 x node -e 0', kept: ratio <= 0.3 },
    };
  } finally {
    await service.stop();
  }
}

async function burstRow(poolSize: number | undefined): Promise<Row> {
  const service = await startService(poolSize === undefined ? {} : { LAMBKIN_POOL_SIZE: String(poolSize) });
  try {
    const bursts: number[] = [];
    const bares: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const names = Array.from({ length: burst }, (_, index) => `burst-${round}-${index}`);
      for (const name of names) await createFunction(service, name);
      await sleep(poolSize === undefined ? settleMs : 10_000);
      bursts.push(Math.max(...(await Promise.all(names.map((name) => firstInvoke(service, name))))));
      bares.push(Math.max(...(await Promise.all(names.map(bareNode)))));
    }
    const ratio = median(bursts.map((took, round) => took / (bares[round] ?? Number.NaN)));
    return {
      what: `${burst} new functions at once, the last; pool ${poolSize ?? 'as it comes'}`,
      lambkin: ms(median(bursts)),
      floor: `${ms(median(bares))} ${burst} x node -e 0`,
      figure: `${ratio.toFixed(2)} x`,
      promise:
        poolSize === undefined
          ? { text: `<= 1.2 x ${burst} bare node`, kept: ratio <= 1.2 }
          : { text: 'far less than 1 x', kept: ratio <= 0.5 },
    };
  } finally {
    await service.stop();
  }
}
