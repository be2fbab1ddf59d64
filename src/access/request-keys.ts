/**
 * Condition keys that operations have of their own: what a request says that policies may look at. Names in lower case, as evaluation
 * compares them. A key that a request does not have is absent, not empty.
 */
import type { Place } from '#metadata';
import type { Input } from '#wire';
import { functionOf, qualifiedFunctionOf } from './resources.ts';
import { grantsIn } from './stored-policy.ts';

export type Key = readonly [name: string, value: string | readonly string[]];

export interface KeyScene {
  readonly place: Place;
  /** The resource's own policy as it is stored, where it has one. */
  readonly policy: string | undefined;
}

export type KeySource = (input: Input, scene: KeyScene) => readonly Key[];

/** `Tags` (or `tags`) of the request. */
export const requestTags: KeySource = (input) => {
  const tags = Object.entries(mapOf(input, 'Tags') ?? mapOf(input, 'tags') ?? {});
  if (tags.length === 0) return [];
  const values = tags.map(([tag, value]): Key => [`aws:requesttag/${tag.toLowerCase()}`, String(value)]);
  return [['aws:tagkeys', tags.map(([tag]) => tag)], ...values];
};

/** The tags that a request takes away: `TagKeys`, of log groups `tagKeys` or `tags`. */
export const untaggedKeys: KeySource = (input) => {
  const keys = textsOf(input['TagKeys'] ?? input['tagKeys'] ?? input['tags']);
  return keys.length === 0 ? [] : [['aws:tagkeys', keys]];
};

/** The function that the request names where it is not the resource: of event source mappings. */
export const mappedFunction: KeySource = (input, { place }) => {
  const name = textOf(input, 'FunctionName');
  return name === undefined ? [] : [['lambda:functionarn', qualifiedFunctionOf(name, undefined, place).arn]];
};

/** The function whose URL is configured. */
export const urlFunction: KeySource = (input, { place }) => {
  const name = textOf(input, 'FunctionName');
  return name === undefined ? [] : [['lambda:functionarn', functionOf(name, place).arn]];
};

/** `AuthType` of a URL's configuration, or `FunctionUrlAuthType` of a permission. */
export const urlAuthType: KeySource = (input) => {
  const type = textOf(input, 'AuthType') ?? textOf(input, 'FunctionUrlAuthType');
  return type === undefined ? [] : [['lambda:functionurlauthtype', type]];
};

export const invokedViaUrl: KeySource = (input) =>
  typeof input['InvokedViaFunctionUrl'] === 'boolean'
    ? [['lambda:invokedviafunctionurl', String(input['InvokedViaFunctionUrl'])]]
    : [];

/** Whom a permission is given to. */
export const grantedPrincipal: KeySource = (input) => {
  const principal = textOf(input, 'Principal');
  return principal === undefined ? [] : [['lambda:principal', principal]];
};

/** Whom the permission was given to that is being taken away, and for which kind of URL. */
export const removedGrant: KeySource = (input, { policy }) => grantKeys(policy, textOf(input, 'StatementId'));

/** Everybody whom a policy names that is put in place. */
export const grantedByPolicy: KeySource = (input) => grantKeys(textOf(input, 'Policy'), undefined);

/** Everybody whom the policy names that is taken away. */
export const removedPolicy: KeySource = (_input, { policy }) => grantKeys(policy, undefined);

export const layersUsed: KeySource = (input) => several('lambda:layer', input['Layers']);

export const network: KeySource = (input) => {
  const config = mapOf(input, 'VpcConfig') ?? {};
  return [
    ...several('lambda:subnetids', config['SubnetIds']),
    ...several('lambda:securitygroupids', config['SecurityGroupIds']),
  ];
};

export const codeSigning: KeySource = (input) => {
  const arn = textOf(input, 'CodeSigningConfigArn');
  return arn === undefined ? [] : [['lambda:codesigningconfigarn', arn]];
};

/** Of `iam:PassRole`. */
export const passedToLambda: KeySource = (input, { place }) => [
  ['iam:passedtoservice', 'lambda.amazonaws.com'],
  ['iam:associatedresourcearn', functionOf(textOf(input, 'FunctionName') ?? '', place).arn],
];

function grantKeys(policy: string | undefined, statementId: string | undefined): readonly Key[] {
  if (policy === undefined) return [];
  const { principals, urlAuthTypes } = grantsIn(policy, statementId);
  return [...several('lambda:principal', principals), ...several('lambda:functionurlauthtype', urlAuthTypes)];
}

/** One value is given as such: operators that want a single one then have it. */
function several(name: string, value: unknown): readonly Key[] {
  const texts = textsOf(value);
  const [first] = texts;
  if (first === undefined) return [];
  return [[name, texts.length === 1 ? first : texts]];
}

function textOf(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function mapOf(input: Input, member: string): Input | undefined {
  const value = input[member];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : undefined;
}
