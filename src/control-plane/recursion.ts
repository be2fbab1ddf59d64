/** PutFunctionRecursionConfig and GetFunctionRecursionConfig: whether a function that invokes itself over and over is stopped. */
import type { FunctionRecord } from '#metadata';
import { replaceRecord } from '#platform';
import type { Handlers } from '#wire';
import type { Context } from './context.ts';
import { required, unqualifiedTarget } from './request.ts';

export function recursionHandlers({ store, region }: Context): Handlers {
  return {
    PutFunctionRecursionConfig: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'PutFunctionRecursionConfig');
      const recursiveLoop = required(input, 'RecursiveLoop') as Required<FunctionRecord>['recursiveLoop'];
      await store.change(name, async () => {
        const record = await store.getFunction(name);
        return { writes: [replaceRecord(record, { ...record.value, recursiveLoop })], result: undefined };
      });
      return { RecursiveLoop: recursiveLoop };
    },
    GetFunctionRecursionConfig: async (input, request) => {
      const name = unqualifiedTarget(input, request, region, 'GetFunctionRecursionConfig');
      return { RecursiveLoop: (await store.getFunction(name)).value.recursiveLoop ?? 'Terminate' };
    },
  };
}
