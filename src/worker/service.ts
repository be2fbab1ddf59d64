/** The worker: keeps its environments, and what they share (the pool, the line of starts, the Runtime API, the sandboxes). */
import { assert } from '#lib/assert';
import { hash32 } from '#lib/hash';
import type { CodeStore } from '#code';
import type { Credentials } from '#identity';
import type { ImageMounts } from '#images';
import type { LogSink } from '#logs';
import type { VersionRecord } from '#metadata';
import type { Clock, Entropy } from '#platform';
import type { Runtimes } from '#runtimes';
import { CredentialLife } from './environment/credential-life.ts';
import { type Debugged, untimed, untimedMs } from './environment/debugged.ts';
import { Environment } from './environment/environment.ts';
import { canWait, planAhead, Provisioner } from './environment/provisioner.ts';
import type { CredentialsBy } from './environment/role-credentials.ts';
import { changesStart } from './environment/variables.ts';
import { defaultLimits, startHoldMs, type Limits } from './limits.ts';
import type { PoolLimits } from './pool/plan.ts';
import { defaultPoolLimits, Pool } from './pool/pool.ts';
import { Starts } from './pool/starts.ts';
import { RuntimeApi } from './runtime-api/server.ts';
import type { ContainerOptions } from './sandbox/container/container-host.ts';
import { openSandboxes, type IsolationWanted, type Opened } from './sandbox/opening.ts';
import type { Mounting } from './sandbox/process/mounting.ts';
import type { Sandboxes } from './sandbox/sandbox.ts';
import { notStarted } from './worker.ts';
import type {
  CreateOutcome,
  EnvironmentSpec,
  EnvironmentStatus,
  FinishedRun,
  InvokeOutcome,
  InvokeRequest,
  StreamingOutcome,
  Worker,
  WorkerEvent,
} from './worker.ts';

export interface WorkerOptions {
  readonly workerId: string;
  readonly zone: string;
  readonly runtimes: Runtimes;
  readonly code: CodeStore;
  /** Container images of functions, mounted. Absent: functions of images cannot run. */
  readonly images?: Pick<ImageMounts, 'mount'> | undefined;
  readonly logs: LogSink;
  /** Short-lived credentials of a function's role. */
  readonly credentials: (roleArn: string, sessionName: string) => Credentials;
  /** How functions get these; by default in their variables, as on AWS, which has an environment end before its credentials do. */
  readonly credentialsBy?: CredentialsBy;
  /** The environment variables of a version in clear; undefined where they cannot be opened. */
  readonly openVariables: (version: VersionRecord) => Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Absolute; for the sandboxes' own directories alone. What stands there at the start is an earlier run's and is removed. */
  readonly directory: string;
  /** AWS_ENDPOINT_URL of functions; asked for when the first starts, since the listener opens after its workers. */
  readonly endpoint: () => string;
  /** AWS_ENDPOINT_URL_<SERVICE>, by service id (`s3`, `dynamodb`, `Cognito Identity`). */
  readonly endpoints?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Limits>;
  readonly pool?: Partial<PoolLimits>;
  /** As whom functions run, where Lambkin is root. By default as Lambkin itself. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** What stands around functions; by default processes of the host. */
  readonly isolation?: IsolationWanted;
  readonly containers?: ContainerOptions;
  /** How functions get their layers to /opt; by default as this host can. */
  readonly mounting?: Mounting;
  /** The function that somebody debugs. */
  readonly debugged?: Debugged | undefined;
  /** Takes warnings for the operator. */
  readonly warn?: (message: string, fields: Readonly<Record<string, string>>) => void;
  /** Told of every invoke that is over; on its path, so it neither throws nor waits. */
  readonly onRan?: (run: FinishedRun) => void;
}

export interface Isolation {
  readonly kind: Sandboxes['kind'];
  /** Why not a stronger one, where `auto` was to choose. */
  readonly weakerBecause?: string;
}

/** A worker in this process, with what only its owner may do. */
export interface LocalWorker extends Worker {
  /** Has the pool hold sandboxes that can become such a function. */
  prewarm(what: VersionRecord | { readonly runtime: string; readonly memoryMb: number }): void;
  /** What stands around functions. */
  readonly isolation: Isolation;
  /** How many pre-started sandboxes wait. */
  readonly poolSize: number;
  /** Takes no more; lets running invokes end within the grace time, then kills everything. */
  close(): Promise<void>;
}

/** Sweeps what an earlier run left behind, then opens the worker. Fails where the directory cannot be used. */
export async function openWorker(options: WorkerOptions): Promise<LocalWorker> {
  const warn = (message: string): void => options.warn?.(message, {});
  const opened = await openSandboxes({
    directory: options.directory,
    api: new RuntimeApi(options.entropy),
    clock: options.clock,
    entropy: options.entropy,
    warn,
    isolation: options.isolation ?? 'process',
    containers: options.containers ?? {},
    reached: [options.endpoint, ...Object.values(options.endpoints ?? {}).map((url) => () => url)],
    runAs: options.runAs,
    mounting: options.mounting,
  });
  return new WorkerService(options, opened);
}

class WorkerService implements LocalWorker {
  readonly workerId: string;
  readonly zone: string;
  readonly isolation: Isolation;
  readonly #options: WorkerOptions;
  readonly #limits: Limits;
  readonly #sandboxes: Sandboxes;
  readonly #starts: Starts;
  readonly #pool: Pool;
  readonly #provisioner: Provisioner;
  readonly #environments = new Map<string, Environment>();
  readonly #lives = new WeakMap<Environment, CredentialLife>();
  readonly #listeners = new Set<(event: WorkerEvent) => void>();
  #creating = 0;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions, { sandboxes, weakerBecause }: Opened) {
    this.isolation = { kind: sandboxes.kind, ...(weakerBecause === undefined ? {} : { weakerBecause }) };
    this.workerId = options.workerId;
    this.zone = options.zone;
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#sandboxes = sandboxes;
    this.#starts = new Starts(options.clock, {
      parallelMax: this.#limits.startsMax ?? sandboxes.parallelism,
      queuedMax: this.#limits.startsQueuedMax,
      holdMs: startHoldMs,
    });
    this.#pool = new Pool({
      sandboxes,
      clock: options.clock,
      limits: { ...defaultPoolLimits, ...options.pool },
      planOf: (launch) => planAhead(launch, sandboxes.inside),
      busy: () => !this.#starts.quiet || this.#creating > 0,
      warn: (message) => options.warn?.(message, {}),
    });
    this.#provisioner = new Provisioner({
      runtimes: options.runtimes,
      code: options.code,
      sandboxes,
      images: options.images,
      pool: this.#pool,
      starts: this.#starts,
      credentials: options.credentials,
      credentialsBy: options.credentialsBy ?? 'variables',
      clock: options.clock,
      entropy: options.entropy,
      openVariables: options.openVariables,
      endpoint: options.endpoint,
      endpoints: options.endpoints ?? {},
      warn: (message, fields) => options.warn?.(message, fields),
      debugged: options.debugged,
    });
  }

  async create(spec: EnvironmentSpec): Promise<CreateOutcome> {
    if (this.#closing !== undefined) return { kind: 'refused', reason: 'the worker is closing' };
    if (this.#environments.size >= this.#limits.environmentsMax) {
      return { kind: 'refused', reason: 'the worker is full' };
    }
    const { environmentId } = spec;
    const debugged = this.#isDebugged(spec.version.functionName);
    if (debugged) await this.#endDebugged();
    assert(!this.#environments.has(environmentId), `environment ${environmentId} exists`);
    const retire = (): void => {
      if (environment.status === 'idle') void environment.destroy();
    };
    const isKept = spec.initialization === 'provisioned-concurrency';
    const life = new CredentialLife(this.#options.clock, retire, {
      lifetimeMsMax: this.#limits.lifetimeMsMax,
      earliness: isKept ? hash32(environmentId) / 2 ** 32 : 0,
    });
    const environment = new Environment(debugged ? untimed(spec) : spec, {
      provisioner: life.watching(this.#provisioner),
      logs: this.#options.logs,
      clock: this.#options.clock,
      entropy: this.#options.entropy,
      streamLimits: this.#limits,
      initLimitMs: debugged ? untimedMs : this.#limits.initLimitMs,
      emit: (event) => {
        // Gone follows.
        if (event.kind === 'idle' && life.isOver) return void environment.destroy();
        return this.#emit(event);
      },
      warn: (message, id) => this.#options.warn?.(message, { environmentId: id }),
      onRan: this.#options.onRan,
    });
    this.#environments.set(environmentId, environment);
    this.#lives.set(environment, life);
    void environment.gone.then(() => {
      life.end();
      this.#environments.delete(environmentId);
    });
    this.#creating += 1;
    try {
      return await environment.created;
    } finally {
      this.#creating -= 1;
    }
  }

  invoke(environmentId: string, request: InvokeRequest): Promise<InvokeOutcome> {
    return this.#usable(environmentId)?.invoke(request) ?? notStarted;
  }

  invokeStreaming(environmentId: string, request: InvokeRequest): Promise<StreamingOutcome> {
    return this.#usable(environmentId)?.invokeStreaming(request) ?? notStarted;
  }

  #usable(environmentId: string): Environment | undefined {
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) return undefined;
    // After the host slept: no timer has told yet.
    if (this.#lives.get(environment)?.isOver === true && environment.status === 'idle') {
      void environment.destroy();
    }
    return environment;
  }

  async destroy(environmentId: string): Promise<void> {
    await this.#environments.get(environmentId)?.destroy();
  }

  async list(): Promise<readonly EnvironmentStatus[]> {
    return [...this.#environments.values()].map((environment) => ({
      environmentId: environment.spec.environmentId,
      functionName: environment.spec.version.functionName,
      version: environment.spec.version.version,
      generation: environment.spec.version.generation,
      status: environment.status,
      memoryUsedBytes: environment.memoryUsedBytes(),
    }));
  }

  onEvent(listener: (event: WorkerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  prewarm(what: VersionRecord | { readonly runtime: string; readonly memoryMb: number }): void {
    if ('configuration' in what && this.#isDebugged(what.functionName)) return;
    const { runtime, memoryMb } = 'configuration' in what ? what.configuration : what;
    if ('configuration' in what && changesStart(this.#options.openVariables(what) ?? {})) return;
    const launch = this.#options.runtimes.launch(runtime, memoryMb);
    if (launch !== undefined && canWait(launch)) this.#pool.want(launch);
  }

  #isDebugged(functionName: string): boolean {
    return this.#options.debugged?.functionName === functionName;
  }

  /** The debugger's port and the place of the code are the next environment's. */
  async #endDebugged(): Promise<void> {
    const earlier = [...this.#environments.values()].filter(({ spec }) =>
      this.#isDebugged(spec.version.functionName),
    );
    await Promise.all(earlier.map((environment) => environment.destroy()));
  }

  get poolSize(): number {
    return this.#pool.size;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const poolClosed = this.#pool.close();
    const busy = [...this.#environments.values()].filter((environment) => environment.status === 'busy');
    const idle = [...this.#environments.values()].filter((environment) => !busy.includes(environment));
    const idleGone = idle.map((environment) => environment.destroy());
    if (busy.length > 0) await this.#ended(new Set(busy.map(({ spec }) => spec.environmentId)));
    await Promise.all([...this.#environments.values()].map((environment) => environment.destroy()));
    await Promise.all([...idleGone, poolClosed]);
    await this.#sandboxes.close();
  }

  /** Waits until these environments are idle or gone, or the grace time is over. */
  async #ended(waited: Set<string>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(this.#limits.closeGraceMs, resolve);
    const stopListening = this.onEvent(({ environmentId }) => {
      waited.delete(environmentId);
      if (waited.size === 0) resolve();
    });
    await promise;
    cancel();
    stopListening();
  }

  #emit(event: WorkerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
