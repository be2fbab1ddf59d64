/** The values that options and their environment variables take: text in, checked value out. Commander tells which option was wrong. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';

export function port(text: string): number {
  return whole(text, 0, 65_535, 'a port');
}

export function poolSize(text: string): number {
  return whole(text, 0, 1_000, 'a number of processes');
}

export function concurrency(text: string): number {
  return whole(text, 1, 1_000_000, 'a number of invokes');
}

/** Minutes, a minute to a week; returns milliseconds. */
export function minutes(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= minutesMax) return count * 60_000;
  throw new InvalidArgumentError(`Expected a number of minutes, 1 to ${minutesMax}.`);
}

/** Hours, an hour to ten years; returns milliseconds. */
export function hours(text: string): number {
  return whole(text, 1, 87_600, 'a number of hours') * 3_600_000;
}

/** MiB of a cache, 16 MiB to 16 TiB; returns bytes. */
export function cacheMebibytes(text: string): number {
  return whole(text, 16, 16 * 1024 * 1024, 'a number of MiB') * 1024 * 1024;
}

const minutesMax = 7 * 24 * 60;

/** Days, one to 455 (as long as AWS keeps anything); returns milliseconds. */
export function days(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= daysMax) return count * 86_400_000;
  throw new InvalidArgumentError(`Expected a number of days, 1 to ${daysMax}.`);
}

const daysMax = 455;

/** MiB, with decimals; returns bytes. */
export function mebibytes(text: string): number {
  const bytes = /^\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * 1024 * 1024) : Number.NaN;
  if (bytes >= mebibytesMin * 1024 * 1024 && bytes <= mebibytesMax * 1024 * 1024) return bytes;
  throw new InvalidArgumentError(`Expected a number of MiB, ${mebibytesMin} to ${mebibytesMax}.`);
}

const mebibytesMin = 0.001;
const mebibytesMax = 1_000_000;
/** Megabytes. */
export function memory(text: string): number {
  return whole(text, 128, 32_768, 'a number of megabytes');
}

/** Seconds. */
export function timeout(text: string): number {
  return whole(text, 1, 900, 'a number of seconds');
}

/** Seconds. */
export function grace(text: string): number {
  return whole(text, 0, 900, 'a number of seconds');
}

export function host(text: string): string {
  if (!/^[A-Za-z0-9.:_-]{1,253}$/.test(text))
    throw new InvalidArgumentError('Expected a host name or address.');
  return text;
}

/** A domain, in lower case. */
export function domain(text: string): string {
  if (!/^(?=.{1,200}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9][A-Za-z0-9-]{0,62})*$/.test(text)) {
    throw new InvalidArgumentError('Expected a name such as functions.example.com.');
  }
  return text.toLowerCase();
}

export function accountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new InvalidArgumentError('Expected twelve digits.');
  return text;
}

export function region(text: string): string {
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/.test(text))
    throw new InvalidArgumentError('Expected a name such as us-east-1.');
  return text;
}

/** The address of an HTTP service, without a trailing slash. */
export function url(text: string): string {
  const parsed = URL.parse(text);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:9010.');
  }
  return text.replace(/\/+$/, '');
}

/** URLs with commas between. */
export function urls(text: string): readonly string[] {
  return text.split(',').map((each) => url(each.trim()));
}

/** As many as a keyring takes (`kmsKeyIdsMax` of `#images`, which options do not load; the tests compare them). */
const kmsKeysMax = 4;

/** Keys of KMS with commas between: ids, ARNs or aliases. */
export function kmsKeys(text: string): readonly string[] {
  const keys = text.split(',').map((key) => key.trim());
  if (keys.length > kmsKeysMax) throw new InvalidArgumentError(`Expected up to ${kmsKeysMax} keys.`);
  if (!keys.every((key) => key.length <= 2048 && kmsKey.test(key))) {
    throw new InvalidArgumentError(
      "Expected a key's id, its ARN or alias/NAME, or several of them with commas between.",
    );
  }
  return keys;
}

const kmsKey =
  /^(?:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(?:key\/[A-Za-z0-9-]+|alias\/[A-Za-z0-9/_-]+)|alias\/[A-Za-z0-9/_-]+|[A-Za-z0-9-]+)$/;

export function functionName(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text)) {
    throw new InvalidArgumentError('Expected the name of a function: at most 64 letters, digits, - and _.');
  }
  return text;
}

export function isolation(text: string): 'auto' | 'container' | 'process' {
  if (text === 'auto' || text === 'container' || text === 'process') return text;
  throw new InvalidArgumentError(
    text === 'microvm'
      ? 'Lambkin does not have microvm isolation yet: use container, process (for development only), or auto.'
      : 'Expected auto, container or process.',
  );
}

export function network(text: string): 'none' | 'internet' {
  if (text === 'none' || text === 'internet') return text;
  throw new InvalidArgumentError('Expected none or internet.');
}

/** In the variables of its process once, or by an endpoint that it asks. */
export function roleCredentials(text: string): 'variables' | 'endpoint' {
  if (text === 'variables' || text === 'endpoint') return text;
  throw new InvalidArgumentError('Expected variables or endpoint.');
}

/** A directory whose system files functions see. */
export function baseImage(text: string): string {
  const path = resolve(text);
  if (statSync(join(path, 'usr'), { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new InvalidArgumentError('Expected a directory with the files of a Linux system (usr, etc, ...).');
}

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

export function logLevel(text: string): (typeof logLevels)[number] {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new InvalidArgumentError(`Expected one of ${logLevels.join(', ')}.`);
  return level;
}

/** `s3=http://127.0.0.1:9010`, collected over several. */
export function endpoint(
  text: string,
  sofar: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, service, address] = /^([A-Za-z0-9_-]+)=(.*)$/.exec(text) ?? [];
  if (service === undefined || address === undefined) {
    throw new InvalidArgumentError('Expected SERVICE=URL, such as s3=http://127.0.0.1:9010.');
  }
  return { ...sofar, [serviceName(service)]: url(address) };
}

/** LAMBKIN_ENDPOINT_S3=http://... and its siblings. */
export function endpointsIn(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const prefix = 'LAMBKIN_ENDPOINT_';
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(prefix) || value === undefined || value === '') continue;
    try {
      found[serviceName(name.slice(prefix.length))] = url(value);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(`${name} is '${value}'. ${error.message}`);
    }
  }
  return found;
}

/** As in AWS_ENDPOINT_URL_<SERVICE>, in lower case. */
function serviceName(text: string): string {
  return text.toLowerCase().replaceAll('-', '_');
}

/** A moment in the past: `30s`, `10m`, `2h`, `1d` or `1w` ago, or an ISO date and time. Epoch milliseconds. */
export function since(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,6})(s|m|h|d|w)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : unitsMs.get(unit);
  if (count !== undefined && unitMs !== undefined) return nowMs - Number(count) * unitMs;
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(moment)) {
    throw new InvalidArgumentError('Expected a time such as 30s, 10m, 2h, 1d, or 2026-01-31T12:00:00Z.');
  }
  return moment;
}

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
  ['w', 7 * 86_400_000],
]);

function whole(text: string, min: number, max: number, what: string): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new InvalidArgumentError(`Expected ${what} from ${min} to ${max}.`);
  }
  return value;
}
