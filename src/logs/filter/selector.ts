/** Property selectors of JSON patterns: `$.a.b`, `$.list[0].x`, `$.list[*]`, `$['a.b']`. */
import type { Json } from '#platform';

type Step =
  | { readonly kind: 'property'; readonly name: string }
  | { readonly kind: 'element'; readonly index: number }
  | { readonly kind: 'elements' };

export type Selector = readonly Step[];

const step = /\.?\[\s*(?:(\d+)|(\*)|'([^']*)'|"([^"]*)")\s*\]|\.([^.[\]\s]+)/y;

/** undefined: no selector. `$` alone is none. */
export function parseSelector(text: string): Selector | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: Step[] = [];
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return undefined;
    const [, index, all, single, double, plain] = match;
    if (index !== undefined) steps.push({ kind: 'element', index: Number(index) });
    else if (all !== undefined || plain === '*') steps.push({ kind: 'elements' });
    else steps.push({ kind: 'property', name: single ?? double ?? plain ?? '' });
  }
  return steps.length === 0 ? undefined : steps;
}

/** All values that the selector reaches: none where something on the way is not there, several only through `[*]`. */
export function select(root: Json, selector: Selector): readonly Json[] {
  let found: readonly Json[] = [root];
  for (const at of selector) {
    found = found.flatMap((value) => children(value, at));
    if (found.length === 0) break;
  }
  return found;
}

function children(value: Json, at: Step): readonly Json[] {
  if (typeof value !== 'object' || value === null) return [];
  switch (at.kind) {
    case 'property': {
      if (isList(value) || !Object.hasOwn(value, at.name)) return [];
      const child = value[at.name];
      return child === undefined ? [] : [child];
    }
    case 'element': {
      const child = isList(value) ? value[at.index] : undefined;
      return child === undefined ? [] : [child];
    }
    case 'elements':
      return isList(value) ? value : Object.values(value);
    default:
      return at satisfies never;
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
