/** The public face of a worker: it runs execution environments, each of which serves one invoke at a time. */
export type {
  EnvironmentSpec,
  Worker,
  WorkerEvent,
  CreateOutcome,
  InvokeRequest,
  InvokeOutcome,
  StreamingOutcome,
  AnswerStream,
  StreamEnd,
  EnvironmentStatus,
  FinishedRun,
  Initialization,
} from './worker.ts';
export { openWorker } from './service.ts';
export type { Isolation, LocalWorker, WorkerOptions } from './service.ts';
export { defaultLimits, responseBytesMax } from './limits.ts';
export type { Limits } from './limits.ts';
export type { PoolLimits } from './pool/plan.ts';
export { ContainersMissingError, probeContainers, type IsolationWanted } from './sandbox/opening.ts';
export type { ContainerOptions, Network } from './sandbox/container/container-host.ts';
export { probeMounting } from './sandbox/process/mounting.ts';
