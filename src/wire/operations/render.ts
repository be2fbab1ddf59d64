/** How a refused value is echoed in an error: as Java prints strings, lists and maps. Secrets and blobs never are. */
import { unreachable } from '#lib/assert';
import type { Shape } from './shape.ts';

/** Characters of an echo; what is longer is cut. */
export const echoLengthMax = 2048;

/** The value as text; undefined when it must not, or cannot well, be echoed. */
export function renderValue(shape: Shape, value: unknown): string | undefined {
  const text = render(shape, value);
  return text === undefined || text.length <= echoLengthMax ? text : `${text.slice(0, echoLengthMax)}...`;
}

function render(shape: Shape, value: unknown): string | undefined {
  if (value === null) return 'null';
  switch (shape.type) {
    case 'string':
      return shape.sensitive === true ? undefined : (value as string);
    case 'integer':
    case 'long':
    case 'double':
    case 'boolean':
      return JSON.stringify(value);
    case 'list':
      if (shape.sensitive === true) return undefined;
      return joined(
        (value as readonly unknown[]).map((item) => render(shape.member, item)),
        '[',
        ']',
      );
    case 'map':
      if (shape.sensitive === true || shape.key.sensitive === true) return undefined;
      return joined(
        Object.entries(value as Readonly<Record<string, unknown>>).map(([key, item]) => {
          const text = render(shape.value, item);
          return text === undefined ? undefined : `${key}=${text}`;
        }),
        '{',
        '}',
      );
    case 'timestamp':
    case 'blob':
    case 'structure':
      return undefined;
    default:
      return unreachable(shape);
  }
}

function joined(texts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return texts.includes(undefined) ? undefined : `${open}${texts.join(', ')}${close}`;
}
