/**
 * The composition of all roles in one process. Read it from top to bottom to see what Lambkin is made of: engines, then what
 * runs functions, then what decides, then what speaks to clients.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  type AccessOptions,
  type AccessRows,
  autoscalingAccess,
  createAuthorize,
  lambdaAccess,
  logsAccess,
  metricsAccess,
  sqsAccess,
} from '#access';
import { createAssignment, keepProvisioned } from '#assignment';
import { autoscalingService, createAutoscaling } from '#autoscaling';
import { openCodeStore, S3Archives } from '#code';
import { createControlPlane } from '#control-plane';
import { createCounting } from '#counting';
import { openFileBlobs } from '#engines/files';
import type { SqliteEngine } from '#engines/sqlite';
import { createFrontend, createUrlRoute, invokeHandlers } from '#frontend';
import { openAccount, type RootIdentity } from '#identity';
import { unreachable } from '#lib/assert';
import { logsService, openLogs } from '#logs';
import { openMetadataCache, VariableSeal } from '#metadata';
import { metricsApi } from '#metrics';
import { createPlacement } from '#placement';
import { loopLoad, systemClock as clock, systemEntropy as entropy, systemRandom as random } from '#platform';
import { openRuntimes, type Runtimes } from '#runtimes';
import { openSqs, sqsService } from '#sqs';
import {
  type Authorize,
  createListener,
  invokePaths,
  type LaterService,
  Links,
  type Log,
  type ReportFault,
  restJsonService,
  type Service,
} from '#wire';
import { openWorker, type Isolation, type Worker } from '#worker';
import { archiveRoute } from './archive-route.ts';
import { openBackgroundInvokes } from './background-invokes.ts';
import type { Closing } from './closing.ts';
import { defaultPoolSize, localCapacity } from './capacity.ts';
import { reasonOf } from './log.ts';
import { openMetricsRoute, openRecording } from './metrics.ts';
import type { LambkinOptions } from './options.ts';
import { noneAhead, oneAtATime } from './one-at-a-time.ts';
import { openLaterImages } from './later-images.ts';
import { readSigningProfiles } from './signing-profiles.ts';

export type Composed =
  | {
      readonly kind: 'listening';
      readonly endpoint: string;
      readonly runtimes: Runtimes;
      readonly isolation: Isolation;
    }
  | { readonly kind: 'port-taken'; readonly host: string; readonly port: number }
  | { readonly kind: 'refused'; readonly message: string };

const workerId = 'local';
const zone = 'local';
/** What clients of IAM and STS sign for wherever they are: known before these are loaded. */
const signingRegions = ['us-east-1'];

/** Everything that is opened is in `closing`, also when this fails. The store is the caller's. */
export async function compose(
  options: LambkinOptions,
  store: SqliteEngine,
  root: RootIdentity,
  log: Log,
  closing: Closing,
): Promise<Composed> {
  const { dataDirectory, region } = options;
  const trouble = (message: string, error?: unknown): void =>
    log.warn(message, error === undefined ? {} : { reason: reasonOf(error) });

  // Engines.
  const blobs = await openFileBlobs(join(dataDirectory, 'blobs'), { entropy });
  const { documents, journal, queue } = store;

  // Who may do what.
  const identity = await openAccount({
    root,
    documents,
    clock,
    random,
    entropy,
    onTrouble: (error) => trouble('the watch on users and roles broke and is taken up again', error),
  });
  closing.add(() => identity.close());
  const { account } = identity;
  const { accountId } = account;
  const recording = await openRecording({ accountId, documents, options, closing, trouble });

  // What runs functions.
  const metadata = await openMetadataCache({
    documents,
    region,
    random,
    clock,
    onTrouble: (error) => trouble('the watch on the metadata broke and is taken up again', error),
  });
  closing.add(() => metadata.close());
  const logs = openLogs({
    documents,
    journal,
    clock,
    entropy,
    onFault: (error) => trouble('log events could not be stored or trimmed', error),
  });
  closing.add(() => logs.close());
  const sqs = openSqs({
    accountId: account.accountId,
    region,
    documents,
    queue: store.queue,
    clock,
    entropy,
    watch: recording.queues,
    ...(options.queueNameWaitMs !== undefined && { limits: { nameWaitMs: options.queueNameWaitMs } }),
    onFault: (error) => trouble('queues could not be tidied up', error),
  });
  closing.add(() => sqs.close());
  const runtimes = openRuntimes({
    directory: join(dataDirectory, 'runtimes'),
    clock,
    ...(options.registry === undefined ? {} : { registry: options.registry }),
  });
  const code = openCodeStore({ blobs, directory: join(dataDirectory, 'code') });
  closing.add(() => code.close());
  const archives = new S3Archives({
    endpoint: options.endpoints['s3'] ?? (process.env['AWS_ENDPOINT_URL_S3'] || undefined),
    region,
    clock,
  });
  closing.add(() => archives.close());
  const variables = new VariableSeal(root.deriveKey('environment-variables'));
  let endpoint = '';
  const images = await openLaterImages({
    options,
    account,
    documents,
    blobs,
    endpoint: () => endpoint,
    log,
    closing,
    trouble,
  });
  const worker = await openWorker({
    workerId,
    zone,
    runtimes,
    code,
    images: images.mounts,
    logs: logs.sink,
    credentials: (roleArn, sessionName) => account.roleCredentials(roleArn, sessionName),
    ...(options.credentialsBy && { credentialsBy: options.credentialsBy }),
    openVariables: (version) => variables.open(version),
    clock,
    entropy,
    directory: join(dataDirectory, 'sandboxes'),
    endpoint: () => endpoint,
    endpoints: options.endpoints,
    isolation: options.isolation,
    ...(options.containers && { containers: options.containers }),
    pool: poolOf(options.poolSize ?? defaultPoolSize()),
    limits: {
      ...(options.environmentLifetimeMs !== undefined && { lifetimeMsMax: options.environmentLifetimeMs }),
      ...(options.streamBurstBytes !== undefined && { streamBurstBytes: options.streamBurstBytes }),
      ...(options.streamBytesPerSecond !== undefined && {
        streamBytesPerSecond: options.streamBytesPerSecond,
      }),
    },
    warn: (message, fields) => log.warn(message, fields),
    onRan: recording.onRan,
    debugged: options.debug && {
      ...options.debug,
      directory: join(dataDirectory, 'debug', options.debug.functionName),
    },
  });
  closing.add(() => worker.close());

  // What decides.
  const workers: ReadonlyMap<string, Worker> = new Map([[workerId, worker]]);
  const { accountConcurrency } = options;
  const everyCount = createCounting({
    clock,
    ...(accountConcurrency === undefined ? {} : { accountConcurrencyLimit: accountConcurrency }),
  });
  const counting =
    options.debug === undefined ? everyCount : oneAtATime(everyCount, options.debug.functionName);
  const placement = createPlacement({ clock, random });
  placement.addWorker({ workerId, zone, ...localCapacity(), liveness: 'in-process' });
  const assignment = createAssignment({
    journal,
    clock,
    entropy,
    counting,
    placement,
    workers,
    holder: 'local',
    load: loopLoad(),
    limits: { briefAtOnce: availableParallelism() * 8 },
  });
  worker.onEvent((event) => assignment.workerEvent(workerId, event));
  closing.add(() => assignment.close());
  await assignment.start();
  metadata.onVersionChange(({ version, previous }) => {
    if (previous !== undefined && previous.generation !== version?.generation) {
      assignment.retire(previous.generation);
    }
    if (version !== undefined && version.version === '$LATEST') worker.prewarm(version);
  });

  // What speaks to clients.
  const frontend = createFrontend({
    region,
    metadata,
    counting,
    assignment,
    workers: (id) => workers.get(id),
    clock,
    entropy,
    watch: recording.watch,
  });
  const background = await openBackgroundInvokes({
    options,
    account,
    authorizer: identity.authorizer,
    documents,
    queue,
    metadata,
    frontend,
    sqs,
    recording,
    log,
    closing,
    trouble,
  });
  const { roleMay, events, eventSources } = background;
  const observed = { assignment, metadata, events, queues: sqs.queues, worker };
  recording.observe(observed);
  const exposition = await openMetricsRoute(options, root, recording, observed);
  const links = new Links(root.deriveKey('download-links'), clock);
  const profiles = await readSigningProfiles(dataDirectory);
  if (profiles.kind === 'refused') return profiles;
  const controlPlane = createControlPlane({
    documents,
    code,
    metadata,
    archives,
    images: images.keeper,
    imagesProblem: () => images.problem(worker.isolation),
    variables,
    provisioned: (version) => assignment.provisioned(version),
    roleState: (roleArn) => account.roleState(roleArn),
    roleMay,
    eventSources,
    signingKeys: profiles.keys,
    runtimes,
    region,
    ...(options.urlDomain === undefined ? {} : { urlDomain: options.urlDomain }),
    architecture: process.arch === 'arm64' ? 'arm64' : 'x86_64',
    clock,
    entropy,
    links,
    ...(accountConcurrency === undefined ? {} : { limits: { concurrencyMax: accountConcurrency } }),
    onTrouble: trouble,
  });
  closing.add(() => controlPlane.close());
  await controlPlane.resume();
  const autoscaling = createAutoscaling({
    documents,
    clock,
    entropy,
    capacity: controlPlane.capacity,
    exists: async ({ accountId, functionName, qualifier }) =>
      metadata.resolve(accountId, functionName, qualifier).kind === 'found',
    onTrouble: trouble,
  });
  closing.add(() => autoscaling.close());
  await autoscaling.start();
  const reportFault: ReportFault = (error, operation, requestId) =>
    log.error('an operation failed for a reason of our own', {
      operation,
      requestId,
      reason: reasonOf(error),
    });
  const authorizeBy = (rows: AccessRows, more: Partial<AccessOptions> = {}): Authorize =>
    createAuthorize({
      rows,
      authorizer: identity.authorizer,
      metadata,
      region,
      nowMs: () => clock.wallMs(),
      ...more,
    });
  const queueFacts = {
    policyOf: (arn: string) => sqs.queues.policyOf(arn),
    tagsOf: (arn: string) => sqs.queues.tagsOf(arn),
  };
  const iam = { ...identity, clock, entropy };
  const { ecr, streamRoutes } = images.routes(authorizeBy, reportFault);
  const outcome = await createListener({
    services: new Map<string, Service | LaterService>([
      [
        'lambda',
        restJsonService({
          handlers: { ...controlPlane.handlers, ...events.handlers(invokeHandlers(frontend)) },
          authorize: authorizeBy(lambdaAccess),
          reportFault,
        }),
      ],
      ['logs', logsService(logs, reportFault, authorizeBy(logsAccess))],
      [
        'application-autoscaling',
        autoscalingService(autoscaling, reportFault, authorizeBy(autoscalingAccess)),
      ],
      ['sqs', sqsService(sqs, reportFault, authorizeBy(sqsAccess, queueFacts))],
      ['ecr', ecr],
      [
        'monitoring',
        {
          load: async () => {
            const { metricsHandlers, metricsService } = await metricsApi();
            const handlers = metricsHandlers(recording.metrics, accountId);
            return metricsService(handlers, reportFault, authorizeBy(metricsAccess));
          },
        },
      ],
      ['iam', { signingRegions, load: async () => (await import('#iam')).iamService(iam, reportFault) }],
      ['sts', { signingRegions, load: async () => (await import('#iam')).stsService(iam, reportFault) }],
    ]),
    identity: account,
    clock,
    entropy,
    host: options.host,
    port: options.port,
    log,
    openRoutes: [archiveRoute(links, blobs), ...(exposition === undefined ? [] : [exposition])],
    streamRoutes,
    plainPaths: invokePaths,
    hostRoutes: [
      createUrlRoute({
        frontend,
        metadata,
        authorizer: identity.authorizer,
        region,
        nowMs: () => clock.wallMs(),
        monotonicMs: () => clock.monotonicMs(),
        onAnswered: recording.onAnswered,
        reportFault,
        ...(options.urlDomain === undefined ? {} : { domain: options.urlDomain }),
      }),
    ],
  });
  switch (outcome.kind) {
    case 'taken':
      return { kind: 'port-taken', ...outcome.address };
    case 'refused':
      return { kind: 'refused', message: `cannot listen on ${options.host}: ${outcome.message}` };
    case 'listening': {
      const { listener } = outcome;
      closing.add((graceMs) => listener.close(graceMs));
      // Before the listener waits for its requests to end.
      closing.add(() => sqs.stopWaiting());
      // First of all, while functions that run for it can still end and what they did be deleted.
      closing.add((graceMs) => eventSources.close(graceMs));
      const { host, port } = listener.address;
      endpoint = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
      const keeping =
        options.debug === undefined ? assignment : noneAhead(assignment, options.debug.functionName);
      closing.add(keepProvisioned({ metadata, assignment: keeping, counting }));
      worker.prewarm({ runtime: 'nodejs24.x', memoryMb: 128 });
      // Functions that are invoked now must know the endpoint.
      await background.start();
      return { kind: 'listening', endpoint, runtimes, isolation: worker.isolation };
    }
    default:
      return unreachable(outcome);
  }
}

function poolOf(size: number): { readonly perFlavorMax: number; readonly totalMax: number } {
  return { perFlavorMax: size, totalMax: size * 2 };
}
