/** The public face of the frontend: the synchronous invoke. */
export type {
  Frontend,
  InvokeAnswer,
  InvokeInput,
  StreamedAnswer,
  StreamEnd,
  StreamFailure,
  StreamingInput,
} from './frontend.ts';
export { decodeClientContext } from './client-context.ts';
export { checkJson } from './json-check.ts';
export * as refusals from './refusals.ts';
export { resolverOf } from './resolver.ts';
export { createFrontend } from './service.ts';
export type { FrontendOptions, InvokeWatch } from './service.ts';
export { invokeHandlers } from './handlers.ts';
export { createUrlRoute } from './urls/route.ts';
export type { UrlOutcome, UrlRouteOptions } from './urls/route.ts';
