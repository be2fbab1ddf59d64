/**
 * `GET /metrics` on the listener. Nobody signs a scrape, so it has a secret of its own: a bearer token. Being on the same host is no proof of anything, since
 * functions are there, too.
 */
import { timingSafeEqual } from 'node:crypto';
import { type OpenAnswer, type OpenRoute, WireError } from '#wire';
import type { Metrics } from '../service.ts';
import type * as Exposition from './exposition.ts';

export interface MetricsRouteOptions {
  readonly metrics: Pick<Metrics, 'settle' | 'totals'>;
  /** How things stand at the moment. */
  readonly gauges: () => readonly Exposition.Gauge[] | Promise<readonly Exposition.Gauge[]>;
  /** What a scrape must show; undefined: whoever reaches the listener may read. */
  readonly token: string | undefined;
}

export function metricsRoute({ metrics, gauges, token }: MetricsRouteOptions): OpenRoute {
  /** One for all who ask at the same time. */
  const scrapes = new Map<Format, Promise<string>>();

  return {
    pathPrefix: '/metrics',
    async serve({ rawPath, headers }): Promise<OpenAnswer> {
      if (rawPath !== '/metrics') {
        return {
          kind: 'refused',
          error: new WireError('UnknownOperationException', 'There is nothing at this path.'),
        };
      }
      if (token !== undefined && !isBearer(headers['authorization'], token)) return unauthorized;
      const format = formatOf(headers['accept']);
      const { contentTypes } = await exposition();
      const body = Buffer.from(await scraped(format));
      return {
        kind: 'answer',
        statusCode: 200,
        headers: { 'content-type': contentTypes[format], 'content-length': String(body.length) },
        body,
      };
    },
  };

  function scraped(format: Format): Promise<string> {
    let running = scrapes.get(format);
    if (running === undefined) {
      running = scrape(format).finally(() => scrapes.delete(format));
      scrapes.set(format, running);
    }
    return running;
  }

  async function scrape(format: Format): Promise<string> {
    await metrics.settle();
    const { expose } = await exposition();
    return expose(metrics.totals, await gauges(), format);
  }
}

/** Loaded with the first scrape: many Lambkins never see one, and the library behind it is large. */
const exposition = (): Promise<typeof Exposition> => import('./exposition.ts');

type Format = Exposition.Format;

const unauthorized: OpenAnswer = {
  kind: 'answer',
  statusCode: 401,
  headers: { 'content-type': 'text/plain; charset=utf-8', 'www-authenticate': 'Bearer realm="metrics"' },
  body: Buffer.from('A bearer token is needed: it stands in the file metrics-token of the data directory.\n'),
};

function isBearer(header: string | string[] | undefined, token: string): boolean {
  const given = /^bearer +(\S{1,200}) *$/i.exec(typeof header === 'string' ? header : '')?.[1];
  if (given === undefined) return false;
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** OpenMetrics for those who say that they take it. */
function formatOf(accept: string | string[] | undefined): Format {
  const wanted =
    typeof accept === 'string' &&
    /application\/openmetrics-text(?![^,]*q=0(?:\.0+)?(?:[,;]|$))/i.test(accept);
  return wanted ? 'openmetrics' : 'text';
}
