/** The interface of the code store: functions' archives are checked, stored, and unpacked for workers. */
import type { CodeRecord } from '#metadata';

export type StoreOutcome =
  | { readonly kind: 'stored'; readonly code: CodeRecord; readonly unpackedBytes: number }
  /** Not an archive that may run here; `message` is for the client, in AWS's words where they are known. */
  | { readonly kind: 'refused'; readonly reason: 'invalid' | 'too-large'; readonly message: string };

export type UnpackOutcome =
  | {
      readonly kind: 'ready';
      /** Absolute path of the unpacked tree, shared by all environments of this code and never to be changed. Stays until `release`. */
      readonly directory: string;
      readonly release: () => void;
    }
  | { readonly kind: 'broken'; readonly message: string };

export interface CodeStore {
  /** Checks the zip archive completely (limits held while unpacking) and stores it durably under its digest. */
  store(archive: Uint8Array): Promise<StoreOutcome>;
  /**
   * Unpacks stored code on this host unless it is there already. Concurrent calls for one digest share the work. Rejects where the host or
   * the store is at fault, not the code.
   */
  unpack(code: CodeRecord): Promise<UnpackOutcome>;
  /**
   * Unpacks layers on this host, one laid over the other in the order given (later ones win), as one tree that all who have the same layers
   * share. At least one. Otherwise as `unpack`.
   */
  unpackLayers(layers: readonly CodeRecord[]): Promise<UnpackOutcome>;
}
