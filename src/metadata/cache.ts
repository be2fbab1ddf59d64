/** What the invoke path may ask about functions: answered from memory, kept fresh by a watch on the store. */
import type { Revision } from '#platform';
import type {
  EventInvokeRecord,
  FunctionPolicyRecord,
  FunctionRecord,
  FunctionUrlRecord,
  VersionRecord,
} from './records.ts';

export type Resolution =
  | {
      readonly kind: 'found';
      readonly function: FunctionRecord;
      readonly version: VersionRecord;
      /** The ARN as the caller qualified it. */
      readonly invokedArn: string;
    }
  | { readonly kind: 'no-function'; readonly arn: string }
  | { readonly kind: 'no-qualifier'; readonly arn: string };

export interface MetadataCache {
  /**
   * Finds the version that an invoke of `functionName` with `qualifier` (version, alias, or undefined for $LATEST) runs. Aliases with
   * weights choose here. Synchronous: it is on the warm path.
   */
  resolve(accountId: string, functionName: string, qualifier: string | undefined): Resolution;
  /**
   * The resource policies of a function, whether the function is there or not; undefined where it has none. The same object until
   * one of them changes. Synchronous: it is on the warm path.
   */
  policies(accountId: string, functionName: string): FunctionPolicyRecord | undefined;
  /** The URL with this id (the first label of its host name). Synchronous. */
  url(urlId: string): FunctionUrlRecord | undefined;
  /** How event invokes of a function's `$LATEST`, version or alias are retried, where somebody has said so. Synchronous. */
  eventInvoke(accountId: string, functionName: string, qualifier: string): EventInvokeRecord | undefined;
  /** Resolves when the cache shows everything up to `revision`. */
  reached(revision: Revision): Promise<void>;
  /** Calls back after each change of a version (undefined when it was deleted). Returns the unsubscriber. */
  onVersionChange(
    listener: (change: {
      readonly key: string;
      readonly version: VersionRecord | undefined;
      readonly previous: VersionRecord | undefined;
    }) => void,
  ): () => void;
  close(): void;
}
