/** Functions as destinations: the record is an event for them, accepted like every other, if the role of the function that it is about may invoke them. */
import { parseFunctionName, type Place } from '#metadata';
import { WireError } from '#wire';
import type { Accept } from './accept.ts';
import type { EventTarget } from './destinations.ts';
import { messageBytesMax } from './limits.ts';

/** undefined: IAM does not know the role, and says nothing. `resourcePolicy`: what the resource itself says, as JSON. */
export type RoleMay = (
  roleArn: string,
  action: string,
  resource: string,
  resourcePolicy?: string,
) => boolean | undefined;

export interface LambdaTargetOptions {
  readonly place: Place;
  readonly accept: Accept;
  readonly roleMay: RoleMay;
  readonly uuid: () => string;
}

export function lambdaTarget({ place, accept, roleMay, uuid }: LambdaTargetOptions): EventTarget {
  return {
    async deliver({ arn, roleArn, body, event }) {
      const reference = parseFunctionName(arn, undefined, place);
      if (reference.kind !== 'function')
        return { kind: 'refused', reason: 'it is of another account or region' };
      if (body.byteLength > messageBytesMax.lambda) {
        return {
          kind: 'refused',
          reason: `the record has ${body.byteLength} bytes, more than an event may have`,
        };
      }
      if (roleMay(roleArn, 'lambda:InvokeFunction', arn) === false) {
        return { kind: 'refused', reason: `${roleArn} is not allowed to perform lambda:InvokeFunction` };
      }
      const { functionName, qualifier } = reference;
      try {
        await accept({
          functionName,
          ...(qualifier !== undefined && { qualifier }),
          payload: body,
          requestId: uuid(),
          traceId: event.settlement.traceId,
          principal: { accountId: place.accountId, arn: roleArn },
        });
        return { kind: 'delivered' };
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const passes =
          !(error instanceof WireError) ||
          ['ServiceException', 'TooManyRequestsException'].includes(error.errorName);
        return { kind: passes ? 'unavailable' : 'refused', reason };
      }
    },
  };
}
