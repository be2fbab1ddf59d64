/** All operations of SQS. */
import { StoreUnavailableError } from '#platform';
import { type Handler, type Handlers, WireError } from '#wire';
import { attributeHandlers } from './attributes.ts';
import { batchHandlers } from './batches.ts';
import { messageHandlers } from './messages.ts';
import { moveHandlers } from './moves.ts';
import { queueHandlers } from './queues.ts';
import { receiveHandlers } from './receive.ts';
import type { SqsParts } from './request.ts';
import { tagHandlers } from './tags.ts';

export function sqsHandlers(parts: SqsParts): Handlers {
  const all: Handlers = {
    ...queueHandlers(parts),
    ...attributeHandlers(parts),
    ...tagHandlers(parts),
    ...messageHandlers(parts),
    ...batchHandlers(parts),
    ...receiveHandlers(parts),
    ...moveHandlers(parts),
  };
  return Object.fromEntries(
    Object.entries(all).map(([name, handler]): [string, Handler] => [
      name,
      async (input, context) => {
        try {
          await parts.loaded();
          return await handler(input, context);
        } catch (error) {
          if (!(error instanceof StoreUnavailableError)) throw error;
          throw new WireError('ServiceUnavailableException', 'The service cannot complete the request.');
        }
      },
    ]),
  );
}
