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
export { createFrontend } from './service.ts';
export type { FrontendOptions } from './service.ts';
export { invokeHandlers } from './handlers.ts';
export { createUrlRoute } from './urls/route.ts';
export type { UrlRouteOptions } from './urls/route.ts';
