/** The public face of metrics: what is recorded, CloudWatch's API to read it, and its exposition for Prometheus. */
import type * as Api from './api/service.ts';

export { metricsRoute } from './exposition/route.ts';
export type { MetricsRouteOptions } from './exposition/route.ts';
export type { Gauge } from './exposition/exposition.ts';
export type { KnownMetric } from './known.ts';
export { retentionMsDefault } from './limits.ts';
export type { InvokeSeries } from './invokes.ts';
export type { Recorder } from './recorder.ts';
export type { Series } from './series.ts';
export { openMetrics } from './service.ts';
export type { Metrics, MetricsOptions } from './service.ts';

/** CloudWatch's API, for whoever is asked for it. */
export const metricsApi = (): Promise<typeof Api> => import('./api/service.ts');
