/**
 * What the platform tells of an environment's life, as extensions are sent it (Telemetry API 2022-07-01) and as it stands in a log of
 * format JSON. Durations are milliseconds with three places.
 */

export type Phase = 'init' | 'invoke';
export type Status = 'success' | 'failure' | 'error' | 'timeout';

export interface Span {
  readonly name: string;
  /** ISO 8601. */
  readonly start: string;
  readonly durationMs: number;
}

interface Ended {
  readonly status: Status;
  readonly errorType?: string;
}

interface Initialised extends Ended {
  readonly initializationType: string;
  readonly phase: Phase;
}

export interface Tracing {
  readonly type: 'X-Amzn-Trace-Id';
  readonly value: string;
}

export interface ReportMetrics {
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly memorySizeMB: number;
  readonly maxMemoryUsedMB: number;
  readonly initDurationMs?: number;
}

export type PlatformEvent =
  | {
      readonly type: 'platform.initStart';
      readonly record: {
        readonly initializationType: string;
        readonly phase: Phase;
        /** Not of an image. */
        readonly runtimeVersion?: string;
        readonly runtimeVersionArn?: string;
        readonly functionName: string;
        readonly functionVersion: string;
        readonly instanceId: string;
        /** Bytes. */
        readonly instanceMaxMemory: number;
      };
    }
  | { readonly type: 'platform.initRuntimeDone'; readonly record: Initialised }
  | {
      readonly type: 'platform.initReport';
      readonly record: Initialised & { readonly metrics: { readonly durationMs: number } };
    }
  | {
      readonly type: 'platform.start';
      readonly record: {
        readonly requestId: string;
        readonly version: string;
        readonly functionArn: string;
        readonly tracing?: Tracing;
      };
    }
  | {
      readonly type: 'platform.runtimeDone';
      readonly record: Ended & {
        readonly requestId: string;
        readonly metrics: { readonly durationMs: number; readonly producedBytes: number };
        readonly spans?: readonly Span[];
        readonly tracing?: Tracing;
      };
    }
  | {
      readonly type: 'platform.report';
      readonly record: Ended & {
        readonly requestId: string;
        readonly metrics: ReportMetrics;
        readonly spans?: readonly Span[];
        readonly tracing?: Tracing;
      };
    }
  | {
      readonly type: 'platform.extension';
      readonly record: {
        readonly name: string;
        readonly state: string;
        readonly events: readonly string[];
        readonly errorType?: string;
      };
    }
  | {
      readonly type: 'platform.telemetrySubscription' | 'platform.logsSubscription';
      readonly record: {
        readonly name: string;
        readonly state: 'Subscribed';
        readonly types: readonly string[];
      };
    }
  | {
      readonly type: 'platform.logsDropped';
      readonly record: {
        readonly droppedBytes: number;
        readonly droppedRecords: number;
        readonly reason: string;
      };
    }
  /** These two are of the Logs API alone. */
  | { readonly type: 'platform.end'; readonly record: { readonly requestId: string } }
  | { readonly type: 'platform.fault'; readonly record: string };

export type SystemLogLevel = 'DEBUG' | 'INFO' | 'WARN';

/** From which SystemLogLevel on an event is left out of a log of format JSON; undefined: it never stands there. */
export function levelOf(event: PlatformEvent): SystemLogLevel | undefined {
  switch (event.type) {
    case 'platform.initStart':
    case 'platform.start':
    case 'platform.telemetrySubscription':
    case 'platform.logsSubscription':
      return 'INFO';
    case 'platform.initRuntimeDone':
    case 'platform.initReport':
    case 'platform.runtimeDone':
      return event.record.status === 'success' ? 'DEBUG' : 'WARN';
    case 'platform.report':
      return event.record.status === 'success' ? 'INFO' : 'WARN';
    case 'platform.extension':
      return event.record.errorType === undefined ? 'INFO' : 'WARN';
    case 'platform.logsDropped':
      return 'WARN';
    case 'platform.end':
    case 'platform.fault':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** The event in the words of the Logs API 2020-08-15; undefined: it does not know such an event. */
export function inLogsWords(
  event: PlatformEvent,
): { readonly type: string; readonly record: unknown } | undefined {
  switch (event.type) {
    case 'platform.start': {
      const { requestId, version } = event.record;
      return { type: event.type, record: { requestId, version } };
    }
    case 'platform.runtimeDone': {
      const { requestId, status } = event.record;
      return { type: event.type, record: { requestId, status } };
    }
    case 'platform.report': {
      const { requestId, metrics } = event.record;
      return { type: event.type, record: { requestId, metrics } };
    }
    case 'platform.extension':
    case 'platform.logsSubscription':
    case 'platform.logsDropped':
    case 'platform.end':
    case 'platform.fault':
      return event;
    case 'platform.initStart':
    case 'platform.initRuntimeDone':
    case 'platform.initReport':
    case 'platform.telemetrySubscription':
      return undefined;
    default:
      return event satisfies never;
  }
}

/** Milliseconds as they are told: to the microsecond. */
export function told(durationMs: number): number {
  return Math.round(durationMs * 1_000) / 1_000;
}
