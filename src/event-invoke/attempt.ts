/** One attempt of an event: a synchronous invoke in the caller's name, and what it came to. */
import type { Frontend } from '#frontend';
import { WireError } from '#wire';
import type { QueuedEvent } from './event.ts';
import type { Attempt } from './retry.ts';

/** Told of what was neither the function's nor the API's error. */
export type ReportFault = (error: unknown, requestId: string) => void;

export async function attempt(
  frontend: Pick<Frontend, 'invoke'>,
  event: QueuedEvent,
  reportFault: ReportFault,
): Promise<Attempt> {
  const { functionName, qualifier, clientContext, payload, requestId, traceId } = event;
  try {
    const answer = await frontend.invoke({
      functionName,
      ...(qualifier !== undefined && { qualifier }),
      ...(clientContext !== undefined && { clientContext }),
      invocationType: 'RequestResponse',
      logType: 'None',
      payload,
      requestId,
      traceId,
      principal: { accountId: event.accountId, arn: event.callerArn },
    });
    const { executedVersion = '', functionError } = answer;
    const ran = { executedVersion, payload: answer.payload, traceId: answer.traceId ?? traceId };
    return functionError === undefined
      ? { kind: 'succeeded', ...ran }
      : { kind: 'failed', functionError, ...ran };
  } catch (error) {
    if (error instanceof WireError) return refusalOf(error);
    reportFault(error, requestId);
    return { kind: 'refused', statusCode: 500, message: 'An internal error occurred.' };
  }
}

/** Errors that another attempt of the same event would meet again. The function's owner learns of them as of a failure. */
const rejections: ReadonlySet<string> = new Set([
  'RecursiveInvocationException',
  'AccessDeniedException',
  'InvalidParameterValueException',
  'InvalidRequestContentException',
  'RequestEntityTooLargeException',
]);

function refusalOf({ errorName, message }: WireError): Attempt {
  if (errorName === 'ResourceNotFoundException') return { kind: 'gone' };
  if (rejections.has(errorName)) return { kind: 'rejected', statusCode: 400, message };
  const statusCode = errorName === 'TooManyRequestsException' ? 429 : 500;
  return { kind: 'refused', statusCode, message };
}
