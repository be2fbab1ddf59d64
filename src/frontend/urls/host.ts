/** Host names of function URLs: `<id>.lambda-url.<region>.<domain>`, with or without a port. Pure. */

export interface UrlHost {
  readonly urlId: string;
  readonly region: string;
  /** Without port, in lower case. */
  readonly domainName: string;
  /** As sent, or HTTP's own. */
  readonly port: string;
}

/** Works in every browser without a name server: all of `localhost` is this host. */
export const localDomain = 'localhost';

const marker = /\.lambda-url\./i;
const hostCharactersMin = '0.lambda-url.x.y'.length;
const pattern = /^([^.:]+)\.lambda-url\.([^.:]+)\.([^:]+?)\.?(?::(\d{1,5}))?$/;

/** Whether a request to this host is for a function URL, existing or not: asked of every request. */
export function isUrlHost(host: string): boolean {
  return host.length >= hostCharactersMin && marker.test(host);
}

/** undefined: of another domain, or nothing that could be a URL. */
export function parseUrlHost(host: string, domains: readonly string[]): UrlHost | undefined {
  const [, urlId, region, domain, port = '80'] = pattern.exec(host.toLowerCase()) ?? [];
  if (urlId === undefined || region === undefined || domain === undefined) return undefined;
  if (!domains.includes(domain)) return undefined;
  return { urlId, region, domainName: `${urlId}.lambda-url.${region}.${domain}`, port };
}
