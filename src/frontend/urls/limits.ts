/** The numbers of function URLs, in one place. */

/** What is read of a request's body: as much as the largest event could carry. The event itself has the bound of invokes. */
export const bodyBytesMax = 6 * 1024 * 1024;

/** Names, values and cookies of an answer together; the buffers of common clients and proxies end about there. */
export const answerHeadBytesMax = 64 * 1024;

/** Before the eight NUL bytes of a stream that begins with its status and headers. */
export const preludeBytesMax = 128 * 1024;
