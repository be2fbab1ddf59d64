/** A worker without sandboxes, for tests: it keeps the contract of `Worker`, and fails the test of a caller that does not. */
import { assert } from '#lib/assert';
import type {
  CreateOutcome,
  EnvironmentSpec,
  EnvironmentStatus,
  InvokeOutcome,
  InvokeRequest,
  StreamingOutcome,
  Worker,
  WorkerEvent,
} from '#worker';

type Status = EnvironmentStatus['status'];

export class FakeWorker implements Worker {
  readonly workerId: string;
  readonly zone = 'zone-1';
  /** Specs in the order in which they were asked for. */
  readonly created: EnvironmentSpec[] = [];
  readonly destroyed: string[] = [];
  readonly invoked: { readonly environmentId: string; readonly request: InvokeRequest }[] = [];
  /** What `create` answers; replace it to refuse, to fail, or to take time. */
  onCreate: (spec: EnvironmentSpec) => CreateOutcome | Promise<CreateOutcome> = () => ({ kind: 'created' });
  /** What `invoke` answers; the default echoes the payload. */
  onInvoke: (request: InvokeRequest, environmentId: string) => InvokeOutcome | Promise<InvokeOutcome> = ({
    payload,
  }) => ({ kind: 'answered', payload });
  /** What `invokeStreaming` answers, once `onInvoke` does not: the environment is busy until the stream has ended. */
  onInvokeStreaming: ((request: InvokeRequest) => StreamingOutcome) | undefined;
  readonly #environments = new Map<string, { readonly spec: EnvironmentSpec; status: Status }>();
  readonly #listeners = new Set<(event: WorkerEvent) => void>();

  constructor(workerId: string) {
    this.workerId = workerId;
  }

  async create(spec: EnvironmentSpec): Promise<CreateOutcome> {
    const { environmentId } = spec;
    assert(!this.#environments.has(environmentId), `environment ${environmentId} was created twice`);
    this.created.push(spec);
    this.#environments.set(environmentId, { spec, status: 'starting' });
    const outcome = await this.onCreate(spec);
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) return { kind: 'refused', reason: 'destroyed while it started' };
    if (outcome.kind === 'created') environment.status = 'idle';
    else this.#environments.delete(environmentId);
    return outcome;
  }

  async invoke(environmentId: string, request: InvokeRequest): Promise<InvokeOutcome> {
    const environment = this.#environments.get(environmentId);
    if (environment === undefined) return { kind: 'not-started' };
    assert(environment.status === 'idle', `environment ${environmentId} is ${environment.status}, not idle`);
    environment.status = 'busy';
    this.invoked.push({ environmentId, request });
    const outcome = await this.onInvoke(request, environmentId);
    if (this.#environments.has(environmentId)) {
      environment.status = 'idle';
      this.#emit({ kind: 'idle', environmentId });
    }
    return outcome;
  }

  async invokeStreaming(environmentId: string, request: InvokeRequest): Promise<StreamingOutcome> {
    const outcome = this.onInvokeStreaming?.(request);
    if (outcome?.kind !== 'streaming') return this.invoke(environmentId, request);
    const environment = this.#environments.get(environmentId);
    assert(environment?.status === 'idle', `environment ${environmentId} is not idle`);
    environment.status = 'busy';
    this.invoked.push({ environmentId, request });
    void outcome.stream.ended.then(() => {
      if (!this.#environments.has(environmentId)) return;
      environment.status = 'idle';
      this.#emit({ kind: 'idle', environmentId });
    });
    return outcome;
  }

  async destroy(environmentId: string): Promise<void> {
    this.destroyed.push(environmentId);
    this.crash(environmentId, 'destroyed');
  }

  /** The environment ends by itself. */
  crash(environmentId: string, reason = 'crashed'): void {
    if (this.#environments.delete(environmentId)) this.#emit({ kind: 'gone', environmentId, reason });
  }

  async list(): Promise<readonly EnvironmentStatus[]> {
    return [...this.#environments.values()].map(({ spec, status }) => ({
      environmentId: spec.environmentId,
      functionName: spec.version.functionName,
      version: spec.version.version,
      generation: spec.version.generation,
      status,
      memoryUsedBytes: 0,
    }));
  }

  onEvent(listener: (event: WorkerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get size(): number {
    return this.#environments.size;
  }

  #emit(event: WorkerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
