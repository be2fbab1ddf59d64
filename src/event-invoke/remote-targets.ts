/** Queues, topics, event buses and buckets that Lambkin does not serve: called over HTTP, signed with the credentials of the function's role. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Credentials } from '#identity';
import type { Clock, Entropy } from '#platform';
import {
  awsRequest,
  type AwsRequest,
  deliveryActions,
  outcomeOf,
  type RemoteService,
  resourceOf,
} from './aws-requests.ts';
import type { EventTarget, EventTargets } from './destinations.ts';
import { httpCall } from './host/http-call.ts';
import type { RoleMay } from './lambda-target.ts';

export interface RemoteTargetsOptions {
  readonly region: string;
  /** By service (`sqs`, `sns`, `events`, `s3`): `http://127.0.0.1:9324`. A service without one refuses. */
  readonly endpoints: Readonly<Record<string, string>>;
  readonly roleMay: RoleMay;
  readonly roleCredentials: (roleArn: string, sessionName: string) => Credentials;
  readonly clock: Clock;
  readonly entropy: Entropy;
}

const services: readonly RemoteService[] = ['sqs', 'sns', 'events', 's3'];

export function remoteTargets(options: RemoteTargetsOptions): EventTargets {
  const configured = services.filter((service) => options.endpoints[service] !== undefined);
  return Object.fromEntries(
    configured.map((service) => [service, remoteTarget(service, options.endpoints[service] ?? '', options)]),
  );
}

function remoteTarget(service: RemoteService, endpoint: string, options: RemoteTargetsOptions): EventTarget {
  const { region, roleMay, roleCredentials, clock, entropy } = options;
  return {
    async deliver(delivery) {
      const { roleArn, event } = delivery;
      const context = { region, endpoint, nowMs: clock.wallMs(), uuid: () => entropy.uuid() };
      const request = awsRequest(service, delivery, context);
      if (typeof request === 'string') return { kind: 'refused', reason: request };
      const action = deliveryActions[service];
      if (roleMay(roleArn, action, resourceOf(service, delivery, request)) === false) {
        return { kind: 'refused', reason: `${roleArn} is not allowed to perform ${action}` };
      }
      const credentials = roleCredentials(roleArn, event.functionName);
      const url = new URL(endpoint.replace(/\/+$/, '') + request.path);
      const headers = await signed(service, url, request, credentials, context.nowMs);
      const { method, body } = request;
      const answer = await httpCall({ method, url, headers, body }, clock);
      if (answer.kind === 'unanswered') return { kind: 'unavailable', reason: answer.reason };
      return outcomeOf(service, answer.statusCode, answer.body);
    },
  };
}

async function signed(
  service: RemoteService,
  url: URL,
  { method, headers, body, region }: AwsRequest,
  credentials: Credentials,
  nowMs: number,
): Promise<Readonly<Record<string, string>>> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const signer = new SignatureV4({
    service,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) },
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
  const request = await signer.sign(
    {
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port !== '' && { port: Number(url.port) }),
      path: url.pathname,
      query: {},
      headers: { ...headers, host: url.host, 'content-length': String(body.byteLength) },
      body,
    },
    { signingDate: new Date(nowMs) },
  );
  return request.headers;
}
