/** LoggingConfig of a function. Log group, format and levels act with its next environments: the runtime is told, the worker looks itself. */
import type { Configuration } from '#metadata';
import type { Json } from '#platform';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import { structure, text } from './request.ts';

type Kept = Configuration['kept'];

export interface Logging {
  readonly LogFormat: string;
  /** Of JSON alone. */
  readonly ApplicationLogLevel?: string;
  readonly SystemLogLevel?: string;
}

/** What is kept of a function's logging after a request; what it does not name stays. Throws a WireError. */
export function loggingAfter(before: Kept, input: Input): Kept {
  const asked = structure(input, 'LoggingConfig');
  if (asked === undefined) return before;
  const now = loggingOf(before);
  const format = text(asked, 'LogFormat') ?? now.LogFormat;
  const application = text(asked, 'ApplicationLogLevel');
  const system = text(asked, 'SystemLogLevel');
  const { LoggingConfig: _before, ...others } = before;
  if (format !== 'JSON') {
    if (application !== undefined || system !== undefined) {
      throw invalidParameter(
        'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your request or change the LogFormat to "JSON" and try again.',
      );
    }
    return others;
  }
  const logging: Readonly<Record<string, Json>> = {
    LogFormat: 'JSON',
    ApplicationLogLevel: application ?? now.ApplicationLogLevel ?? 'INFO',
    SystemLogLevel: system ?? now.SystemLogLevel ?? 'INFO',
  };
  return { ...others, LoggingConfig: logging };
}

export function loggingOf(kept: Kept): Logging {
  return (kept['LoggingConfig'] as Logging | undefined) ?? { LogFormat: 'Text' };
}

/** undefined: the request does not name one. */
export function logGroupOf(input: Input): string | undefined {
  return text(structure(input, 'LoggingConfig') ?? {}, 'LogGroup');
}
