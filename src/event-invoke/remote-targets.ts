/** Queues, topics, event buses and buckets that Lambkin does not serve: called over HTTP, signed with the credentials of the function's role. */
import type { Credentials } from '#identity';
import type { Clock, Entropy } from '#platform';
import { SignedCalls } from '#wire';
import { awsRequest, deliveryActions, outcomeOf, type RemoteService, resourceOf } from './aws-requests.ts';
import type { EventTarget, EventTargets } from './destinations.ts';
import type { RoleMay } from './lambda-target.ts';
import { deliveryAnswerBytesMax, deliveryMs } from './limits.ts';

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
  const calls = new SignedCalls({
    endpoint,
    service,
    callMsMax: deliveryMs,
    answerBytesMax: deliveryAnswerBytesMax,
    clock,
  });
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
      const { accessKeyId, secretAccessKey, sessionToken } = roleCredentials(roleArn, event.functionName);
      const keys = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
      const answer = await calls.call({ ...request, keys });
      if (answer.kind === 'unanswered') return { kind: 'unavailable', reason: answer.reason };
      return outcomeOf(service, answer.statusCode, answer.text);
    },
  };
}
