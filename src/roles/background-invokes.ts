/** What invokes functions while nobody waits for the answer: asynchronous events, and event sources. Both go through the frontend. */
import { type EventInvoke, openEventInvoke, queueTarget, remoteTargets } from '#event-invoke';
import { createEventSources, type EventSources, queueOpener } from '#event-sources';
import type { Frontend } from '#frontend';
import type { Account, PolicyAuthorizer } from '#identity';
import type { MetadataCache } from '#metadata';
import {
  systemClock as clock,
  systemEntropy as entropy,
  systemRandom as random,
  type Documents,
  type Queue,
} from '#platform';
import type { Sqs } from '#sqs';
import type { Log } from '#wire';
import type { Closing } from './closing.ts';
import { reasonOf } from './log.ts';
import type { Recording } from './metrics.ts';
import type { LambkinOptions } from './options.ts';
import { roleAccess } from './role-access.ts';

export interface BackgroundParts {
  readonly options: Pick<LambkinOptions, 'endpoints' | 'region'>;
  readonly account: Account;
  readonly authorizer: Pick<PolicyAuthorizer, 'decide'>;
  readonly documents: Documents;
  readonly queue: Queue;
  readonly metadata: MetadataCache;
  readonly frontend: Frontend;
  readonly sqs: Sqs;
  readonly recording: Pick<Recording, 'events' | 'onPolled'>;
  readonly log: Log;
  readonly closing: Closing;
  readonly trouble: (message: string, error?: unknown) => void;
}

export interface BackgroundInvokes {
  readonly roleMay: ReturnType<typeof roleAccess>;
  readonly events: EventInvoke;
  readonly eventSources: EventSources;
  /** Once functions that are invoked know the endpoint. */
  start(): Promise<void>;
}

export async function openBackgroundInvokes(parts: BackgroundParts): Promise<BackgroundInvokes> {
  const { account, documents, metadata, frontend, sqs, closing } = parts;
  const { endpoints, region } = parts.options;
  const { accountId } = account;
  const roleMay = roleAccess(account, parts.authorizer, (arn) => sqs.queues.policyOf(arn));
  const faultOf = (message: string) => (error: unknown, requestId: string) =>
    parts.log.error(message, { requestId, reason: reasonOf(error) });
  const shared = {
    accountId,
    region,
    documents,
    metadata,
    frontend,
    roleMay,
    clock,
    random,
    entropy,
    onTrouble: parts.trouble,
  };

  const sourceQueues = queueOpener({
    own: sqs.queues,
    ...(endpoints['sqs'] === undefined ? {} : { endpoint: endpoints['sqs'] }),
    region,
    roleKeys: (roleArn) => account.roleCredentials(roleArn, 'event-source-mapping'),
    clock,
  });
  closing.add(() => sourceQueues.close());
  const eventSources = createEventSources({
    ...shared,
    openQueue: (arn, roleOf) => sourceQueues.open(arn, roleOf),
    onCount: parts.recording.onPolled,
    reportFault: faultOf('an invoke of an event source mapping failed for a reason of our own'),
  });

  const remote = remoteTargets({
    region,
    endpoints,
    roleMay,
    roleCredentials: (roleArn, sessionName) => account.roleCredentials(roleArn, sessionName),
    clock,
    entropy,
  });
  const ownQueues = queueTarget({
    accountId,
    region,
    queues: sqs.queues,
    roleMay,
    senderIdOf: (roleArn, sessionName) => account.roleUserId(roleArn, sessionName),
    otherwise: remote.sqs,
  });
  const events = await openEventInvoke({
    ...shared,
    queue: parts.queue,
    targets: { ...remote, sqs: ownQueues },
    metrics: parts.recording.events,
    reportFault: faultOf('an attempt of an event failed for a reason of our own'),
  });
  closing.add((graceMs) => events.close(graceMs));
  return {
    roleMay,
    events,
    eventSources,
    async start() {
      await eventSources.start();
      events.start();
    },
  };
}
