/** The public face of runtimes: the catalogue, and the channel that our own bootstraps speak. */
export type { Availability, InstallOutcome, Launch, RuntimeStatus, Runtimes } from './catalogue.ts';
export { FrameType, frameBytesMax, streamChunkOverheadBytes, streamWindowBytes } from './channel.ts';
export type { FunctionError, Init, InvokeHeader, StreamStart } from './channel.ts';
export { withDebugger } from './debugging.ts';
export { openRuntimes, type RuntimesOptions } from './host/this-host.ts';
