/** The Lambda API: AWS's REST-JSON protocol over the generated table of operations. */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import { notImplemented, refusal } from '../operations/call.ts';
import { operations } from '../operations/table.ts';
import type {
  Authorize,
  Handlers,
  ReportFault,
  RequestContext,
  Routed,
  RoutedOperation,
  Service,
  WireRequest,
  WireResponse,
} from '../service.ts';
import { decodeInput } from './decode.ts';
import { encodeOutput } from './encode.ts';
import { encodeRestJsonError } from './error.ts';
import { bodyBytesMaxOf, bodyTooLarge } from './limits.ts';
import { Router } from './route.ts';
import type { RouteMatch } from './route.ts';

export interface RestJsonOptions {
  /** By operation name; operations without one answer NotImplementedException. */
  readonly handlers: Handlers;
  /** Asked before every handler; absent: everybody who signs may call everything. */
  readonly authorize?: Authorize;
  /** Told of what a handler threw that was no WireError. */
  readonly reportFault: ReportFault;
}

/** The Lambda API over `handlers`. */
export function restJsonService(options: RestJsonOptions): Service {
  for (const name of Object.keys(options.handlers)) {
    assert(operations.has(name), `a handler for ${name}, which is no operation of Lambda`);
  }
  return new RestJsonService(options);
}

class RestJsonService implements Service {
  readonly #options: RestJsonOptions;
  readonly #router = new Router(operations.values());

  constructor(options: RestJsonOptions) {
    this.#options = options;
  }

  route(request: WireRequest): Routed {
    const match = this.#router.match(request.method, request.rawPath, request.rawQuery);
    if (match !== undefined) return new RoutedRequest(match, request, this.#options);
    const error = new WireError(
      'UnknownOperationException',
      'No operation of Lambda has this method and path.',
    );
    return { kind: 'refused', error };
  }

  encodeError(error: unknown, requestId: string): WireResponse {
    return encodeRestJsonError(error, requestId);
  }
}

class RoutedRequest implements RoutedOperation {
  readonly kind = 'operation';
  readonly operation: string;
  readonly bodyBytesMax: number;
  readonly #match: RouteMatch;
  readonly #request: WireRequest;
  readonly #options: RestJsonOptions;

  constructor(match: RouteMatch, request: WireRequest, options: RestJsonOptions) {
    this.operation = match.route.operation.name;
    this.bodyBytesMax = bodyBytesMaxOf(this.operation, request.headers);
    this.#match = match;
    this.#request = request;
    this.#options = options;
  }

  bodyTooLarge(): WireError {
    return bodyTooLarge(this.operation, this.#request.headers);
  }

  /** Invokes come this way: there is one wait in it, for the handler. */
  async call(body: Uint8Array, context: RequestContext): Promise<WireResponse> {
    const { handlers, authorize, reportFault } = this.#options;
    const { operation } = this;
    try {
      const handler = handlers[operation];
      if (handler === undefined) throw notImplemented(operation);
      const input = decodeInput(this.#match, this.#request, body);
      authorize?.(operation, input, context);
      return encodeOutput(this.#match.route.operation, await handler(input, context), context.requestId);
    } catch (error) {
      return refusal(operation, context, error, encodeRestJsonError, reportFault);
    }
  }
}
