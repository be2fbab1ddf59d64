/** The platform's own lines in a function's log, as AWS writes them: tabs, blanks and line ends included. */
import type { Extension } from '../extensions/state-types.ts';
import { told, type ReportMetrics } from './platform-event.ts';

export type ReportStatus =
  | { readonly kind: 'timeout' }
  | { readonly kind: 'error'; readonly errorType: string };

export function startLine(requestId: string, version: string): string {
  return `START RequestId: ${requestId} Version: ${version}\n`;
}

export function endLine(requestId: string): string {
  return `END RequestId: ${requestId}\n`;
}

export interface Report {
  readonly requestId: string;
  readonly durationMs: number;
  /** Set for the first invoke after an init that went well; it is billed. */
  readonly initMs: number | undefined;
  readonly memoryMb: number;
  readonly memoryUsedBytes: number;
  readonly status: ReportStatus | undefined;
}

/** What a report counts, as an event tells it. */
export function metricsOf(report: Report): ReportMetrics {
  const { durationMs, initMs, memoryMb, memoryUsedBytes } = report;
  return {
    durationMs: told(durationMs),
    billedDurationMs: billedMs(durationMs, initMs ?? 0),
    memorySizeMB: memoryMb,
    maxMemoryUsedMB: Math.min(memoryMb, Math.ceil(memoryUsedBytes / 1024 / 1024)),
    ...(initMs !== undefined && { initDurationMs: told(initMs) }),
  };
}

/** Whole milliseconds, at least one, of what the line tells (hundredths): a timeout of 1 s that a clock measured as 1000.0000001 ms is 1000. */
function billedMs(durationMs: number, initMs: number): number {
  const hundredths = Math.round(durationMs * 100) + Math.round(initMs * 100);
  return Math.max(1, Math.ceil(hundredths / 100));
}

export function reportLine(report: Report): string {
  const { billedDurationMs, maxMemoryUsedMB } = metricsOf(report);
  const init = report.initMs === undefined ? '' : `Init Duration: ${report.initMs.toFixed(2)} ms\t`;
  return (
    `REPORT RequestId: ${report.requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\tBilled Duration: ${billedDurationMs} ms\t` +
    `Memory Size: ${report.memoryMb} MB\tMax Memory Used: ${maxMemoryUsedMB} MB\t${init}${statusText(report.status)}\n`
  );
}

/** How an extension stands once init is over. */
export function extensionLine(
  extension: Pick<Extension, 'name' | 'standing' | 'events' | 'errorType'>,
): string {
  const { name, standing, events, errorType } = extension;
  const error = errorType === undefined ? '' : `\tError Type: ${errorType}`;
  return `EXTENSION\tName: ${name}\tState: ${standing}\tEvents: [${events.join(',')}]${error}\n`;
}

export function subscriptionLine(api: 'logs' | 'telemetry', name: string, types: readonly string[]): string {
  return `${api.toUpperCase()}\tName: ${name}\tState: Subscribed\tTypes: [${types.map(capital).join(', ')}]\n`;
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function initStartLine(runtimeVersion: string, runtimeVersionArn: string): string {
  return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${runtimeVersionArn}\n`;
}

/** For an init that failed, and for every one of an environment that is initialised ahead; without a status it went well. */
export function initReportLine(
  durationMs: number,
  phase: 'init' | 'invoke',
  status: ReportStatus | undefined,
): string {
  return `INIT_REPORT Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}\t${statusText(status)}\n`;
}

export function timeoutLine(isoTime: string, requestId: string, timeoutMs: number): string {
  return `${isoTime} ${requestId} ${timeoutText(timeoutMs)}\n\n`;
}

export function timeoutText(timeoutMs: number): string {
  return `Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`;
}

/** A runtime that ended, or could not begin. */
export function faultLine(requestId: string, message: string, errorType: string): string {
  return `RequestId: ${requestId} Error: ${message}\n${errorType}\n`;
}

/** `2026/01/31/[$LATEST]<environmentId>`, by the wall clock at the environment's start. */
export function logStreamName(wallMs: number, version: string, environmentId: string): string {
  const day = new Date(wallMs).toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version}]${environmentId}`;
}

function statusText(status: ReportStatus | undefined): string {
  if (status === undefined) return '';
  return status.kind === 'timeout' ? 'Status: timeout' : `Status: error\tError Type: ${status.errorType}`;
}
