/** The CloudWatch Logs API: all operations that Lambkin has, and the service that stands behind the listener. */
import { jsonRpcService, WireError } from '#wire';
import type { Authorize, Handler, Handlers, ReportFault, Service } from '#wire';
import { StoreUnavailableError } from '#platform';
import { eventHandlers } from './events.ts';
import type { EventParts } from './events.ts';
import { groupHandlers } from './groups.ts';
import { operations } from './shapes.ts';
import { streamHandlers } from './streams.ts';

export function logsHandlers(parts: EventParts): Handlers {
  const all: Handlers = {
    ...groupHandlers(parts.catalogue),
    ...streamHandlers(parts.catalogue),
    ...eventHandlers(parts),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, handler]): [string, Handler] => [
      name,
      async (input, context) => {
        try {
          await parts.catalogue.loaded();
          return await handler(input, context);
        } catch (error) {
          if (!(error instanceof StoreUnavailableError)) throw error;
          throw new WireError('ServiceUnavailableException', 'The service cannot complete the request.');
        }
      },
    ]),
  );
}

/** Signing name `logs`. */
export function logsService(
  logs: { readonly handlers: Handlers },
  reportFault: ReportFault,
  authorize?: Authorize,
): Service {
  return jsonRpcService({
    targetPrefix: 'Logs_20140328',
    operations,
    handlers: logs.handlers,
    validationError: 'InvalidParameterException',
    reportFault,
    ...(authorize && { authorize }),
  });
}
