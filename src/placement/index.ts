/** The public face of placement: it chooses the worker for a new execution environment and watches worker health. */
export type { Placed, Placement, WorkerCapacity } from './placement.ts';
export { createPlacement } from './service.ts';
export type { PlacementOptions } from './service.ts';
