/**
 * Where the records stand in Documents, all below one prefix so that one watch sees every change of a commit:
 *
 *   metadata/functions/<account>/<region>/<name>                      FunctionRecord
 *   metadata/versions/<account>/<region>/$LATEST/<name>               VersionRecord of $LATEST
 *   metadata/versions/<account>/<region>/published/<name>/<number>    VersionRecord; 16 digits, so keys sort as the numbers do
 *   metadata/aliases/<account>/<region>/<name>/<alias>                AliasRecord
 *   metadata/policies/<account>/<region>/<name>                       FunctionPolicyRecord
 *   metadata/urls/<account>/<region>/<name>/<qualifier>               FunctionUrlRecord
 *   metadata/url-ids/<region>/<url id>                                FunctionUrlReference: whose URL that is
 *   metadata/event-invoke/<account>/<region>/<name>/<qualifier>       EventInvokeRecord
 *   metadata/provisioned/<account>/<region>/<name>/<qualifier>        ProvisionedRecord
 *
 * No part can contain `/`: the wire's patterns and `parseFunctionName` see to it. All of an account's $LATEST records are
 * neighbours, which makes listing its functions one read.
 */
import { assert } from '#lib/assert';

export const metadataPrefix = 'metadata/';

/** Whose functions: every key and ARN starts with these. */
export interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** One function of a place. */
export interface FunctionName extends Place {
  readonly functionName: string;
}

export const latestVersion = '$LATEST';

const numberDigits = 16;

export const functionsPrefix = (place: Place): string =>
  `${metadataPrefix}functions/${place.accountId}/${place.region}/`;

export const functionKey = (name: FunctionName): string => functionsPrefix(name) + name.functionName;

/** All versions of a place: first every `$LATEST`, then the published ones. */
export const allVersionsPrefix = (place: Place): string =>
  `${metadataPrefix}versions/${place.accountId}/${place.region}/`;

export const latestVersionsPrefix = (place: Place): string => `${allVersionsPrefix(place)}${latestVersion}/`;

/** The published versions of one function, in order of their numbers. */
export const publishedVersionsPrefix = (name: FunctionName): string =>
  `${allVersionsPrefix(name)}published/${name.functionName}/`;

/** The key of `$LATEST` or of a version number in decimal digits. */
export function versionKey(name: FunctionName, version: string): string {
  if (version === latestVersion) return latestVersionsPrefix(name) + name.functionName;
  assert(isVersionNumber(version), `not a version: ${version}`);
  return publishedVersionsPrefix(name) + version.padStart(numberDigits, '0');
}

export const aliasesPrefix = (name: FunctionName): string =>
  `${metadataPrefix}aliases/${name.accountId}/${name.region}/${name.functionName}/`;

export const aliasKey = (name: FunctionName, alias: string): string => aliasesPrefix(name) + alias;

/** The resource policies of a function and of its versions and aliases. */
export const functionPolicyKey = (name: FunctionName): string =>
  `${metadataPrefix}policies/${name.accountId}/${name.region}/${name.functionName}`;

/** The URLs of a function: of `$LATEST` and of its aliases. */
export const functionUrlsPrefix = (name: FunctionName): string =>
  `${metadataPrefix}urls/${name.accountId}/${name.region}/${name.functionName}/`;

export const functionUrlKey = (name: FunctionName, qualifier: string): string =>
  functionUrlsPrefix(name) + qualifier;

/** From the id in a URL's host name to the function. */
export const functionUrlIdKey = (region: string, urlId: string): string =>
  `${metadataPrefix}url-ids/${region}/${urlId}`;

/** How event invokes of a function are retried: of `$LATEST`, of versions and of aliases. */
export const eventInvokesPrefix = (name: FunctionName): string =>
  `${metadataPrefix}event-invoke/${name.accountId}/${name.region}/${name.functionName}/`;

export const eventInvokeKey = (name: FunctionName, qualifier: string): string =>
  eventInvokesPrefix(name) + qualifier;

/** What is provisioned of a function: for its versions and aliases. */
export const provisionedPrefix = (name: FunctionName): string =>
  `${metadataPrefix}provisioned/${name.accountId}/${name.region}/${name.functionName}/`;

export const provisionedKey = (name: FunctionName, qualifier: string): string =>
  provisionedPrefix(name) + qualifier;

/** A number as versions carry it: no sign, no leading zero, at most 16 digits. */
export function isVersionNumber(text: string): boolean {
  return /^[1-9][0-9]{0,15}$/.test(text);
}

export type ParsedKey =
  | ({ readonly kind: 'function' } & FunctionName)
  | ({ readonly kind: 'policy' } & FunctionName)
  | ({ readonly kind: 'version'; readonly version: string } & FunctionName)
  | ({ readonly kind: 'alias'; readonly alias: string } & FunctionName)
  | ({ readonly kind: 'url'; readonly qualifier: string } & FunctionName)
  | ({ readonly kind: 'provisioned'; readonly qualifier: string } & FunctionName)
  | ({ readonly kind: 'event-invoke'; readonly qualifier: string } & FunctionName);

/** Takes a key apart again; undefined for a key that none of the functions above makes. */
export function parseKey(key: string): ParsedKey | undefined {
  const [root, collection, accountId, region, first, second, third, ...rest] = key.split('/');
  if (root !== 'metadata' || rest.length > 0 || !accountId || !region || !first) return undefined;
  if (collection === 'functions' && second === undefined) {
    return { kind: 'function', accountId, region, functionName: first };
  }
  if (collection === 'policies' && second === undefined) {
    return { kind: 'policy', accountId, region, functionName: first };
  }
  if (collection === 'urls' && second && third === undefined) {
    return { kind: 'url', accountId, region, functionName: first, qualifier: second };
  }
  if (collection === 'provisioned' && second && third === undefined) {
    return { kind: 'provisioned', accountId, region, functionName: first, qualifier: second };
  }
  if (collection === 'event-invoke' && second && third === undefined) {
    return { kind: 'event-invoke', accountId, region, functionName: first, qualifier: second };
  }
  if (collection === 'aliases' && second && third === undefined) {
    return { kind: 'alias', accountId, region, functionName: first, alias: second };
  }
  if (collection === 'versions' && second) {
    if (first === latestVersion && third === undefined) {
      return { kind: 'version', accountId, region, functionName: second, version: latestVersion };
    }
    if (first === 'published' && third?.length === numberDigits && /^[0-9]+$/.test(third)) {
      return {
        kind: 'version',
        accountId,
        region,
        functionName: second,
        version: third.replace(/^0+(?=[0-9])/, ''),
      };
    }
  }
  return undefined;
}
