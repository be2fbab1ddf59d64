/** The public face of the wire: AWS's protocols, errors and signatures on one listener. */
export { SignedCalls } from './calls/signed-calls.ts';
export type { CallKeys, SignedCall, SignedCallsOptions, SignedOutcome } from './calls/signed-calls.ts';
export { SignedJsonCalls } from './calls/signed-json-calls.ts';
export type { SignedJsonCall, SignedJsonCallsOptions, SignedJsonOutcome } from './calls/signed-json-calls.ts';
export { WireError } from './error.ts';
export type { ErrorName } from './error.ts';
export { jsonRpcService } from './json-rpc/service.ts';
export type { QueryCompatible } from './json-rpc/error.ts';
export type { JsonRpcOptions } from './json-rpc/service.ts';
export { createListener } from './listener/listener.ts';
export { BodyCut } from './listener/host-route.ts';
export type {
  HostAnswer,
  HostDecision,
  HostOperation,
  HostRequest,
  HostRoute,
} from './listener/host-route.ts';
export type { Address, ListenOutcome, Listener, ListenerOptions } from './listener/listener.ts';
export { listenerLimits } from './listener/limits.ts';
export type { ListenerLimits } from './listener/limits.ts';
export { linkExpirySecondsMax, Links } from './listener/links.ts';
export type { Log, LogFields } from './listener/log.ts';
export { linkedRoute } from './listener/open-route.ts';
export type { OpenAnswer, OpenRoute } from './listener/open-route.ts';
export type { StreamRequest, StreamRoute } from './listener/stream-route.ts';
export type { ListShape, MapShape, Member, Shape, StringShape, StructureShape } from './operations/shape.ts';
export type { Operation } from './operations/shape.ts';
export { listOf, structure, structureOf } from './operations/structure.ts';
export type { Members } from './operations/structure.ts';
export { operations } from './operations/table.ts';
export type { OperationName } from './operations/table.ts';
export { constraintError } from './operations/validate.ts';
export { queryService } from './query/service.ts';
export type { QueryOperation, QueryOptions } from './query/service.ts';
export { takingGzip } from './gzip.ts';
export { rpcCborService, speaksRpcCbor } from './rpc-cbor/service.ts';
export type { RpcCborOptions } from './rpc-cbor/service.ts';
export { encodeRestJsonError } from './rest-json/error.ts';
export { eventTooLarge } from './rest-json/limits.ts';
export { invokePaths } from './rest-json/route.ts';
export { restJsonService } from './rest-json/service.ts';
export type { RestJsonOptions } from './rest-json/service.ts';
export { traceMember } from './service.ts';
export type {
  Authorize,
  Handler,
  Handlers,
  Input,
  LaterService,
  Output,
  RequestContext,
  ReportFault,
  Refused,
  Routed,
  RoutedOperation,
  Service,
  WireRequest,
  WireResponse,
} from './service.ts';
