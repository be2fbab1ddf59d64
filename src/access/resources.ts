/**
 * The resources of requests: from an operation's input to the ARN on which its permission is asked. What cannot be read as the name or ARN
 * of anything is still asked about, as it stands: refusing it is the handler's, once the caller may go that far.
 */
import { unreachable } from '#lib/assert';
import { functionArn, type FunctionName, parseFunctionName, type Place } from '#metadata';
import type { Input } from '#wire';

export interface Resource {
  readonly arn: string;
  /** Whose it is, by the ARN; undefined for `*` and what belongs to nobody. */
  readonly accountId: string | undefined;
  /** Where it is a function, or a version or alias of one. */
  readonly function?: FunctionName;
  /** The version or alias. */
  readonly qualifier?: string;
}

export type ResourceOf = (input: Input, place: Place) => Resource;

const any: Resource = { arn: '*', accountId: undefined };

/** For operations whose permission can only be given for everything: lists, and what has no name yet. */
export const everything: ResourceOf = () => any;

/** The function as a whole, whichever version or alias the request names. */
export const wholeFunction: ResourceOf = (input, place) => functionOf(text(input, 'FunctionName'), place);

/** The function, version or alias, exactly as the request names it. */
export const qualifiedFunction: ResourceOf = (input, place) =>
  qualifiedFunctionOf(text(input, 'FunctionName'), optional(input, 'Qualifier'), place);

export const layer: ResourceOf = (input, place) => layerOf(text(input, 'LayerName'), place);

export const layerVersion: ResourceOf = (input, place) =>
  arnOf(`${layerOf(text(input, 'LayerName'), place).arn}:${Number(input['VersionNumber'])}`);

export const layerVersionByArn: ResourceOf = (input) => arnOf(text(input, 'Arn'));

export const eventSourceMapping: ResourceOf = (input, place) =>
  own(place, `event-source-mapping:${text(input, 'UUID')}`);

export const codeSigningConfig: ResourceOf = (input) => arnOf(text(input, 'CodeSigningConfigArn'));

export const capacityProvider: ResourceOf = (input, place) => {
  const name = text(input, 'CapacityProviderName');
  return name.includes(':') ? arnOf(name) : own(place, `capacity-provider:${name}`);
};

export const durableExecution: ResourceOf = (input) => arnOf(text(input, 'DurableExecutionArn'));

/** What TagResource and its siblings name; of a function, the function. */
export const taggedResource: ResourceOf = (input, place) => functionOrArn(text(input, 'Resource'), place);

/** What PutResourcePolicy and its siblings name. */
export const policedResource: ResourceOf = (input, place) => functionOrArn(text(input, 'ResourceArn'), place);

export function functionOf(nameOrArn: string, place: Place): Resource {
  const { function: name, ...resource } = qualifiedFunctionOf(nameOrArn, undefined, place);
  return name === undefined ? resource : whole(name);
}

/** A foreign or unreadable reference becomes an ARN without a function: nobody's policies are looked for. */
export function qualifiedFunctionOf(
  nameOrArn: string,
  qualifier: string | undefined,
  place: Place,
): Resource {
  const reference = parseFunctionName(nameOrArn, qualifier, place);
  switch (reference.kind) {
    case 'function': {
      const name = { ...place, functionName: reference.functionName };
      if (reference.qualifier === undefined) return whole(name);
      const arn = functionArn(name, reference.qualifier);
      return { arn, accountId: place.accountId, function: name, qualifier: reference.qualifier };
    }
    case 'foreign-account':
      return arnOf(reference.arn);
    case 'foreign-region':
    case 'invalid':
      return nameOrArn.startsWith('arn:') ? arnOf(nameOrArn) : own(place, `function:${nameOrArn}`);
    default:
      return unreachable(reference);
  }
}

/** A resource of the caller's own account and region, by the last part of its ARN. */
export function own({ region, accountId }: Place, name: string): Resource {
  return { arn: `arn:aws:lambda:${region}:${accountId}:${name}`, accountId };
}

export function arnOf(arn: string): Resource {
  return { arn, accountId: arn.split(':', 5)[4] || undefined };
}

function whole(name: FunctionName): Resource {
  return { arn: functionArn(name), accountId: name.accountId, function: name };
}

function layerOf(nameOrArn: string, place: Place): Resource {
  return nameOrArn.includes(':') ? arnOf(nameOrArn) : own(place, `layer:${nameOrArn}`);
}

function functionOrArn(arn: string, place: Place): Resource {
  if (!/^arn:[^:]*:lambda:[^:]*:[^:]*:function:/.test(arn)) return arnOf(arn);
  return qualifiedFunctionOf(arn, undefined, place);
}

/** A required member: the wire has checked that it is there. */
function text(input: Input, member: string): string {
  return optional(input, member) ?? '';
}

function optional(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}
