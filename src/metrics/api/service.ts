/**
 * CloudWatch behind the listener, signing name `monitoring`, in the three protocols that its clients speak: RPC v2 CBOR (today's SDKs), AWS JSON 1.0,
 * and Query (older SDKs and command lines).
 */
import {
  type Authorize,
  type Handlers,
  jsonRpcService,
  queryService,
  type ReportFault,
  rpcCborService,
  type Service,
  speaksRpcCbor,
  takingGzip,
  type WireRequest,
} from '#wire';
import { formParametersMax } from '../limits.ts';
import type { Metrics } from '../service.ts';
import { listMetrics } from '../query/list-metrics.ts';
import { getMetricData } from '../query/metric-data.ts';
import { getMetricStatistics } from '../query/metric-statistics.ts';
import { putMetricData } from '../query/put-metric-data.ts';
import { notServed, operations } from './shapes.ts';

/** The errors of CloudWatch's model that are answered here. */
const modelled: ReadonlySet<string> = new Set([
  'InvalidNextToken',
  'InvalidParameterCombinationException',
  'InvalidParameterValueException',
  'MissingRequiredParameterException',
]);

const serviceName = 'GraniteServiceVersion20100801';

export function metricsHandlers(metrics: Metrics, accountId: string): Handlers {
  return {
    GetMetricData: getMetricData(metrics, accountId),
    GetMetricStatistics: getMetricStatistics(metrics),
    ListMetrics: listMetrics(metrics, accountId),
    PutMetricData: putMetricData(metrics),
  };
}

export function metricsService(handlers: Handlers, reportFault: ReportFault, authorize: Authorize): Service {
  const shared = { handlers, authorize, reportFault };
  const queryCompatible = { namespace: 'com.amazonaws.cloudwatch', modelled };
  const empty = { type: 'structure', members: {} } as const;
  const inputs = Object.entries(operations).map(([name, { input }]) => [name, input] as const);
  const unserved = notServed.map((name) => [name, empty] as const);
  const json = takingGzip(
    jsonRpcService({
      ...shared,
      targetPrefix: serviceName,
      operations: Object.fromEntries([...inputs, ...unserved]),
      validationError: 'ValidationError',
      queryCompatible,
    }),
  );
  const cbor = takingGzip(rpcCborService({ ...shared, serviceName, operations, notServed, queryCompatible }));
  const query = takingGzip(
    queryService({
      ...shared,
      version: '2010-08-01',
      xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
      operations,
      notServed,
      parametersMax: formParametersMax,
    }),
  );
  const spoken = (request: WireRequest): Service =>
    speaksRpcCbor(request) ? cbor : request.headers['x-amz-target'] === undefined ? query : json;
  return {
    speaking: spoken,
    route: (request) => spoken(request).route(request),
    encodeError: (error, requestId) => query.encodeError(error, requestId),
  };
}
