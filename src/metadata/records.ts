/**
 * The records that describe functions: written by the control plane, read (through a watched cache) by the invoke path.
 * They are stored as documents, so every type here is plain JSON.
 */
import type { Json } from '#platform';

export interface CodeRecord {
  /** Base64 of the archive's SHA-256, or the hex digits of an image's digest: the CodeSha256 that clients see. */
  readonly sha256: string;
  /** Where the archive stands in Blobs; empty for an image. */
  readonly blobKey: string;
  /** Size of the archive. */
  readonly sizeBytes: number;
  /** What it unpacks to, in bytes. Records of release 0.1 do not say. */
  readonly unpackedBytes?: number;
  /** Of an archive whose signature was good when it was taken. */
  readonly signingProfileVersionArn?: string;
  readonly signingJobArn?: string;
}

/** A version of a layer as a function's configuration holds it: everything that unpacking it takes, whatever becomes of the layer. */
export interface LayerReference {
  /** `arn:aws:lambda:<region>:<account>:layer:<name>:<version>` */
  readonly arn: string;
  readonly code: CodeRecord;
  /** What it unpacks to, in bytes. */
  readonly unpackedBytes: number;
  readonly signingProfileVersionArn?: string;
  readonly signingJobArn?: string;
}

/** The container image of a function, as it was resolved when the function was created or its code updated. */
export interface FunctionImage {
  /** As the client gave it. */
  readonly imageUri: string;
  /** `repository@sha256:<hex>` */
  readonly resolvedImageUri: string;
  /** `sha256:<hex>` */
  readonly digest: string;
  /** Its layers as they travel, together. */
  readonly compressedBytes: number;
  /** What it says itself about running it. */
  readonly defaults: ImageDefaults;
  /** Under which name this version refers to the stored image; no two that could differ in their lives share one. */
  readonly reference: string;
  /** Of the stored image; absent until it is stored. */
  readonly imageId?: string;
}

export interface ImageDefaults {
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory?: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a function's code comes as. */
export type PackageType = 'Zip' | 'Image';

/** What clients configure; immutable once published as a version. */
export interface Configuration {
  readonly runtime: string;
  readonly handler: string;
  readonly role: string;
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  /** The environment variables, sealed by `VariableSeal`; `{}` for none. Records of release 0.1 hold them in clear. */
  readonly environment: string | Readonly<Record<string, string>>;
  readonly architecture: 'x86_64' | 'arm64';
  readonly ephemeralStorageMb: number;
  /** `Image`: `image` says what runs; runtime and handler are empty, `code` names no archive, and there are no layers. */
  readonly packageType: PackageType;
  readonly logGroup: string;
  readonly code: CodeRecord;
  readonly image?: FunctionImage;
  /** In the order in which they are laid over each other at /opt: later ones win. At most 5. */
  readonly layers: readonly LayerReference[];
  /** Members that are validated and returned as the client gave them, and act later or never (keyed by their wire name). */
  readonly kept: Readonly<Record<string, Json>>;
}

export type VersionName = string; // '$LATEST' or decimal digits

export interface VersionRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  readonly version: VersionName;
  /** Changes with every change that clients can see (a UUID). */
  readonly revisionId: string;
  /** Changes whenever environments made before must not serve any more: new code or configuration (a UUID). */
  readonly generation: string;
  readonly configuration: Configuration;
  readonly state: 'Pending' | 'Active' | 'Inactive' | 'Failed';
  readonly stateReason?: string;
  readonly stateReasonCode?: string;
  readonly lastUpdateStatus: 'Successful' | 'InProgress' | 'Failed';
  readonly lastUpdateStatusReason?: string;
  readonly lastUpdateStatusReasonCode?: string;
  /** Epoch milliseconds. */
  readonly lastModifiedMs: number;
  /** Of $LATEST while its update is not known to work: what worked before it. Gone once the update is successful. */
  readonly fallback?: Fallback;
  /** Published versions: the description that $LATEST had then (publishing may give the version another). */
  readonly sourceDescription?: string;
}

/** A configuration that invokes run in place of one that an update has set and that does not work, or not yet. */
export interface Fallback {
  readonly configuration: Configuration;
  readonly generation: string;
  /** `from-update`: already while the update is being made ready (its runtime is still to be installed); `from-failure`: once it failed. */
  readonly serves: 'from-update' | 'from-failure';
}

/** What belongs to the function as a whole. */
export interface FunctionRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A new UUID each time a function of this name is created. */
  readonly functionId: string;
  /** The highest version number published so far; 0 before the first. Never reused. */
  readonly lastVersion: number;
  /** Absent when none is reserved. 0 blocks every invoke. */
  readonly reservedConcurrency?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** What is done about a function that invokes itself through others again and again; absent: Terminate. */
  readonly recursiveLoop?: 'Allow' | 'Terminate';
}

/**
 * The resource policies of a function: who else may do what with it, with one of its versions, or with one of its aliases.
 * One record per function, so that the invoke path reads all of them at once.
 */
export interface FunctionPolicyRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** By qualifier (version number or alias; `$LATEST` for the function itself). */
  readonly policies: Readonly<Record<string, ResourcePolicy>>;
}

export interface ResourcePolicy {
  /** A policy document as JSON text, checked before it was stored. */
  readonly document: string;
  readonly revisionId: string;
}

/** A URL of a function (`$LATEST`) or of an alias. */
export interface FunctionUrlRecord extends FunctionUrlReference {
  /** The first label of its host name: 32 characters of a-z and 2-7. */
  readonly urlId: string;
  readonly authType: 'NONE' | 'AWS_IAM';
  readonly invokeMode: 'BUFFERED' | 'RESPONSE_STREAM';
  readonly cors?: FunctionUrlCors;
  /** Epoch milliseconds. */
  readonly createdMs: number;
  readonly lastModifiedMs: number;
}

export interface FunctionUrlReference {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** `$LATEST` or an alias. */
  readonly qualifier: string;
}

/** What a function's URL answers to browsers of other origins; an absent member is not said. */
export interface FunctionUrlCors {
  readonly allowCredentials?: boolean;
  readonly allowHeaders?: readonly string[];
  readonly allowMethods?: readonly string[];
  readonly allowOrigins?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** What becomes of an event invoke that fails, and of its outcome. */
export interface EventInvokeRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** `$LATEST`, a version number, or an alias. */
  readonly qualifier: string;
  /** 0 to 2; absent: 2. */
  readonly retriesMax?: number;
  /** 60 to 21,600; absent: 21,600. */
  readonly eventAgeSecondsMax?: number;
  /** ARN of a queue, topic, function or event bus. */
  readonly onSuccess?: string;
  /** The same, or of a bucket. */
  readonly onFailure?: string;
  /** Epoch milliseconds. */
  readonly lastModifiedMs: number;
}

/** How many environments a version or alias asks to be kept ready. */
export interface ProvisionedRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  /** A version number or an alias. */
  readonly qualifier: string;
  readonly requested: number;
  /** Epoch milliseconds. */
  readonly lastModifiedMs: number;
}

export interface AliasRecord {
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
  readonly name: string;
  readonly version: VersionName;
  readonly description: string;
  /** Version to weight (0..1): that share of invokes goes there instead of to `version`. */
  readonly additionalWeights: Readonly<Record<string, number>>;
  readonly revisionId: string;
}
