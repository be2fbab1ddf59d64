/** The public face of logs: where functions' output goes, and the CloudWatch Logs API to read it. */
export type { LogSink, LogEvent } from './sink.ts';
