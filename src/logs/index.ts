/** The public face of logs: where functions' output goes, and the CloudWatch Logs API to read it. */
export type { LogSink, LogEvent } from './sink.ts';
export { openLogs } from './service.ts';
export type { Logs, LogsOptions } from './service.ts';
export { logsService } from './api/handlers.ts';
export { defaultLogsLimits } from './limits.ts';
export type { LogsLimits } from './limits.ts';
