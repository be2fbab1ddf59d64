/**
 * A service of AWS JSON 1.1 or 1.0: every request is a POST whose `X-Amz-Target` names the operation
 * (`Logs_20140328.FilterLogEvents`) and whose body is its input. The tables of operations are small and written by hand.
 */
import { assert } from '#lib/assert';
import { WireError } from '../error.ts';
import type { ErrorName } from '../error.ts';
import { answer, requestTooLarge } from '../operations/call.ts';
import { decodeStructure } from '../operations/decode.ts';
import { parseJson } from '../operations/json-text.ts';
import type { StructureShape } from '../operations/shape.ts';
import { validateStructure } from '../operations/validate.ts';
import type {
  Authorize,
  Handlers,
  Output,
  ReportFault,
  RequestContext,
  Routed,
  RoutedOperation,
  Service,
  WireRequest,
  WireResponse,
} from '../service.ts';
import { contentTypes, type JsonVersion } from './content-type.ts';
import { encodeJsonRpcError, encodeQueryCompatibleError, type QueryCompatible } from './error.ts';

/** Bytes: what these services take in one request. */
export const jsonRpcBodyBytesMax = 2 * 2 ** 20;

export interface JsonRpcOptions {
  /** `Logs_20140328`. */
  readonly targetPrefix: string;
  /** The inputs of all operations of the service, with or without a handler, by operation name. */
  readonly operations: Readonly<Record<string, StructureShape>>;
  /** By operation name; operations without one answer NotImplementedException. */
  readonly handlers: Handlers;
  /** Asked before every handler; absent: everybody who signs may call everything. */
  readonly authorize?: Authorize;
  /** What a broken constraint is called: ValidationException unless the service says otherwise. */
  readonly validationError?: ErrorName;
  /** Told of what a handler threw that was no WireError. */
  readonly reportFault: ReportFault;
  /** Bytes of a request's body; `jsonRpcBodyBytesMax` unless the service takes more. */
  readonly bodyBytesMax?: number;
  /** For services that spoke the Query protocol before; they speak AWS JSON 1.0. */
  readonly queryCompatible?: QueryCompatible;
}

export function jsonRpcService(options: JsonRpcOptions): Service {
  for (const name of Object.keys(options.handlers)) {
    assert(
      Object.hasOwn(options.operations, name),
      `a handler for ${name}, which is no operation of ${options.targetPrefix}`,
    );
  }
  return { route: (request) => route(options, request), encodeError: errorEncoder(options) };
}

function errorEncoder({ queryCompatible }: JsonRpcOptions): Service['encodeError'] {
  if (queryCompatible === undefined) return encodeJsonRpcError;
  return (error, requestId) => encodeQueryCompatibleError(queryCompatible, error, requestId);
}

function route(options: JsonRpcOptions, request: WireRequest): Routed {
  const target = request.headers['x-amz-target'];
  const [prefix, operation = ''] = typeof target === 'string' ? target.split('.', 2) : [];
  const input = Object.hasOwn(options.operations, operation) ? options.operations[operation] : undefined;
  if (request.method !== 'POST' || prefix !== options.targetPrefix || input === undefined) {
    const error = new WireError(
      'UnknownOperationException',
      'X-Amz-Target names no operation of this service.',
    );
    return { kind: 'refused', error };
  }
  return new RoutedTarget(operation, input, options);
}

class RoutedTarget implements RoutedOperation {
  readonly kind = 'operation';
  readonly operation: string;
  readonly bodyBytesMax: number;
  readonly #input: StructureShape;
  readonly #options: JsonRpcOptions;

  constructor(operation: string, input: StructureShape, options: JsonRpcOptions) {
    this.operation = operation;
    this.bodyBytesMax = options.bodyBytesMax ?? jsonRpcBodyBytesMax;
    this.#input = input;
    this.#options = options;
  }

  bodyTooLarge(): WireError {
    return requestTooLarge(this.operation, this.bodyBytesMax);
  }

  call(body: Uint8Array, context: RequestContext): Promise<WireResponse> {
    const { handlers, authorize, reportFault, validationError } = this.#options;
    return answer(
      this.operation,
      context,
      handlers[this.operation],
      errorEncoder(this.#options),
      reportFault,
      async (handler) => {
        const input = decodeStructure(this.#input, parseJson(body) ?? {});
        validateStructure(this.#input, input, validationError);
        authorize?.(this.operation, input, context);
        const version = this.#options.queryCompatible === undefined ? '1.1' : '1.0';
        return encodeJsonRpcOutput(await handler(input, context), context.requestId, version);
      },
    );
  }
}

/** Without shapes: what a value is says how it travels. Dates become epoch seconds, bytes base64. */
function encodeJsonRpcOutput(output: Output, requestId: string, version: JsonVersion): WireResponse {
  return {
    statusCode: 200,
    headers: { 'Content-Type': contentTypes[version], 'x-amzn-RequestId': requestId },
    body: Buffer.from(JSON.stringify(plain(output))),
  };
}

function plain(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
