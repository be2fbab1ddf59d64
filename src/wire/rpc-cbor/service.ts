/**
 * A service of Smithy's RPC v2 with CBOR: every request is a POST to `/service/<service>/operation/<operation>` with the header
 * `smithy-protocol: rpc-v2-cbor`. The services here spoke the Query protocol before: what an error is called there stands in a header.
 */
import { WireError } from '../error.ts';
import { type QueryCompatible, queryCompatibleErrorOf } from '../json-rpc/error.ts';
import { answer, requestTooLarge } from '../operations/call.ts';
import { decodeStructure } from '../operations/decode.ts';
import type { StructureShape } from '../operations/shape.ts';
import { validateStructure } from '../operations/validate.ts';
import type { QueryOperation } from '../query/service.ts';
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
import { decodeCbor, encodeCbor } from './cbor.ts';
import { bodyBytesMax } from './limits.ts';

export interface RpcCborOptions {
  /** `GraniteServiceVersion20100801`. */
  readonly serviceName: string;
  readonly operations: Readonly<Record<string, QueryOperation>>;
  /** Names of further operations that the service has on AWS: answered with NotImplementedException. */
  readonly notServed: readonly string[];
  readonly handlers: Handlers;
  /** Asked before each handler. */
  readonly authorize: Authorize;
  readonly reportFault: ReportFault;
  readonly queryCompatible: QueryCompatible;
}

const protocol = 'rpc-v2-cbor';
const nothing: StructureShape = { type: 'structure', members: {} };

export const speaksRpcCbor = ({ headers }: WireRequest): boolean => headers['smithy-protocol'] === protocol;

export function rpcCborService(options: RpcCborOptions): Service {
  const encodeError = (error: unknown, requestId: string): WireResponse => {
    const { statusCode, queryError, members } = queryCompatibleErrorOf(options.queryCompatible, error);
    const shape: StructureShape = {
      type: 'structure',
      members: Object.fromEntries(
        Object.entries(members).map(([name, value]) => [
          name,
          { shape: { type: typeof value === 'number' ? 'double' : 'string' } },
        ]),
      ),
    };
    return {
      statusCode,
      headers: { ...headersOf(requestId), 'x-amzn-query-error': queryError },
      body: encodeCbor(shape, members),
    };
  };
  return { encodeError, route: (request) => route(options, encodeError, request) };
}

const headersOf = (requestId: string): Readonly<Record<string, string>> => ({
  'Content-Type': 'application/cbor',
  'Smithy-Protocol': protocol,
  'x-amzn-RequestId': requestId,
});

function route(
  options: RpcCborOptions,
  encodeError: Service['encodeError'],
  { method, rawPath }: WireRequest,
): Routed {
  const [, service, operation = ''] = /^\/service\/([^/]+)\/operation\/([^/]+)\/?$/.exec(rawPath) ?? [];
  const isKnown = Object.hasOwn(options.operations, operation) || options.notServed.includes(operation);
  if (method !== 'POST' || service !== options.serviceName || !isKnown) {
    const error = new WireError('UnknownOperationException', 'The path names no operation of this service.');
    return { kind: 'refused', error };
  }
  return new RoutedPath(operation, options, encodeError);
}

class RoutedPath implements RoutedOperation {
  readonly kind = 'operation';
  readonly operation: string;
  readonly bodyBytesMax = bodyBytesMax;
  readonly #options: RpcCborOptions;
  readonly #encodeError: Service['encodeError'];

  constructor(operation: string, options: RpcCborOptions, encodeError: Service['encodeError']) {
    this.operation = operation;
    this.#options = options;
    this.#encodeError = encodeError;
  }

  bodyTooLarge(): WireError {
    return requestTooLarge(this.operation, bodyBytesMax);
  }

  call(body: Uint8Array, context: RequestContext): Promise<WireResponse> {
    const { operations, handlers, authorize, reportFault } = this.#options;
    const { operation } = this;
    return answer(
      operation,
      context,
      handlers[operation],
      this.#encodeError,
      reportFault,
      async (handler) => {
        const { input: shape = nothing, output = nothing } = operations[operation] ?? {};
        const input = decodeStructure(shape, body.length === 0 ? {} : decodeCbor(body));
        validateStructure(shape, input, 'ValidationError');
        authorize(operation, input, context);
        const answered = encodeCbor(output, await handler(input, context));
        return { statusCode: 200, headers: headersOf(context.requestId), body: answered };
      },
    );
  }
}
