/** What a call of the control plane costs with 10,000 functions stored, against what it costs with 100: two services, asked in turn. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../../test/archive.ts';
import { role } from '../../test/service.ts';
import { quantile, send } from '../load.ts';
import { signedRequest, startService, type Service } from '../service.ts';
import { ms, type Row } from '../table.ts';

const few = 100;
const many = 10_000;
const parallel = 16;
const functionsPath = '/2015-03-31/functions';

/** Calls in an order in which each can be made on the function of its round, and how long each took, in milliseconds. */
type Times = Map<string, number[]>;

const agent = new Agent({ keepAlive: true });

export async function controlPlaneRows(quick: boolean): Promise<readonly Row[]> {
  const rounds = quick ? 60 : 300;
  const counts = [few, quick ? many / 10 : many];
  const services = await Promise.all(counts.map(() => startService()));
  try {
    const zip = (await archive({ 'index.mjs': 'export const handler = async (event) => event;' })).toString(
      'base64',
    );
    for (const [index, service] of services.entries()) await fill(service, counts[index] ?? 0, zip);
    const times: readonly Times[] = services.map(() => new Map());
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, service] of services.entries()) {
        await oneOfEach(service, `middle-${round}`, zip, times[index] ?? new Map());
      }
    }
    return [row(times, counts)];
  } finally {
    await Promise.all(services.map((service) => service.stop()));
  }
}

async function fill(service: Service, count: number, zip: string): Promise<void> {
  let made = 0;
  const maker = async (): Promise<void> => {
    while (made < count) {
      made += 1;
      await call(service, 'POST', functionsPath, creation(`function-${made}`, zip));
    }
  };
  await Promise.all(Array.from({ length: parallel }, maker));
}

function creation(name: string, zip: string): object {
  return {
    FunctionName: name,
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: role,
    Code: { ZipFile: zip },
  };
}

async function oneOfEach(service: Service, name: string, zip: string, times: Times): Promise<void> {
  const path = `${functionsPath}/${name}`;
  const timed = async (what: string, method: string, at: string, body?: object): Promise<string> => {
    const request = await signedRequest(service, method, at, body === undefined ? '' : JSON.stringify(body));
    const start = performance.now();
    const answer = await send(agent, service, request);
    const taken = times.get(what) ?? [];
    times.set(what, taken);
    taken.push(performance.now() - start);
    if (answer.statusCode >= 300) throw new Error(`${what}: ${answer.statusCode} ${answer.body}`);
    return answer.body;
  };
  await timed('CreateFunction', 'POST', functionsPath, creation(name, zip));
  await settled(service, path);
  await timed('GetFunction', 'GET', path);
  await timed('UpdateFunctionConfiguration', 'PUT', `${path}/configuration`, { MemorySize: 256 });
  await settled(service, path);
  await timed('PublishVersion', 'POST', `${path}/versions`, {});
  await timed('CreateAlias', 'POST', `${path}/aliases`, { Name: 'live', FunctionVersion: '1' });
  await timed('ListVersionsByFunction', 'GET', `${path}/versions`);
  await timed('ListFunctions', 'GET', `${functionsPath}?MaxItems=50`);
  await timed('PutFunctionConcurrency', 'PUT', `/2017-10-31/functions/${name}/concurrency`, {
    ReservedConcurrentExecutions: 1,
  });
  await timed('DeleteFunction', 'DELETE', path);
}

/** Waits until nothing is being done to the function. */
async function settled(service: Service, path: string): Promise<void> {
  for (;;) {
    const { State, LastUpdateStatus } = JSON.parse(await call(service, 'GET', `${path}/configuration`)) as {
      State: string;
      LastUpdateStatus: string;
    };
    if (State === 'Active' && LastUpdateStatus === 'Successful') return;
    if (State === 'Failed' || LastUpdateStatus === 'Failed') throw new Error(`${path} failed`);
    await sleep(1);
  }
}

async function call(service: Service, method: string, path: string, body?: object): Promise<string> {
  const request = await signedRequest(service, method, path, body === undefined ? '' : JSON.stringify(body));
  const answer = await send(agent, service, request);
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${answer.body}`);
  return answer.body;
}

/** The call whose cost grows most is what counts. */
function row([withFew, withMany]: readonly Times[], counts: readonly number[]): Row {
  const p50 = (times: Times | undefined, what: string): number =>
    quantile(
      [...(times?.get(what) ?? [])].sort((a, b) => a - b),
      0.5,
    );
  const [worst] = [...(withFew?.keys() ?? [])]
    .map((what) => ({ what, few: p50(withFew, what), many: p50(withMany, what) }))
    .sort((a, b) => b.many / b.few - a.many / a.few);
  if (worst === undefined) throw new Error('nothing was measured');
  const ratio = worst.many / worst.few;
  return {
    what: `control plane, ${counts[1]} functions stored, the call that grows most: ${worst.what}, p50`,
    lambkin: ms(worst.many),
    floor: `${ms(worst.few)} with ${counts[0]}`,
    figure: `${ratio.toFixed(2)} x`,
    promise: { text: '<= 1.2 x', kept: ratio <= 1.2 },
  };
}
