/** Routes that are served without a signature: signed download links, health. */
import type { WireError } from '../error.ts';
import type { WireRequest } from '../service.ts';
import type { Links } from './links.ts';

export type OpenAnswer =
  | {
      readonly kind: 'answer';
      readonly statusCode: number;
      /** With `content-length` where the size of a streamed body is known. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Uint8Array | AsyncIterable<Uint8Array> | undefined;
    }
  | { readonly kind: 'refused'; readonly error: WireError };

export interface OpenRoute {
  /** Serves every path that starts with it, by GET and HEAD; request bodies are refused. */
  readonly pathPrefix: string;
  serve(request: WireRequest, requestId: string, signal: AbortSignal): Promise<OpenAnswer>;
}

/** A route whose paths open only with a link from `links.make`. `serve` is asked only for links that hold. */
export function linkedRoute(pathPrefix: string, links: Links, serve: OpenRoute['serve']): OpenRoute {
  return {
    pathPrefix,
    async serve(request, requestId, signal) {
      const refusal = links.verify(request.rawPath, request.rawQuery);
      return refusal === undefined ? serve(request, requestId, signal) : { kind: 'refused', error: refusal };
    },
  };
}
