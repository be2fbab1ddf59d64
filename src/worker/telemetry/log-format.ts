/** A function's LoggingConfig, as far as it decides how its log looks. */
import type { Configuration } from '#metadata';
import type { SystemLogLevel } from './platform-event.ts';

const applicationLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export type ApplicationLogLevel = (typeof applicationLevels)[number];

export type LogFormat =
  | { readonly kind: 'text' }
  | {
      readonly kind: 'json';
      readonly systemLevel: SystemLogLevel;
      readonly applicationLevel: ApplicationLogLevel;
    };

const systemLevels: readonly SystemLogLevel[] = ['DEBUG', 'INFO', 'WARN'];

export function logFormatOf({ kept }: Pick<Configuration, 'kept'>): LogFormat {
  const logging = kept['LoggingConfig'];
  if (typeof logging !== 'object' || logging === null || !('LogFormat' in logging)) return { kind: 'text' };
  const { LogFormat: format, SystemLogLevel: system, ApplicationLogLevel: application } = logging;
  if (format !== 'JSON') return { kind: 'text' };
  return {
    kind: 'json',
    systemLevel: systemLevels.find((level) => level === system) ?? 'INFO',
    applicationLevel: applicationLevels.find((level) => level === application) ?? 'INFO',
  };
}

/**
 * Whether a line that a function printed itself stands in its log. One of JSON with a time says its level; every other counts as INFO, as
 * with AWS.
 */
export function passes(line: string, format: LogFormat): boolean {
  if (format.kind === 'text') return true;
  return applicationLevels.indexOf(levelIn(line)) >= applicationLevels.indexOf(format.applicationLevel);
}

function levelIn(line: string): ApplicationLogLevel {
  if (!line.startsWith('{')) return 'INFO';
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('level' in parsed)) return 'INFO';
    if (!('timestamp' in parsed) || typeof parsed.timestamp !== 'string') return 'INFO';
    const said = String(parsed.level).toUpperCase();
    return applicationLevels.find((level) => level === said) ?? 'INFO';
  } catch {
    return 'INFO';
  }
}
