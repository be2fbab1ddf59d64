/**
 * A form as a tree: `Tags.member.1.Key=a&Tags.member.1.Value=b` is
 *
 *     Tags ─ member ─ 1 ─┬─ Key   = a
 *                        └─ Value = b
 *
 * Bounded before it is split. Percent-encoding that stands for nothing is left as it is, and bytes that are no UTF-8 become
 * U+FFFD: what then does not fit a constraint is refused by it.
 */
import { WireError } from '../error.ts';
import { formParametersMax, nameDepthMax } from './limits.ts';

export interface FormNode {
  readonly value: string | undefined;
  readonly children: ReadonlyMap<string, FormNode>;
}

interface OpenNode {
  value: string | undefined;
  readonly children: Map<string, OpenNode>;
}

/** The tree of several forms together (the query of the address and the body). A parameter that comes twice counts once: the later one. */
export function parseForms(texts: readonly string[], parametersMax = formParametersMax): FormNode {
  const root: OpenNode = newNode();
  let parameters = 0;
  for (const text of texts) {
    parameters += separators(text) + 1;
    if (parameters > parametersMax) {
      throw malformed(`The request has more than ${parametersMax} parameters.`);
    }
  }
  for (const text of texts) for (const [name, value] of new URLSearchParams(text)) place(root, name, value);
  return root;
}

export const malformed = (message: string): WireError => new WireError('SerializationException', message);

function place(root: OpenNode, name: string, value: string): void {
  let node = root;
  const parts = name.split('.', nameDepthMax + 1);
  if (parts.length > nameDepthMax) throw malformed('The name of a parameter is nested too deeply.');
  for (const part of parts) {
    let child = node.children.get(part);
    if (child === undefined) node.children.set(part, (child = newNode()));
    node = child;
  }
  node.value = value;
}

const newNode = (): OpenNode => ({ value: undefined, children: new Map() });

function separators(text: string): number {
  let count = 0;
  for (let at = text.indexOf('&'); at >= 0; at = text.indexOf('&', at + 1)) count += 1;
  return count;
}
