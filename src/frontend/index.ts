/** The public face of the frontend: the synchronous invoke. */
export type { Frontend, InvokeAnswer, InvokeInput } from './frontend.ts';
export { createFrontend } from './service.ts';
export type { FrontendOptions } from './service.ts';
export { invokeHandlers } from './handlers.ts';
