/** Reads what an extension asks of the Telemetry API 2022-07-01 or the Logs API 2020-08-15. Pure; the body is hostile. */

export type Api = 'telemetry' | 'logs';
export type StreamType = 'platform' | 'function' | 'extension';

export type Destination =
  | {
      readonly protocol: 'HTTP';
      readonly port: number;
      readonly path: string;
      readonly method: 'POST' | 'PUT';
    }
  | { readonly protocol: 'TCP'; readonly port: number };

/** When a batch goes out. */
export interface Buffering {
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface Subscription {
  readonly api: Api;
  readonly schemaVersion: string;
  readonly types: readonly StreamType[];
  readonly destination: Destination;
  readonly buffering: Buffering;
}

export type Read =
  | { readonly kind: 'valid'; readonly subscription: Subscription }
  /** Everything that is wrong with it, in one line. */
  | { readonly kind: 'invalid'; readonly message: string };

const schemas: Readonly<Record<Api, readonly string[]>> = {
  telemetry: ['2022-07-01', '2022-12-13', '2025-01-29'],
  logs: ['2020-08-15', '2021-03-18'],
};
const streamTypes: readonly string[] = ['platform', 'function', 'extension'];
const hosts: ReadonlySet<string> = new Set(['sandbox.localdomain', 'sandbox']);
const pathCharsMax = 1_024;
/** AWS's own service inside the environment. */
const reservedPort = 9001;

const bounds = {
  maxItems: { min: 1_000, max: 10_000, otherwise: 10_000 },
  maxBytes: { min: 262_144, max: 1_048_576, otherwise: 262_144 },
  timeoutMs: { min: 25, max: 30_000, otherwise: 1_000 },
} as const;

export function readSubscription(api: Api, body: Uint8Array): Read {
  const parsed = parse(body);
  if (!isObject(parsed)) return { kind: 'invalid', message: 'request body is not a JSON object' };
  const problems: string[] = [];
  const schemaVersion = readSchema(api, parsed['schemaVersion'], problems);
  const destination = readDestination(parsed['destination'], problems);
  const types = readTypes(parsed['types'], problems);
  const buffering = readBuffering(parsed['buffering'], problems);
  if (problems.length > 0 || destination === undefined) {
    return { kind: 'invalid', message: problems.join('; ') };
  }
  return { kind: 'valid', subscription: { api, schemaVersion, types, destination, buffering } };
}

function readSchema(api: Api, value: unknown, problems: string[]): string {
  const known = schemas[api];
  const [oldest = ''] = known;
  if (value === undefined && api === 'logs') return oldest;
  if (typeof value === 'string' && known.includes(value)) return value;
  problems.push(
    value === undefined
      ? 'schemaVersion is not provided'
      : `schemaVersion should be one of ${known.join(', ')}`,
  );
  return oldest;
}

function readTypes(value: unknown, problems: string[]): readonly StreamType[] {
  if (!Array.isArray(value) || value.length === 0) {
    problems.push('types should not be empty');
    return [];
  }
  const types = value.filter((type): type is StreamType => streamTypes.includes(String(type)));
  if (types.length < value.length) problems.push(`types should be among ${streamTypes.join(', ')}`);
  return [...new Set(types)];
}

function readDestination(value: unknown, problems: string[]): Destination | undefined {
  if (!isObject(value)) {
    problems.push('destination is not provided');
    return undefined;
  }
  switch (value['protocol']) {
    case 'HTTP':
      return readHttp(value, problems);
    case 'TCP': {
      const port = readPort(value['port'], 'port', problems);
      return port === undefined ? undefined : { protocol: 'TCP', port };
    }
    default:
      problems.push('protocol should be HTTP or TCP');
      return undefined;
  }
}

function readHttp(value: Readonly<Record<string, unknown>>, problems: string[]): Destination | undefined {
  const { URI: uri, method = 'POST' } = value;
  if (method !== 'POST' && method !== 'PUT') problems.push('method should be POST or PUT');
  if (typeof uri !== 'string' || uri === '') {
    problems.push('URI is not provided');
    return undefined;
  }
  const url = URL.parse(uri);
  if (url === null || url.protocol !== 'http:' || uri.length > pathCharsMax) {
    problems.push('URI should be of the form http://sandbox.localdomain:port/path');
    return undefined;
  }
  if (!hosts.has(url.hostname)) problems.push('URI host should be sandbox.localdomain');
  // Port 80 is dropped from a URL as the one that goes without saying; here it has to be said.
  const said = /^http:\/\/[^/?#]*:80(?:[/?#]|$)/i.test(uri) ? '80' : url.port;
  const port = readPort(said === '' ? undefined : Number(said), 'URI port', problems);
  if (port === undefined) return undefined;
  return {
    protocol: 'HTTP',
    port,
    path: `${url.pathname}${url.search}`,
    method: method === 'PUT' ? 'PUT' : 'POST',
  };
}

function readPort(value: unknown, name: string, problems: string[]): number | undefined {
  if (value === undefined || value === null) problems.push(`${name} is not provided`);
  else if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 65_535) {
    problems.push(`${name} should be between 1 and 65535`);
  } else if (value === reservedPort) problems.push(`${name} ${reservedPort} is reserved`);
  else return value;
  return undefined;
}

function readBuffering(value: unknown, problems: string[]): Buffering {
  if (value !== undefined && value !== null && !isObject(value))
    problems.push('buffering should be an object');
  const asked = isObject(value) ? value : {};
  const bounded = (name: keyof typeof bounds): number => {
    const { min, max, otherwise } = bounds[name];
    const number = asked[name];
    if (number === undefined || number === null) return otherwise;
    if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
      return number;
    problems.push(`${name} should be between ${min} and ${max}`);
    return otherwise;
  };
  return { maxItems: bounded('maxItems'), maxBytes: bounded('maxBytes'), timeoutMs: bounded('timeoutMs') };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
