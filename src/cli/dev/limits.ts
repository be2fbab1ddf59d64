/** Every bound of `lambkin dev`, with its unit. */

/** Files of a function's folder. */
export const filesMax = 50_000;
/** Bytes of all of them (AWS: 250 MB unpacked). */
export const treeBytesMax = 250 * 1024 * 1024;
/** Directories below each other. */
export const depthMax = 64;
/** Directories that are watched; what lies in others is found by looking. */
export const watchersMax = 500;
/** How often all is looked at, whatever the watchers say; longer for a folder that takes long to look at. */
export const lookMs = 1_000;
export const lookShare = 20;
/** A folder that still changes is left alone for so long, and not longer than the second. */
export const settleMs = 40;
export const settleMsMax = 2_000;
/** After a failure that may pass by itself. */
export const retryMs = 2_000;
/** A file whose time of change is younger than this may change again without a new time. */
export const racyMs = 2_000;
/** How often a function that is being made ready is asked about, and for how long. */
export const readyLookMs = 20;
export const readyMsMax = 120_000;
/** Changed files whose syntax is checked, and how long one check may take. */
export const checkedFilesMax = 8;
export const checkMsMax = 5_000;
/** Lines of a syntax error. */
export const complaintLinesMax = 8;
/** Bytes of a file that are read to find its handler. */
export const peekBytesMax = 256 * 1024;
