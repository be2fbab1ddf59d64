/**
 * Manifests: what an image or an index is made of. Read from bytes of strangers: anything that is not of the form is a FormatError, which says
 * what is wrong in words for whoever made it.
 */
import { registryLimits } from '../limits.ts';
import { isDigest } from './digest.ts';
import { isRecord, parseJson } from './json.ts';
import { FormatError } from './format-error.ts';
import { indexTypes, manifestTypes, ociIndex, ociManifest } from './media-types.ts';

export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:<hex>` */
  readonly digest: string;
  readonly sizeBytes: number;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string | undefined;
}

export interface IndexEntry extends Descriptor {
  readonly platform: Platform | undefined;
  /** Says of what it is, rather than being an image: attestations of BuildKit. */
  readonly isAttestation: boolean;
}

/** What a manifest says of itself for those who look for what refers to its subject. */
export interface Referring {
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface ImageManifest extends Referring {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export interface IndexManifest extends Referring {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly IndexEntry[];
}

export type Manifest = ImageManifest | IndexManifest;

/** `contentType`: what the sender calls it; undefined or unknown: what the manifest says itself. Throws a FormatError. */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): Manifest {
  if (bytes.length > registryLimits.manifestBytesMax) {
    throw new FormatError(`the manifest is larger than ${registryLimits.manifestBytesMax} bytes`);
  }
  const json = parseJson(bytes, 'the manifest');
  if (json['schemaVersion'] !== 2) {
    throw new FormatError('the manifest has no schemaVersion 2: version 1 is not served');
  }
  const mediaType = mediaTypeOf(json, contentType);
  const referring = referringOf(json);
  if (indexTypes.has(mediaType)) {
    if (json['layers'] !== undefined || json['config'] !== undefined) {
      throw new FormatError('an index has no layers and no config');
    }
    return { kind: 'index', mediaType, manifests: list(json, 'manifests').map(indexEntry), ...referring };
  }
  if (json['manifests'] !== undefined) throw new FormatError("an image's manifest has no manifests");
  return {
    kind: 'image',
    mediaType,
    config: descriptor(json['config'], 'config'),
    layers: list(json, 'layers').map((layer, index) => descriptor(layer, `layers[${index}]`)),
    ...referring,
  };
}

const known = (type: string | undefined): boolean =>
  type !== undefined && (manifestTypes.has(type) || indexTypes.has(type));

function mediaTypeOf(json: Readonly<Record<string, unknown>>, contentType: string | undefined): string {
  const sent = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  const told = json['mediaType'];
  if (told !== undefined && typeof told !== 'string') throw new FormatError('mediaType is no string');
  if (told !== undefined) {
    if (!known(told)) throw new FormatError(`manifests of type ${shown(told)} are not served`);
    if (known(sent) && sent !== told) {
      throw new FormatError(`the manifest says that it is ${told}, and was sent as ${sent}`);
    }
    return told;
  }
  if (sent !== undefined && known(sent)) return sent;
  // Old OCI tools leave it out, and some servers call everything JSON.
  return json['manifests'] === undefined ? ociManifest : ociIndex;
}

function referringOf(json: Readonly<Record<string, unknown>>): Referring {
  const { subject, artifactType, annotations } = json;
  if (artifactType !== undefined && typeof artifactType !== 'string') {
    throw new FormatError('artifactType is no string');
  }
  return {
    subject: subject === undefined ? undefined : descriptor(subject, 'subject').digest,
    artifactType,
    annotations: annotationsOf(annotations),
  };
}

function annotationsOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  if (!isRecord(value)) throw new FormatError('annotations are no object');
  const texts = Object.entries(value).map(([name, text]) => {
    if (typeof text !== 'string') throw new FormatError('an annotation is no string');
    return [name, text] as const;
  });
  return Object.fromEntries(texts);
}

function indexEntry(value: unknown, index: number): IndexEntry {
  const where = `manifests[${index}]`;
  const entry = descriptor(value, where);
  const { platform, annotations } = value as { readonly platform?: unknown; readonly annotations?: unknown };
  return {
    ...entry,
    platform: platformOf(platform, where),
    isAttestation: isRecord(annotations) && annotations['vnd.docker.reference.type'] !== undefined,
  };
}

function platformOf(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw new FormatError(`${where}.platform is no object`);
  const { os, architecture, variant } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw new FormatError(`${where}.platform has no os or no architecture`);
  }
  return { os, architecture, variant: typeof variant === 'string' ? variant : undefined };
}

function list(json: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = json[name];
  if (!Array.isArray(value)) throw new FormatError(`${name} is no list`);
  if (value.length > registryLimits.descriptorsMax) {
    throw new FormatError(`${name} has more than ${registryLimits.descriptorsMax} entries`);
  }
  return value as readonly unknown[];
}

function descriptor(value: unknown, where: string): Descriptor {
  if (!isRecord(value)) throw new FormatError(`${where} is no descriptor`);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || mediaType === '' || mediaType.length > 255) {
    throw new FormatError(`${where} has no mediaType`);
  }
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw new FormatError(`${where} has no digest of the form sha256:<64 hex digits>`);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new FormatError(`${where} has no size`);
  }
  return { mediaType, digest, sizeBytes: size };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
