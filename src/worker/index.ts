/** The public face of a worker: it runs execution environments, each of which serves one invoke at a time. */
export type {
  EnvironmentSpec,
  Worker,
  WorkerEvent,
  CreateOutcome,
  InvokeRequest,
  InvokeOutcome,
  EnvironmentStatus,
} from './worker.ts';
