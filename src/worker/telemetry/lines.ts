/** The platform's own lines in a function's log, as AWS writes them: tabs, blanks and line ends included. */

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

export function reportLine(report: Report): string {
  const billedMs = Math.ceil(report.durationMs + (report.initMs ?? 0));
  const usedMb = Math.min(report.memoryMb, Math.ceil(report.memoryUsedBytes / 1024 / 1024));
  const init = report.initMs === undefined ? '' : `Init Duration: ${report.initMs.toFixed(2)} ms\t`;
  return (
    `REPORT RequestId: ${report.requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\tBilled Duration: ${billedMs} ms\t` +
    `Memory Size: ${report.memoryMb} MB\tMax Memory Used: ${usedMb} MB\t${init}${statusText(report.status)}\n`
  );
}

export function initStartLine(runtime: string): string {
  return `INIT_START Runtime Version: ${runtime}\n`;
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
