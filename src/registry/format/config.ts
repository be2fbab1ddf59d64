/** An image's config: how to run it, and the digests of its layers unpacked. */
import type { ImageDefaults } from '../image-source.ts';
import { isDigest } from './digest.ts';
import { FormatError } from './format-error.ts';
import { isRecord, parseJson } from './json.ts';

export interface ImageConfig {
  readonly os: string;
  /** As Go names it: `amd64`, `arm64`, ... */
  readonly architecture: string;
  /** Of the layers' tar streams, in order. */
  readonly diffIds: readonly string[];
  readonly defaults: ImageDefaults;
}

/** Values and names together: an environment that is larger could not be given to a process. */
const environmentCharactersMax = 1024 * 1024;

/** Throws a FormatError. The bytes must have been bounded. */
export function parseConfig(bytes: Uint8Array): ImageConfig {
  const json = parseJson(bytes, "the image's config");
  const { os, architecture, rootfs, config } = json;
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw new FormatError("the image's config names no os or no architecture");
  }
  const diffIds = isRecord(rootfs) ? rootfs['diff_ids'] : undefined;
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id))) {
    throw new FormatError("the image's config has no list of digests in rootfs.diff_ids");
  }
  if (config !== undefined && config !== null && !isRecord(config)) {
    throw new FormatError("the image's config.config is no object");
  }
  return { os, architecture, diffIds: diffIds as readonly string[], defaults: defaultsOf(config ?? {}) };
}

function defaultsOf(config: Readonly<Record<string, unknown>>): ImageDefaults {
  return {
    entryPoint: texts(config, 'Entrypoint'),
    command: texts(config, 'Cmd'),
    workingDirectory: text(config, 'WorkingDir'),
    environment: environmentOf(texts(config, 'Env')),
    user: text(config, 'User'),
  };
}

function environmentOf(entries: readonly string[]): Readonly<Record<string, string>> {
  if (entries.reduce((sum, { length }) => sum + length, 0) > environmentCharactersMax) {
    throw new FormatError("the image's environment is too large");
  }
  const pairs = entries.map((entry) => {
    const at = entry.indexOf('=');
    if (at < 1 || entry.includes('\0')) throw new FormatError("the image's Env has an entry without a name");
    return [entry.slice(0, at), entry.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

function texts(config: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = config[name] ?? [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new FormatError(`the image's ${name} is no list of strings`);
  }
  return value;
}

function text(config: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = config[name] ?? '';
  if (typeof value !== 'string') throw new FormatError(`the image's ${name} is no string`);
  return value === '' ? undefined : value;
}
