/** Every bound of the control plane. Those of AWS say so; an installation may set the ones in `Limits`. */

export interface Limits {
  /** Sum of all archives of an account's versions, in bytes (AWS: 75 GB). */
  readonly codeStorageBytesMax: number;
  /** An account's concurrent invokes (AWS: 1,000 to begin with). */
  readonly concurrencyMax: number;
  /** What functions must leave unreserved of it (AWS: 100). */
  readonly unreservedConcurrencyMin: number;
}

export const limitsDefault: Limits = {
  codeStorageBytesMax: 80_530_636_800,
  concurrencyMax: 1_000,
  unreservedConcurrencyMin: 100,
};

/** AWS: longest name of a function, in characters. */
export const functionNameCharsMax = 64;
/** AWS: memory, timeout and temporary storage of functions without a capacity provider. */
export const memoryMbMax = 10_240;
export const timeoutSecondsMax = 900;
export const ephemeralStorageMbMax = 10_240;
export const memoryMbDefault = 128;
export const timeoutSecondsDefault = 3;
export const ephemeralStorageMbDefault = 512;
/** AWS: all environment variables together, as JSON, in bytes. */
export const environmentBytesMax = 4_096;
/** AWS: tags of one function. */
export const tagsMax = 50;
/** AWS: items on a page of functions, versions or aliases, whatever a client asks for. */
export const pageItemsMax = 50;
/** AWS: the policy of a function, version or alias, in characters. */
export const policyCharactersMax = 20_480;
/** All policies of a function and its versions and aliases together, in characters of JSON: they are read as one record. */
export const policyRecordCharactersMax = 900_000;
/** AWS: versions that an alias may name besides its main one. */
export const additionalVersionsMax = 1;
/** AWS: filters of one event source mapping (10 by a raised quota). */
export const mappingFiltersMax = 5;
/** AWS: event source mappings on a page. */
export const mappingsPageMax = 100;
/** All settings of an event source mapping, as JSON, in characters. */
export const mappingSettingsCharsMax = 262_144;
/** AWS: lifetime of GetFunction's download link. */
export const downloadLinkSeconds = 600;

/** AWS: layers of one function. */
export const functionLayersMax = 5;
/** AWS: the resource policy of a layer version, as JSON, in bytes. */
export const layerPolicyBytesMax = 20_480;
/** How often a change of a layer is decided anew: versions that are published at once all want the next number. */
export const layerCommitAttemptsMax = 64;

/** How often a change is decided anew because somebody else changed the same records first. */
export const commitAttemptsMax = 10;
/** Documents.commit takes so many writes. */
export const writesPerCommitMax = 100;
/** Functions whose runtime and code are made ready at the same time; and those whose image is pulled and converted. */
export const settlingMax = 16;
export const imageSettlingMax = 4;
/** Images that are stored at the same time. */
export const imageStoresMax = 2;
/** References to images that wait for being given back. */
export const imageReleasesMax = 10_000;
/** What an image may say of itself (environment, entry point, command), as JSON, in characters: each version's record holds it. */
export const imageDefaultsCharsMax = 131_072;
/** How long a registry may take to say what an ImageUri means, in milliseconds: a client waits for it. */
export const imageResolveMsMax = 30_000;
/** Wait before making ready is tried again when the store was away: doubles from the first to the last. */
export const resettleDelayMsMin = 200;
export const resettleDelayMsMax = 30_000;
