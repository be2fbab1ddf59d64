/** The memory engine under the contracts of its ports. */
import { seededEntropy } from '#platform';
import { blobsContract } from '../../contract/blobs.ts';
import { documentsContract } from '../../contract/documents.ts';
import { journalContract } from '../../contract/journal.ts';
import { queueContract } from '../../contract/queue.ts';
import { memoryBlobs, memoryDocuments, memoryJournal, memoryQueue } from './index.ts';

const close = async (): Promise<void> => {};

documentsContract('memory', async (limits) => ({ documents: memoryDocuments(limits), close }));
journalContract('memory', async (limits) => ({ journal: memoryJournal(limits), close }));
queueContract('memory', async (clock, limits = {}) => ({
  queue: memoryQueue({ clock, entropy: seededEntropy(1), limits }),
  close,
}));
blobsContract('memory', async () => ({ blobs: memoryBlobs(), close }));
