/** Services whose clients compress large requests: bodies are inflated, within the operation's bound, before they are decoded. */
import { gunzip } from 'node:zlib';
import { WireError } from './error.ts';
import type {
  RequestContext,
  Routed,
  RoutedOperation,
  Service,
  WireRequest,
  WireResponse,
} from './service.ts';

/** The same service, which takes bodies with `Content-Encoding: gzip` too. */
export function takingGzip(service: Service): Service {
  return { ...service, route: (request) => inflating(service, request) };
}

function inflating(service: Service, request: WireRequest): Routed {
  const routed = service.route(request);
  if (routed.kind === 'refused' || request.headers['content-encoding'] === undefined) return routed;
  return {
    kind: 'operation',
    takesGzip: true,
    operation: routed.operation,
    bodyBytesMax: routed.bodyBytesMax,
    bodyTooLarge: () => routed.bodyTooLarge(),
    call: (body, context) => inflated(service, routed, body, context),
  };
}

async function inflated(
  service: Service,
  routed: RoutedOperation,
  body: Uint8Array,
  context: RequestContext,
): Promise<WireResponse> {
  const plain = await new Promise<Uint8Array | WireError>((resolve) => {
    // A small body that would become a large one is cut off where it is too large.
    gunzip(body, { maxOutputLength: routed.bodyBytesMax }, (error, bytes) => {
      if (error === null) return resolve(bytes);
      const isLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
      return resolve(
        isLarge
          ? routed.bodyTooLarge()
          : new WireError('SerializationException', 'The body is not compressed with gzip.'),
      );
    });
  });
  if (plain instanceof WireError) return service.encodeError(plain, context.requestId);
  return routed.call(plain, context);
}
