/**
 * The grammar of policy documents: which members there are and what may stand in them. Everything that is not in the grammar is a syntax
 * error, also a member that is misspelled: what is not understood must not be passed over.
 */
import { isArray, isObject, type Json, JsonNumber, type JsonObject } from './json.ts';

export interface PolicyDocument {
  readonly version: '2008-10-17' | '2012-10-17' | undefined;
  readonly statements: readonly Statement[];
}

export interface Statement {
  readonly sid: string | undefined;
  /** In whatever letters. */
  readonly effect: string;
  readonly principal: StatedPrincipals | undefined;
  readonly notPrincipal: StatedPrincipals | undefined;
  readonly action: readonly string[] | undefined;
  readonly notAction: readonly string[] | undefined;
  readonly resource: readonly string[] | undefined;
  readonly notResource: readonly string[] | undefined;
  readonly conditions: readonly StatedCondition[];
}

/** Pairs of type and value; "*" alone is the AWS principal "*". */
export type StatedPrincipals = readonly (readonly [type: string, value: string])[];

export interface StatedCondition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

const documentMembers: ReadonlySet<string> = new Set(['Version', 'Id', 'Statement']);
const statementMembers: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

/** Undefined for a syntax error. */
export function readDocument(json: Json): PolicyDocument | undefined {
  if (!isObject(json) || !onlyHas(json, documentMembers)) return undefined;
  const version = json.get('Version');
  if (version !== undefined && version !== '2008-10-17' && version !== '2012-10-17') return undefined;
  const id = json.get('Id');
  if (id !== undefined && typeof id !== 'string') return undefined;
  const stated = json.get('Statement');
  const list = isArray(stated) ? stated : stated === undefined ? [] : [stated];
  const statements = list.map(readStatement).filter((statement) => statement !== undefined);
  if (statements.length === 0 || statements.length < list.length) return undefined;
  return { version, statements };
}

function readStatement(json: Json): Statement | undefined {
  if (!isObject(json) || !onlyHas(json, statementMembers)) return undefined;
  for (const name of ['Principal', 'Action', 'Resource']) {
    if (json.has(name) && json.has(`Not${name}`)) return undefined;
  }
  const sid = json.get('Sid');
  const effect = json.get('Effect');
  if ((sid !== undefined && typeof sid !== 'string') || typeof effect !== 'string') return undefined;
  const lowerEffect = effect.toLowerCase();
  if (lowerEffect !== 'allow' && lowerEffect !== 'deny') return undefined;
  const conditions = readConditions(json.get('Condition'));
  if (conditions === undefined) return undefined;
  const texts = ['Action', 'NotAction', 'Resource', 'NotResource'].map((name) => readTexts(json.get(name)));
  const principals = ['Principal', 'NotPrincipal'].map((name) => readPrincipals(json.get(name)));
  if (texts.includes('malformed') || principals.includes('malformed')) return undefined;
  const [action, notAction, resource, notResource] = texts.map((found) =>
    found === 'malformed' ? undefined : found,
  );
  const [principal, notPrincipal] = principals.map((found) => (found === 'malformed' ? undefined : found));
  return { sid, effect, principal, notPrincipal, action, notAction, resource, notResource, conditions };
}

function readTexts(json: Json | undefined): readonly string[] | undefined | 'malformed' {
  if (json === undefined) return undefined;
  const list = isArray(json) ? json : [json];
  const texts = list.filter((item) => typeof item === 'string');
  return texts.length === list.length ? texts : 'malformed';
}

function readPrincipals(json: Json | undefined): StatedPrincipals | undefined | 'malformed' {
  if (json === undefined) return undefined;
  if (typeof json === 'string') return json === '*' ? [['AWS', '*']] : 'malformed';
  if (!isObject(json)) return 'malformed';
  const pairs: [string, string][] = [];
  for (const [type, value] of json) {
    const texts = readTexts(value);
    if (texts === 'malformed' || texts === undefined) return 'malformed';
    for (const text of texts) pairs.push([type, text]);
  }
  return pairs;
}

function readConditions(json: Json | undefined): readonly StatedCondition[] | undefined {
  if (json === undefined) return [];
  if (!isObject(json)) return undefined;
  const conditions: StatedCondition[] = [];
  for (const [operator, members] of json) {
    if (!isObject(members)) return undefined;
    for (const [key, value] of members) {
      const values = readValues(value);
      if (values === undefined || key === '') return undefined;
      conditions.push({ operator, key, values });
    }
  }
  return conditions;
}

/** Texts, numbers and booleans, as texts. */
function readValues(json: Json): readonly string[] | undefined {
  const values: string[] = [];
  for (const item of isArray(json) ? json : [json]) {
    if (typeof item === 'string') values.push(item);
    else if (typeof item === 'boolean') values.push(String(item));
    else if (item instanceof JsonNumber) values.push(item.text);
    else return undefined;
  }
  return values;
}

function onlyHas(json: JsonObject, members: ReadonlySet<string>): boolean {
  return json.keys().every((name) => members.has(name));
}
