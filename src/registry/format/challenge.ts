/** `WWW-Authenticate`: how a registry wants to be convinced. */

export type Challenge =
  | { readonly scheme: 'basic' }
  | {
      readonly scheme: 'bearer';
      readonly realm: string;
      readonly service: string | undefined;
      readonly scope: string | undefined;
    };

const charactersMax = 4096;

/** The first challenge that can be met, Bearer before Basic; undefined: there is none. */
export function parseChallenge(header: string | string[] | undefined): Challenge | undefined {
  const text = Array.isArray(header) ? header.join(', ') : (header ?? '');
  if (text.length > charactersMax) return undefined;
  const bearer = /(?:^|,\s*)bearer\s+/i.exec(text);
  if (bearer !== null) {
    const parameters = parametersOf(text.slice(bearer.index + bearer[0].length));
    const realm = parameters.get('realm');
    if (realm !== undefined) {
      return { scheme: 'bearer', realm, service: parameters.get('service'), scope: parameters.get('scope') };
    }
  }
  return /(?:^|,\s*)basic(?:\s|,|$)/i.test(text) ? { scheme: 'basic' } : undefined;
}

/** `name="value", name=value`, up to what is none. */
function parametersOf(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  const pair = /\s*([a-z_]{1,32})=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/iy;
  for (let match; (match = pair.exec(text)) !== null;) {
    const value = match[2]?.replaceAll(/\\(.)/g, '$1') ?? match[3] ?? '';
    const name = (match[1] ?? '').toLowerCase();
    if (!parameters.has(name)) parameters.set(name, value);
  }
  return parameters;
}
