/** The answers of the Extensions API 2020-01-01, as extensions expect them word for word. */
import { extensionsMax } from '../limits.ts';
import { failure } from '../runtime-api/messages.ts';
import type { SideAnswer } from '../runtime-api/side-apis.ts';
import type { EventName, Refusal, ShutdownReason } from './state-types.ts';

/** What extensions are told about the function that they serve. */
export interface FunctionFacts {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly accountId: string;
}

/** An invoke as extensions see it. */
export interface InvokeNotice {
  readonly requestId: string;
  readonly invokedArn: string;
  readonly traceId: string;
  /** Epoch milliseconds. */
  readonly deadlineMs: number;
}

export const accepted: SideAnswer = { status: 202, body: '{"status":"OK"}\n' };
export const internalError = failure(500, 'InternalServerError', 'Internal Server Error');

export function invalidFormat(why: string): SideAnswer {
  return failure(403, 'InvalidRequestFormat', why);
}

export function refusalOf(refusal: Refusal, whom: string): SideAnswer {
  switch (refusal.kind) {
    case 'closed':
      return failure(403, 'Extension.RegistrationClosed', 'Extension registration closed already');
    case 'name-taken':
      return failure(403, 'Extension.InvalidExtensionState', 'Extension with this name already registered');
    case 'too-many':
      return failure(403, 'Extension.TooManyExtensions', `Extension limit (${extensionsMax}) reached`);
    case 'invalid-event': {
      const known = refusal.internal && refusal.event === 'SHUTDOWN';
      const why = known ? 'ShutdownEventNotSupportedForInternalExtension' : 'ErrorInvalidEventType';
      return failure(403, 'Extension.InvalidEventType', `${refusal.event}: ${why}`);
    }
    case 'transition': {
      const { from, to, whom: extension } = refusal;
      return failure(
        403,
        'Extension.InvalidExtensionState',
        `State transition from ${from} to ${to} failed for extension ${extension}. Error: State transition is not allowed`,
      );
    }
    case 'unknown':
      return failure(403, 'Extension.UnknownExtensionIdentifier', `Unknown extension ${whom}`);
    default:
      return refusal satisfies never;
  }
}

export function registration(facts: FunctionFacts, extensionId: string, withAccount: boolean): SideAnswer {
  const { functionName, functionVersion, handler, accountId } = facts;
  const body = { functionName, functionVersion, handler, ...(withAccount && { accountId }) };
  return {
    status: 200,
    body: JSON.stringify(body),
    headers: { 'Lambda-Extension-Identifier': extensionId },
  };
}

export function invokeEvent(invoke: InvokeNotice, eventId: string): SideAnswer {
  const { requestId, invokedArn, traceId, deadlineMs } = invoke;
  return event('INVOKE', eventId, {
    deadlineMs,
    requestId,
    invokedFunctionArn: invokedArn,
    tracing: { type: 'X-Amzn-Trace-Id', value: traceId },
  });
}

export function shutdownEvent(reason: ShutdownReason, deadlineMs: number, eventId: string): SideAnswer {
  return event('SHUTDOWN', eventId, { deadlineMs, shutdownReason: reason });
}

function event(eventType: EventName, eventId: string, rest: object): SideAnswer {
  return {
    status: 200,
    body: JSON.stringify({ eventType, ...rest }),
    headers: { 'Lambda-Extension-Event-Identifier': eventId },
  };
}

/** The events of a registration's body; what is wrong with it otherwise. An empty list is no mistake. */
export function readEvents(
  body: Uint8Array,
): { readonly events: readonly string[] } | { readonly wrong: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : 'invalid JSON' };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { wrong: 'the request body is not a JSON object' };
  }
  const { events = [], configurationKeys = [] } = parsed as Readonly<Record<string, unknown>>;
  if (Array.isArray(configurationKeys) && configurationKeys.length > 0) {
    return { wrong: 'configurationKeys are deprecated; use environment variables instead' };
  }
  if (events === null) return { events: [] };
  if (!Array.isArray(events) || !events.every((name) => typeof name === 'string')) {
    return { wrong: 'events is not a list of strings' };
  }
  return { events };
}
