/** The bounds of CBOR on the wire. */

/** Lists, maps and tags in one another. */
export const nestingMax = 64;

/** Values of one message: a request of 1,000 metrics with 30 dimensions and 150 values each has more, and is refused. */
export const valuesMax = 500_000;

/** Bytes of a request's body, as sent and after it was inflated. */
export const bodyBytesMax = 2 * 2 ** 20;
