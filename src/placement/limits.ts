/** The numbers of placement, in one place. */

/** A worker that has not been heard of for this long gets no new environments. */
export const heartbeatAgeMsMax = 10_000;

/** Workers that may be known at once. */
export const workersMax = 10_000;

/** With more workers than this, that many are drawn at random and the best of them is chosen. */
export const candidatesMax = 32;

/** Loads closer together than this share of a worker count as equal, so that zones can be evened out. */
export const loadBand = 1 / 16;
