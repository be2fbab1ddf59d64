/**
 * Texts of policies that may hold wildcards and policy variables.
 *
 *     arn:aws:s3:::home/${aws:username}/*          the variable's value is literal: a "*" in it is a star
 *     ${aws:PrincipalTag/team, 'everyone'}         with a default for when the key is not there
 *     ${*} ${?} ${$}                               the characters themselves
 *
 * Variables are read only in documents of version 2012-10-17; in older ones "${" is text.
 */
import type { RequestContext } from './context.ts';
import { type Piece, piecesOf, type Reach } from './wildcard.ts';

export interface Variable {
  readonly kind: 'variable';
  /** A condition key, in lower case. */
  readonly key: string;
  readonly fallback: string | undefined;
}

export interface Template {
  readonly parts: readonly (Piece | Variable)[];
  /** The parts themselves where there is no variable among them. */
  readonly pieces: readonly Piece[] | undefined;
}

export interface TemplateRules {
  /** `none`: "*" and "?" are text. */
  readonly wildcards: Reach | 'none';
  readonly variables: boolean;
}

const variablePattern = /^\s*([^\s,'"{}$]{1,256})\s*(?:,\s*'([^']*)'\s*)?$/;

export function compileTemplate(text: string, rules: TemplateRules): Template {
  const parts: (Piece | Variable)[] = [];
  let from = 0;
  while (rules.variables) {
    const start = text.indexOf('${', from);
    const end = start === -1 ? -1 : text.indexOf('}', start);
    if (end === -1) break;
    const variable = readVariable(text.slice(start + 2, end));
    if (variable === undefined) {
      parts.push(...plain(text.slice(from, start + 2), text[start + 2], rules));
      from = start + 2;
      continue;
    }
    parts.push(...plain(text.slice(from, start), '$', rules), variable);
    from = end + 1;
  }
  parts.push(...plain(text.slice(from), undefined, rules));
  const pieces = parts.filter((part) => part.kind !== 'variable');
  return { parts, pieces: pieces.length === parts.length ? pieces : undefined };
}

/** What to match with; undefined where a variable has no value, or several: the template then matches nothing. */
export function resolveTemplate(template: Template, context: RequestContext): readonly Piece[] | undefined {
  if (template.pieces !== undefined) return template.pieces;
  const pieces: Piece[] = [];
  for (const part of template.parts) {
    if (part.kind !== 'variable') {
      pieces.push(part);
      continue;
    }
    const values = context.get(part.key);
    const value = values?.length === 1 ? values[0] : undefined;
    const text = value ?? (values === undefined || values.length === 0 ? part.fallback : undefined);
    if (text === undefined) return undefined;
    pieces.push({ kind: 'literal', text });
  }
  return pieces;
}

/** A template without wildcards, as text. */
export function resolveText(template: Template, context: RequestContext): string | undefined {
  const pieces = resolveTemplate(template, context);
  return pieces?.map((piece) => (piece.kind === 'literal' ? piece.text : '')).join('');
}

function readVariable(inside: string): Variable | Piece | undefined {
  if (inside === '*' || inside === '?' || inside === '$') return { kind: 'literal', text: inside };
  const [, key, fallback] = variablePattern.exec(inside) ?? [];
  return key === undefined ? undefined : { kind: 'variable', key: key.toLowerCase(), fallback };
}

/** `next` follows the text: a star before anything but a colon does not end its segment. */
function plain(text: string, next: string | undefined, { wildcards }: TemplateRules): readonly Piece[] {
  if (text === '') return [];
  if (wildcards === 'none') return [{ kind: 'literal', text }];
  const pieces = piecesOf(text, wildcards);
  const last = pieces.at(-1);
  if (next === undefined || wildcards !== 'segments' || last?.kind !== 'any') return pieces;
  return [...pieces.slice(0, -1), { kind: 'any', segment: true }];
}
