/** The thread that makes an image of layers: decompresses, checks, flattens and seals, so that the service goes on meanwhile. It knows no store and no network. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { flatten, ImageRefusal, type Layer, sealed } from '#images';
import { assert } from '#lib/assert';
import type { FlattenTask, FromThread, ToThread } from './flatten-messages.ts';

assert(parentPort !== null, 'this runs in a thread');
const port: MessagePort = parentPort;
const task = workerData as FlattenTask;

const say = (message: FromThread, transfer: readonly ArrayBuffer[] = []): void =>
  port.postMessage(message, transfer);

/** The layer that is being read: what has come of it, and who waits for more. */
let pieces: Exclude<ToThread, { kind: 'taken' }>[] = [];
let wake: () => void = () => {};
const storing = new Map<number, PromiseWithResolvers<void>>();

port.on('message', (message: ToThread) => {
  if (message.kind !== 'taken') {
    pieces.push(message);
    wake();
    return;
  }
  const waiting = storing.get(message.index);
  storing.delete(message.index);
  if (message.isStored) waiting?.resolve();
  else waiting?.reject(new Error('a chunk could not be stored'));
});

async function* layer(index: number): AsyncGenerator<Uint8Array, void> {
  pieces = [];
  say({ kind: 'open', layer: index });
  for (;;) {
    const message = pieces.shift();
    if (message === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      continue;
    }
    if (message.kind === 'end') return;
    if (message.kind === 'broken') throw new Error('a layer could not be read');
    yield message.bytes;
    say({ kind: 'used', bytes: message.bytes.length });
  }
}

const layers = task.layers.map(({ digest, diffId }, index): Layer => ({
  digest,
  diffId,
  open: () => layer(index),
}));
const sink = {
  put: async (index: number, bytes: Uint8Array): Promise<void> => {
    const stored = Promise.withResolvers<void>();
    storing.set(index, stored);
    const chunk = sealed(task.salt, bytes);
    if (chunk === undefined) say({ kind: 'chunk', index, chunk });
    else {
      const { name, key } = chunk;
      const ciphertext = owned(chunk.ciphertext);
      say({ kind: 'chunk', index, chunk: { name, key, ciphertext } }, [ciphertext.buffer]);
    }
    await stored.promise;
  },
};

/** With a buffer of its own: what is handed over is gone here. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) return new Uint8Array(buffer);
  return new Uint8Array(bytes);
}

try {
  const image = await flatten(layers, sink, {
    onProgress: (progress) => say({ kind: 'progress', progress }),
  });
  say({ kind: 'done', image });
} catch (error) {
  if (error instanceof ImageRefusal) say({ kind: 'refused', reason: error.reason, message: error.message });
  else say({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
port.close();
