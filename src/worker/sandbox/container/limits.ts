/** Every bound of the container sandboxes, with its unit. */

/** Looks into container images at once, each of which may wait for the image in one of the four threads that all file access shares. */
export const imageLooksMax = 2;
/** Symbolic links on the way to a file of an image, and steps in all. */
export const imageLinksMax = 40;
export const imageStepsMax = 8_192;
/** Program headers of an executable that are looked at. */
export const programHeadersMax = 64;
/** Sandboxes at once: each has an address and a range of user ids. */
export const slotsMax = 16_000;
/** Commands that wait for the enclave's shell. */
export const commandsQueuedMax = 50_000;
/** None of the enclave's processes has reason to take longer to end. */
export const commandMsMax = 5_000;
/** How long the OCI runtime may take to start or to delete a container. */
export const runtimeMsMax = 30_000;
/** Deletions by the OCI runtime at once. */
export const deletionsMax = 2;
/** What is kept of what the OCI runtime complains about. */
export const complaintBytesMax = 4_096;
/** What a sandbox's first process may say. */
export const statusBytesMax = 1_024;
/** Memory of a sandbox that has no function yet, and storage of one. */
export const waitingMemoryBytes = 2 ** 30;
export const waitingStorageBytes = 512 * 2 ** 20;
/** What a sandbox's own first process and the kernel's records of it may take beyond the function's memory. */
export const ownMemoryBytes = 8 * 2 ** 20;
/** Looks at processes that were killed, and the time between two, before giving up with a warning. */
export const goneLooksMax = 400;
export const goneLookMs = 5;
/** Sockets of connections between sandboxes and addresses of the host that they may reach. */
export const bridgesMax = 4_096;
/** How long a sandbox rests before it is frozen, and how often that is looked at. */
export const freezeAfterMs = 1_000;
export const freezeLookMs = 250;
/** As AWS counts: this much memory comes with one core. */
export const bytesPerCore = 1_769 * 2 ** 20;
/** How often it is looked whether the host has further addresses, which functions with a network must not reach, and how many are kept. */
export const addressLookMs = 2_000;
export const hostAddressesMax = 1_000;
