/** What the benchmarks ask of a running Lambkin: new functions, requests signed ahead, its memory. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { CreateFunctionCommand, GetFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { SignatureV4 } from '@smithy/signature-v4';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SignedRequest } from './load.ts';
import { archive } from '../test/archive.ts';
import { credentials, region, role, startService as start, type Service } from '../test/service.ts';

export type { Service } from '../test/service.ts';

export function startService(environment: Readonly<Record<string, string>> = {}): Promise<Service> {
  return start({
    environment: { LAMBKIN_LOG_LEVEL: 'error', LAMBKIN_ACCOUNT_CONCURRENCY: '10000', ...environment },
  });
}

/** A small Node function whose code differs from that of all others, active. */
export async function createFunction(service: Service, name: string, memoryMb = 128): Promise<void> {
  await service.client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      MemorySize: memoryMb,
      Code: {
        ZipFile: await archive({
          'index.mjs': `// ${name}\nexport const handler = async (event) => event;\n`,
        }),
      },
    }),
  );
  // The SDK's waiter looks once a second; with a hundred functions that would be most of the benchmark's time.
  for (;;) {
    const { State } = await service.client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    if (State === 'Active') return;
    if (State === 'Failed') throw new Error(`${name} failed`);
    await sleep(5);
  }
}

/** An invoke of the function, signed. */
export function invokeRequest(service: Service, name: string, payload: string): Promise<SignedRequest> {
  return signedRequest(service, 'POST', `/2015-03-31/functions/${name}/invocations`, payload);
}

/** The same as an event. */
export function eventRequest(service: Service, name: string, payload: string): Promise<SignedRequest> {
  const headers = { 'x-amz-invocation-type': 'Event' };
  return signedRequest(service, 'POST', `/2015-03-31/functions/${name}/invocations`, payload, headers);
}

/** A call of SQS, signed. */
export function queueRequest(service: Service, operation: string, input: object): Promise<SignedRequest> {
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` };
  return signedRequest(service, 'POST', '/', JSON.stringify(input), headers, 'sqs');
}

/** Any request, signed. `pathAndQuery` needs no encoding. */
export async function signedRequest(
  service: Service,
  method: string,
  pathAndQuery: string,
  body: string,
  more: Readonly<Record<string, string>> = {},
  signingName = 'lambda',
): Promise<SignedRequest> {
  const signer = new SignatureV4({ service: signingName, region, credentials, sha256: Sha256 });
  const url = new URL(pathAndQuery, service.endpoint);
  const { headers } = await signer.sign({
    method,
    protocol: 'http:',
    hostname: service.host,
    port: service.port,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: {
      host: `${service.host}:${service.port}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...more,
    },
    body,
  });
  return { method, path: pathAndQuery, headers, body };
}

/** Resident memory of a process, in MiB. */
export function residentMib(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
