/** The public face of the control plane: it creates, configures and publishes functions. */
export { createControlPlane } from './control-plane.ts';
export type { ControlPlane, ControlPlaneOptions } from './control-plane.ts';
export type { ImageKeeper, ImageReference } from './image-keeper.ts';
export type { Limits } from './limits.ts';
