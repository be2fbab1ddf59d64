/** GetAccountSettings: an account's limits and what it uses of them. */
import { archiveBytesMax, unpackedBytesLimit } from '#code';
import type { Handlers } from '#wire';
import type { Context } from './context.ts';
import { reservedConcurrency } from './reservations.ts';

export function accountHandlers({ store, region, limits, usage }: Context): Handlers {
  return {
    GetAccountSettings: async (_input, request) => {
      const { accountId } = request.principal;
      const used = usage(accountId);
      return {
        AccountLimit: {
          TotalCodeSize: limits.codeStorageBytesMax,
          CodeSizeUnzipped: unpackedBytesLimit,
          CodeSizeZipped: archiveBytesMax,
          ConcurrentExecutions: limits.concurrencyMax,
          UnreservedConcurrentExecutions:
            limits.concurrencyMax - (await reservedConcurrency(store, { accountId, region })),
        },
        AccountUsage: { TotalCodeSize: used.codeSizeBytes, FunctionCount: used.functionCount },
      };
    },
  };
}
