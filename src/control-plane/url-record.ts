/** A function's URL: its id, its CORS settings between the wire and the store, and how clients see it. Pure. */
import { createHash } from 'node:crypto';
import {
  functionArn,
  type FunctionName,
  type FunctionUrlCors,
  type FunctionUrlRecord,
  latestVersion,
} from '#metadata';
import type { Input, Output } from '#wire';
import { list, number, structure } from './request.ts';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const idCharacters = 32;

/** The same for a function and qualifier whenever it is made, so that a URL survives being deleted and created again. */
export function urlIdOf({ accountId, region, functionName }: FunctionName, qualifier: string): string {
  const digest = createHash('sha256').update([accountId, region, functionName, qualifier].join('/')).digest();
  return Array.from(digest.subarray(0, idCharacters), (byte) => alphabet[byte % alphabet.length]).join('');
}

/** undefined: the request does not touch them. `none`: it takes them away, by saying nothing in them. */
export function corsOf(input: Input): FunctionUrlCors | 'none' | undefined {
  const cors = structure(input, 'Cors');
  if (!cors) return undefined;
  const credentials = cors['AllowCredentials'];
  const maxAgeSeconds = number(cors, 'MaxAge');
  const settings: FunctionUrlCors = {
    ...(typeof credentials === 'boolean' && { allowCredentials: credentials }),
    ...texts(cors, 'AllowHeaders', 'allowHeaders'),
    ...texts(cors, 'AllowMethods', 'allowMethods'),
    ...texts(cors, 'AllowOrigins', 'allowOrigins'),
    ...texts(cors, 'ExposeHeaders', 'exposeHeaders'),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
  };
  return Object.keys(settings).length === 0 ? 'none' : settings;
}

function texts<Name extends keyof FunctionUrlCors>(
  cors: Input,
  member: string,
  name: Name,
): Partial<Record<Name, readonly string[]>> {
  const values = list(cors, member);
  return values === undefined
    ? {}
    : ({ [name]: values } as unknown as Partial<Record<Name, readonly string[]>>);
}

/** A FunctionUrlConfig; the URL's host is told apart from others by its first label, and leads back to this listener. */
export function urlConfiguration(record: FunctionUrlRecord, domain: string, endpoint: string): Output {
  const { port } = new URL(endpoint);
  const { qualifier, cors } = record;
  return {
    FunctionUrl: `http://${record.urlId}.lambda-url.${record.region}.${domain}${port === '' ? '' : `:${port}`}/`,
    FunctionArn: functionArn(record, qualifier === latestVersion ? undefined : qualifier),
    AuthType: record.authType,
    Cors: cors && {
      AllowCredentials: cors.allowCredentials,
      AllowHeaders: cors.allowHeaders,
      AllowMethods: cors.allowMethods,
      AllowOrigins: cors.allowOrigins,
      ExposeHeaders: cors.exposeHeaders,
      MaxAge: cors.maxAgeSeconds,
    },
    CreationTime: microseconds(record.createdMs),
    LastModifiedTime: microseconds(record.lastModifiedMs),
    InvokeMode: record.invokeMode,
  };
}

/** The form of these timestamps on AWS: six digits of a second, of which we know three. */
const microseconds = (epochMs: number): string => new Date(epochMs).toISOString().replace('Z', '000Z');
