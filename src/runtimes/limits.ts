/** Every bound of the runtimes component, with its unit. */

/** A runtime pack as the registry sends it, and its Node binary unpacked (120 MB today). */
export const packBytesMax = 150 * 1024 * 1024;
export const binaryBytesMax = 400 * 1024 * 1024;
/** What the registry says about one version. */
export const metadataBytesMax = 4 * 1024 * 1024;
/** A download that brings nothing for this long is given up. */
export const downloadStallMs = 30_000;
/** How long one interpreter may take to tell its version. */
export const probeTimeoutMs = 10_000;
/** Interpreters asked at once. */
export const probesMax = 4;
/** Places looked at for one version of an interpreter. */
export const candidatesMax = 16;

/** Compiling the bootstrap of Java, and what the compiler may say. */
export const compileTimeoutMs = 120_000;
export const compileOutputBytesMax = 1024 * 1024;
