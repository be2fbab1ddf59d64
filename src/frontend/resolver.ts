/** From the name that a request gives to what it means now. The same question can be asked again, when the answer may have changed. */
import { unreachable } from '#lib/assert';
import { type MetadataCache, parseFunctionName, type Resolution } from '#metadata';
import type { InvokeInput } from './frontend.ts';
import { foreignAccountError, invalidParameterError, notFoundError } from './refusals.ts';

/** Throws WireError for a name of another account or region, or that is none. */
export function resolverOf(
  metadata: Pick<MetadataCache, 'resolve'>,
  region: string,
  input: Pick<InvokeInput, 'functionName' | 'qualifier' | 'principal'>,
): () => Resolution {
  const { accountId } = input.principal;
  const reference = parseFunctionName(input.functionName, input.qualifier, { accountId, region });
  switch (reference.kind) {
    case 'function': {
      const { functionName, qualifier } = reference;
      return () => metadata.resolve(accountId, functionName, qualifier);
    }
    case 'foreign-account':
      throw foreignAccountError(input.principal, reference.arn);
    case 'foreign-region':
      throw notFoundError(reference.message);
    case 'invalid':
      throw invalidParameterError(reference.message);
    default:
      return unreachable(reference);
  }
}
