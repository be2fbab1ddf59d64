/** Streamed answers: how long their first byte takes, against a buffered invoke of the same run, and how fast a large one comes. */
import { CreateFunctionCommand, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import { Agent, request as httpRequest } from 'node:http';
import { median, quantile, run, type SignedRequest } from '../load.ts';
import { createFunction, invokeRequest, signedRequest, startService, type Service } from '../service.ts';
import { ms, type Row } from '../table.ts';
import { archive } from '../../test/archive.ts';
import { role } from '../../test/service.ts';

const payload = '{"x":1}';
const rounds = 5;
const largeBytes = 128 * 1024 * 1024;
const mebibyte = 1024 * 1024;

const source = `
import { once } from 'node:events';
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (!event.bytes) return void stream.end('x');
  const part = Buffer.alloc(64 * 1024);
  for (let sent = 0; sent < event.bytes; sent += part.length) if (!stream.write(part)) await once(stream, 'drain');
  stream.end();
});`;

export async function streamingRows(quick: boolean): Promise<readonly Row[]> {
  const count = quick ? 300 : 3_000;
  // The rate of streams is AWS's, and would be all that the second row shows.
  const service = await startService({ LAMBKIN_STREAM_BURST: '1000', LAMBKIN_STREAM_RATE: '100000' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await createFunction(service, 'buffered');
    await createStreaming(service);
    const { host, port } = service;
    const buffered = { host, port, requests: [await invokeRequest(service, 'buffered', payload)] };
    const streamed = await streamRequest(service, payload);
    await run(buffered, 1, 500);
    await firstBytes(agent, service, streamed, 500);
    const above: number[] = [];
    const [ours, floors]: [number[][], number[][]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      const { latenciesMs } = await run(buffered, 1, count);
      const first = await firstBytes(agent, service, streamed, count);
      floors.push([...latenciesMs]);
      ours.push(first);
      above.push(quantile(first, 0.5) - quantile(latenciesMs, 0.5));
    }
    const large = await streamRequest(service, JSON.stringify({ bytes: largeBytes }));
    const rates: number[] = [];
    for (let round = 0; round < (quick ? 1 : rounds); round += 1) {
      const start = performance.now();
      const { bytes } = await stream(agent, service, large);
      if (bytes < largeBytes) throw new Error(`${bytes} bytes of ${largeBytes}`);
      rates.push(bytes / mebibyte / ((performance.now() - start) / 1_000));
    }
    return [
      {
        what: 'first byte of a stream, concurrency 1, p50 / p99',
        lambkin: `${at(ours, 0.5)} / ${at(ours, 0.99)}`,
        floor: `${at(floors, 0.5)} / ${at(floors, 0.99)} buffered`,
        figure: `+${ms(median(above))}`,
        promise: { text: '<= 1 ms above a buffered invoke', kept: median(above) <= 1 },
      },
      {
        what: `a stream of ${largeBytes / mebibyte} MiB, without its rate`,
        lambkin: `${median(rates).toFixed(0)} MiB/s`,
        floor: '2 MiB/s by default',
        figure: '',
      },
    ];
  } finally {
    agent.destroy();
    await service.stop();
  }
}

const at = (side: readonly number[][], share: number): string =>
  ms(median(side.map((latencies) => quantile(latencies, share))));

async function createStreaming({ client }: Service): Promise<void> {
  const FunctionName = 'streaming';
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Timeout: 60,
      Code: { ZipFile: await archive({ 'index.mjs': source }) },
    }),
  );
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { FunctionName });
}

function streamRequest(service: Service, body: string): Promise<SignedRequest> {
  const path = '/2021-11-15/functions/streaming/response-streaming-invocations';
  return signedRequest(service, 'POST', path, body);
}

/** Milliseconds to the first byte of the body, ascending. */
async function firstBytes(
  agent: Agent,
  service: Service,
  signed: SignedRequest,
  count: number,
): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    latenciesMs.push((await stream(agent, service, signed)).firstMs);
  }
  return latenciesMs.sort((a, b) => a - b);
}

function stream(
  agent: Agent,
  { host, port }: Service,
  { body, ...signed }: SignedRequest,
): Promise<{ readonly firstMs: number; readonly bytes: number }> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const outgoing = httpRequest({ agent, host, port, ...signed }, (response) => {
      let firstMs = Number.NaN;
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        if (bytes === 0) {
          firstMs = performance.now() - start;
          if (!chunk.includes('PayloadChunk')) reject(new Error(`it began with ${chunk.toString()}`));
        }
        bytes += chunk.length;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve({ firstMs, bytes });
        else reject(new Error(`status ${response.statusCode}`));
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
