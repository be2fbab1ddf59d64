/** Invoke of type Event and InvokeAsync, between the wire's members and the event frontend. Every other Invoke goes on as before. */
import { type Handlers, type Input, type Output, type RequestContext, traceMember } from '#wire';
import { refusals } from '#frontend';
import type { Accept, EventInput } from './accept.ts';

const noPayload = new Uint8Array(0);

/** `synchronous` are the handlers of all other invokes. */
export function withEventInvoke(synchronous: Handlers, accept: Accept): Handlers {
  const { Invoke: invoke } = synchronous;

  async function invokeByEvent(input: Input, context: RequestContext): Promise<Output> {
    for (const member of ['DurableExecutionName', 'TenantId']) {
      if (input[member] !== undefined) throw refusals.notServedError(`Invoke with ${member}`);
    }
    const qualifier = textOf(input, 'Qualifier');
    const clientContext = textOf(input, 'ClientContext');
    const { traceId } = await accept({
      ...eventOf(input, context, input['Payload']),
      ...(qualifier !== undefined && { qualifier }),
      ...(clientContext !== undefined && { clientContext }),
    });
    return { StatusCode: 202, [traceMember]: traceId, Payload: noPayload };
  }

  return {
    ...synchronous,
    Invoke(input, context) {
      if (input['InvocationType'] === 'Event') return invokeByEvent(input, context);
      if (invoke === undefined) throw refusals.notServedError('Invoke');
      return invoke(input, context);
    },
    async InvokeAsync(input, context) {
      await accept(eventOf(input, context, input['InvokeArgs']));
      return { Status: 202 };
    },
  };
}

function eventOf(input: Input, context: RequestContext, payload: unknown): EventInput {
  const { requestId, traceId, principal } = context;
  return {
    functionName: textOf(input, 'FunctionName') ?? '',
    payload: payload instanceof Uint8Array ? payload : noPayload,
    requestId,
    principal,
    ...(traceId !== undefined && { traceId }),
  };
}

function textOf(input: Input, member: string): string | undefined {
  const value = input[member];
  return typeof value === 'string' ? value : undefined;
}
