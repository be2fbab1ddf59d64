/** A function's failures as callers and logs see them. */
import { responseBytesMax } from '../limits.ts';
import type { ReportStatus } from '../telemetry/lines.ts';
import { timeoutText } from '../telemetry/lines.ts';
import type { ExitStatus } from './runtime.ts';
import type { Failure } from './state-types.ts';

/** What a failure is called, and how it is told in one sentence without the request id. */
export interface Fault {
  readonly errorType: string;
  readonly message: string;
  readonly status: ReportStatus;
}

export function faultOf(failure: Failure, timeoutMs: number): Fault {
  switch (failure.kind) {
    case 'timeout':
      return { errorType: 'Sandbox.Timedout', message: timeoutText(timeoutMs), status: { kind: 'timeout' } };
    case 'exit':
      return error('Runtime.ExitError', exitMessage(failure.status));
    case 'out-of-memory':
      return {
        errorType: 'Runtime.ExitError',
        message: exitMessage({ kind: 'signal', signal: 'SIGKILL' }),
        status: { kind: 'error', errorType: 'Runtime.OutOfMemory' },
      };
    case 'reported':
      return error(failure.errorType, 'the runtime could not be initialised');
    case 'extension':
      return error(failure.errorType, failure.message);
    case 'entrypoint':
      return error(failure.errorType ?? 'Runtime.InvalidEntrypoint', failure.message);
    default:
      return failure satisfies never;
  }
}

/** The payload that the caller gets. */
export function failurePayload(failure: Failure, requestId: string, timeoutMs: number): Uint8Array {
  if (failure.kind === 'reported') return failure.payload;
  const { errorType, message } = faultOf(failure, timeoutMs);
  return Buffer.from(
    JSON.stringify({ errorType, errorMessage: `RequestId: ${requestId} Error: ${message}` }),
  );
}

export const oversized = 'Function.ResponseSizeTooLarge';

export function tooLargePayload(sizeBytes: number, sizeBytesMax = responseBytesMax): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      errorType: oversized,
      errorMessage: `Response payload size (${sizeBytes} bytes) exceeded maximum allowed payload size (${sizeBytesMax} bytes).`,
    }),
  );
}

function error(errorType: string, message: string): Fault {
  return { errorType, message, status: { kind: 'error', errorType } };
}

/** Signals as AWS's service, written in Go, calls them. */
const signalNames: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGSEGV: 'segmentation fault',
  SIGABRT: 'aborted',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
  SIGHUP: 'hangup',
  SIGQUIT: 'quit',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGILL: 'illegal instruction',
  SIGPIPE: 'broken pipe',
  SIGTRAP: 'trace/breakpoint trap',
  SIGALRM: 'alarm clock',
  SIGUSR1: 'user defined signal 1',
  SIGUSR2: 'user defined signal 2',
  SIGXCPU: 'CPU time limit exceeded',
};

function exitMessage(status: ExitStatus): string {
  return status.kind === 'code' && status.code === 0
    ? 'Runtime exited without providing a reason'
    : `Runtime exited with error: ${exitText(status)}`;
}

/** How a process ended. */
export function exitText(status: ExitStatus): string {
  if (status.kind === 'signal') return `signal: ${signalNames[status.signal] ?? status.signal}`;
  return `exit status ${status.code}`;
}
