/** The program that serves a worker's mounted images (see src/images): started by Lambkin, reads the store's files itself. */
import { readFileBlobs } from '#engines/files';
import { serveImageDevices } from '#images';
import type { Json } from '#platform';

/** What it is told: where the blobs are. */
export function imageDeviceSettings(blobsDirectory: string): Json {
  return { blobs: blobsDirectory };
}

/** Where it stands. */
export const imageDeviceProgram = import.meta.filename;

if (process.argv[1] === import.meta.filename) {
  serveImageDevices(async (settings) => {
    const { blobs } = settings as { readonly blobs: string };
    return { blobs: readFileBlobs(blobs) };
  });
}
