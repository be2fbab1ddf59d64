/**
 * GetFunctionCodeSigningConfig. No function has a code signing configuration here (CreateFunction refuses to take one), and
 * an empty answer is how AWS says so; Terraform asks after every apply.
 */
import type { Handlers } from '#wire';
import type { Context } from './context.ts';
import { unqualifiedTarget } from './request.ts';

export function codeSigningHandlers({ store, region }: Context): Handlers {
  return {
    GetFunctionCodeSigningConfig: async (input, request) => {
      await store.getFunction(unqualifiedTarget(input, request, region, 'GetFunctionCodeSigningConfig'));
      return {};
    },
  };
}
