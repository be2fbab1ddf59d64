/**
 * The operation Invoke, between the wire's members and the frontend. InvokeWithResponseStream and InvokeAsync have no handler
 * here, so the wire answers them with an error that names the operation.
 */
import { type Handlers, type Input, traceMember } from '#wire';
import type { Frontend, InvokeInput } from './frontend.ts';
import { notServedError } from './refusals.ts';

const noPayload = new Uint8Array(0);

export function invokeHandlers(frontend: Frontend): Handlers {
  return {
    async Invoke(input, context) {
      for (const member of ['DurableExecutionName', 'TenantId']) {
        if (input[member] !== undefined) throw notServedError(`Invoke with ${member}`);
      }
      const { requestId, traceId, principal } = context;
      const qualifier = textOf(input, 'Qualifier');
      const clientContext = textOf(input, 'ClientContext');
      const answer = await frontend.invoke({
        functionName: textOf(input, 'FunctionName') ?? '',
        invocationType: invocationTypeOf(input),
        logType: input['LogType'] === 'Tail' ? 'Tail' : 'None',
        payload: input['Payload'] instanceof Uint8Array ? input['Payload'] : noPayload,
        requestId,
        principal,
        ...(qualifier !== undefined && { qualifier }),
        ...(clientContext !== undefined && { clientContext }),
        ...(traceId !== undefined && { traceId }),
      });
      return {
        StatusCode: answer.statusCode,
        FunctionError: answer.functionError,
        LogResult: answer.logResult,
        ExecutedVersion: answer.executedVersion,
        [traceMember]: answer.traceId,
        Payload: answer.statusCode === 204 ? undefined : answer.payload,
      };
    },
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
