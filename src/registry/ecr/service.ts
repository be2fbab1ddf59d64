/** ECR's API: signing name `ecr`. */
import {
  type Authorize,
  type Handler,
  type Handlers,
  jsonRpcService,
  type ReportFault,
  type Service,
  WireError,
} from '#wire';
import { OciError } from '../oci/oci-error.ts';
import { imageHandlers } from './images.ts';
import { repositoryHandlers } from './repositories.ts';
import type { EcrFloor } from './request.ts';
import { tagHandlers } from './settings.ts';
import { ecrOperations } from './shapes.ts';

export function ecrService(floor: EcrFloor, reportFault: ReportFault, authorize: Authorize): Service {
  const handlers: Handlers = { ...repositoryHandlers(floor), ...tagHandlers(floor), ...imageHandlers(floor) };
  return jsonRpcService({
    targetPrefix: 'AmazonEC2ContainerRegistry_V20150921',
    operations: ecrOperations,
    handlers: Object.fromEntries(Object.entries(handlers).map(([name, handler]) => [name, told(handler)])),
    validationError: 'InvalidParameterException',
    reportFault,
    authorize,
  });
}

/** What the store refuses is told in ECR's form. */
function told(handler: Handler): Handler {
  return async (input, context) => {
    try {
      return await handler(input, context);
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      throw error.code === 'UNAVAILABLE' || error.code === 'TOOMANYREQUESTS'
        ? new WireError('ThrottlingException', error.message)
        : new WireError('InvalidParameterException', error.message);
    }
  };
}
