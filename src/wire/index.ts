/** The public face of the wire: AWS's protocols, errors and signatures on one listener. */
export { WireError } from './error.ts';
export type { ErrorName } from './error.ts';
export type { Handler, Handlers, Input, Output, RequestContext } from './service.ts';
