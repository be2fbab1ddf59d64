/** The public face of auto scaling: Application Auto Scaling for provisioned concurrency, on a schedule or by use. */
import { type Authorize, jsonRpcService, type ReportFault, type Service } from '#wire';
import { operations } from './api/shapes.ts';
import type { Autoscaling } from './service.ts';

export type { Capacity, CapacityState, ScaledFunction } from './autoscaling.ts';
export { createAutoscaling } from './service.ts';
export type { Autoscaling, AutoscalingOptions } from './service.ts';

/** Signing name `application-autoscaling`. */
export function autoscalingService(
  autoscaling: Pick<Autoscaling, 'handlers'>,
  reportFault: ReportFault,
  authorize: Authorize,
): Service {
  return jsonRpcService({
    targetPrefix: 'AnyScaleFrontendService',
    operations,
    handlers: autoscaling.handlers,
    reportFault,
    authorize,
  });
}
