/**
 * What the function writes to its standard output and error, as far as a process that is about to stand still must know of it: a pipe that is
 * full takes no more, the rest waits in the stream, and would wait until the next invoke.
 */
'use strict';

/** The streams that somebody has asked for; making one costs a start some milliseconds. @type {Set<NodeJS.WriteStream>} */
const used = new Set();

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  const property = Object.getOwnPropertyDescriptor(process, name);
  if (property?.get === undefined) continue;
  const make = property.get.bind(process);
  Object.defineProperty(process, name, {
    ...property,
    get() {
      const stream = make();
      used.add(stream);
      return stream;
    },
  });
}

/** Whether nothing that was written waits to go out. */
function isWrittenOut() {
  for (const stream of used) if (isHolding(stream)) return false;
  return true;
}

/** @param {NodeJS.WriteStream} stream */
function isHolding(stream) {
  return stream.writableLength > 0 && !stream.destroyed;
}

/** Calls back once all that was written is out; at once where it is already. @param {() => void} done */
function flush(done) {
  if (isWrittenOut()) return done();
  const full = [...used].filter(isHolding);
  let left = full.length;
  for (const stream of full) {
    stream.write('', () => {
      left -= 1;
      if (left === 0) done();
    });
  }
}

module.exports = { flush, isWrittenOut };
