/** The memory engine under the contracts of its ports. */
import { seededEntropy } from '#platform';
import { blobsContract } from '../../contract/blobs.ts';
import { documentsContract } from '../../contract/documents.ts';
import { journalContract } from '../../contract/journal.ts';
import { queueGroupsContract } from '../../contract/queue-groups.ts';
import { queueContract } from '../../contract/queue.ts';
import type { OpenQueue } from '../../contract/queue.ts';
import { memoryBlobs, memoryDocuments, memoryJournal, memoryQueue } from './index.ts';

const close = async (): Promise<void> => {};

documentsContract('memory', async (limits) => ({ documents: memoryDocuments(limits), close }));
journalContract('memory', async (limits) => ({ journal: memoryJournal(limits), close }));
const openQueue: OpenQueue = async (clock, limits = {}) => ({
  queue: memoryQueue({ clock, entropy: seededEntropy(1), limits }),
  close,
});
queueContract('memory', openQueue);
queueGroupsContract('memory', openQueue);
blobsContract('memory', async () => ({ blobs: memoryBlobs(), close }));
