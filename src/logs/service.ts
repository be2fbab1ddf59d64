/** Opens logs on the ports: the sink that workers write to, and the CloudWatch Logs API to read it. */
import type { Clock, Documents, Entropy, Journal } from '#platform';
import type { Handlers } from '#wire';
import { logsHandlers } from './api/handlers.ts';
import { Catalogue } from './catalogue.ts';
import { defaultLogsLimits } from './limits.ts';
import type { LogsLimits } from './limits.ts';
import { Retention } from './retention.ts';
import type { LogSink } from './sink.ts';
import { Writer } from './writer.ts';

export interface LogsOptions {
  readonly documents: Documents;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly limits?: Partial<LogsLimits>;
  /** Hears why something could not be stored or trimmed: for the operator's log. The work is tried again. */
  readonly onFault?: (error: unknown) => void;
}

export interface Logs {
  readonly sink: LogSink;
  readonly handlers: Handlers;
  /** Makes what waits durable, and stops. */
  close(): Promise<void>;
}

/** Returns at once: what the store holds is read in the background, and by the first call that needs it. */
export function openLogs(options: LogsOptions): Logs {
  const { documents, journal, clock, entropy } = options;
  const limits: LogsLimits = { ...defaultLogsLimits, ...options.limits };
  const onFault = options.onFault ?? (() => {});
  const catalogue = new Catalogue({ documents, journal, clock, entropy, limits });
  const retention = new Retention({ catalogue, clock, limits, onFault });
  const writer = new Writer({
    catalogue,
    clock,
    limits,
    onFault,
    onStored: (group) => retention.stored(group),
  });
  catalogue.loaded().catch(onFault);
  return {
    sink: writer,
    handlers: logsHandlers({ catalogue, journal, writer, clock, limits }),
    async close() {
      await writer.close();
      await retention.close();
      await catalogue.settled();
    },
  };
}
