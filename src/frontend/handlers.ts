/**
 * The operations Invoke and InvokeWithResponseStream, between the wire's members and the frontend. Invoke of type Event and InvokeAsync are
 * event invoke's.
 */
import { type Handlers, type Input, type RequestContext, traceMember } from '#wire';
import type { Frontend, InvokeInput } from './frontend.ts';
import { notServedError } from './refusals.ts';
import { responseEvents } from './response-events.ts';

const noPayload = new Uint8Array(0);

export function invokeHandlers(frontend: Frontend): Handlers {
  return {
    async Invoke(input, context) {
      refuseUnserved('Invoke', input);
      const invocationType = invocationTypeOf(input);
      const answer = await frontend.invoke({ ...invokeInput(input, context), invocationType });
      return {
        StatusCode: answer.statusCode,
        FunctionError: answer.functionError,
        LogResult: answer.logResult,
        ExecutedVersion: answer.executedVersion,
        [traceMember]: answer.traceId,
        Payload: answer.statusCode === 204 ? undefined : answer.payload,
      };
    },
    async InvokeWithResponseStream(input, context) {
      refuseUnserved('InvokeWithResponseStream', input);
      const invocationType = input['InvocationType'] === 'DryRun' ? 'DryRun' : 'RequestResponse';
      const answer = await frontend.invokeStreaming({ ...invokeInput(input, context), invocationType });
      return {
        StatusCode: answer.statusCode,
        ExecutedVersion: answer.executedVersion,
        [traceMember]: answer.traceId,
        EventStream: responseEvents(answer),
      };
    },
  };
}

function refuseUnserved(operation: string, input: Input): void {
  for (const member of ['DurableExecutionName', 'TenantId']) {
    if (input[member] !== undefined) throw notServedError(`${operation} with ${member}`);
  }
}

/** What both operations have. */
function invokeInput(input: Input, context: RequestContext): Omit<InvokeInput, 'invocationType'> {
  const { requestId, traceId, principal } = context;
  const qualifier = textOf(input, 'Qualifier');
  const clientContext = textOf(input, 'ClientContext');
  return {
    functionName: textOf(input, 'FunctionName') ?? '',
    logType: input['LogType'] === 'Tail' ? 'Tail' : 'None',
    payload: input['Payload'] instanceof Uint8Array ? input['Payload'] : noPayload,
    requestId,
    principal,
    ...(qualifier !== undefined && { qualifier }),
    ...(clientContext !== undefined && { clientContext }),
    ...(traceId !== undefined && { traceId }),
  };
}

/** The wire has validated types and values; what is absent takes AWS's default. */
function textOf(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}

function invocationTypeOf(input: Input): InvokeInput['invocationType'] {
  const value = input['InvocationType'];
  return value === 'Event' || value === 'DryRun' ? value : 'RequestResponse';
}
