/**
 * The bootstrap's end of the private channel (see ../channel.ts for the frames): one descriptor to read, one to write, both blocking.
 *
 * Reading happens only between invokes and waits in the kernel, not in the event loop: the process is frozen while it has nothing
 * to do, as an environment is on AWS, and its timers and sockets go on with the next invoke. That costs one system call a frame,
 * and neither `node:net` nor `node:stream` is loaded, which would be a fifth of the whole start.
 *
 * Writing is one frame, one write. What was written is out, whatever the handler does next (an infinite loop,
 * `process.exit`, a crash), frames never change order, and no memory is kept for what the worker has not read yet. When the
 * worker is slower than the function, the write waits for it.
 *
 * A stream is the one exception to blocking reads: while it waits for room, the event loop goes on (`askForRoom`).
 */
'use strict';

// Taken before the function's code can replace them.
const { read, readSync, writeSync } = require('node:fs');
const repeat = setInterval;
const soon = setImmediate;
/**
 * Where `toString` and `write` of a Buffer end up, without their look at the arguments: in a process that comes back with cold caches, all code
 * costs. They are not documented: a Node without them goes the long way.
 */
const { utf8Slice = sliceText, utf8Write = Buffer.prototype.write } = Buffer.prototype;

const fromWorkerFd = 3;
const toWorkerFd = 4;
/** Frames up to these sizes use a buffer that is reused. */
const readBytes = 64 * 1024;
const scratchBytes = 16 * 1024;
/** The same hard stop as the worker's (`frameBytesMax` of ../channel.ts). */
const frameBytesMax = 64 * 1024 * 1024;
/** How often a process that is not waiting for a frame looks whether its worker is still there, in milliseconds. */
const parentLookMs = 1000;

const headBytes = 5;
const scratch = Buffer.allocUnsafeSlow(scratchBytes);
const unread = Buffer.allocUnsafeSlow(readBytes);

/** Ends the process: the worker is gone, or it spoke out of turn. @returns {never} */
function leave() {
  process.exit(0);
}

/** @param {Buffer} bytes @param {number} start @param {number} end where there is room */
function readSome(bytes, start, end) {
  let count = 0;
  try {
    count = readSync(fromWorkerFd, bytes, start, end - start, null);
  } catch {
    leave();
  }
  return count > 0 ? count : leave();
}

/** What was read of the frame that follows: it stands in `unread` from one to the other. */
let aheadStart = 0;
let aheadEnd = 0;

/** Moves what is there already to the front; returns how much that is. */
function takeAhead() {
  const filled = aheadEnd - aheadStart;
  if (filled > 0) unread.copyWithin(0, aheadStart, aheadEnd);
  aheadStart = aheadEnd = 0;
  return filled;
}

/**
 * Waits for the next frame. The bytes are good until the next call.
 * @returns {{ type: number, bytes: Buffer, start: number, end: number }} the body is what stands from `start` to `end`
 */
function receive() {
  return complete(takeAhead());
}

/** The frame of which so many bytes are there. @param {number} filled */
function complete(filled) {
  while (filled < headBytes) filled += readSome(unread, filled, readBytes);
  const size = unread.readUInt32BE(0);
  const end = 4 + size;
  if (size === 0 || size > frameBytesMax) leave();
  // Only the few frames that need no answer have another behind them.
  if (filled > end) {
    aheadStart = end;
    aheadEnd = filled;
    filled = end;
  }
  let bytes = unread;
  if (end > readBytes) {
    bytes = Buffer.allocUnsafeSlow(end);
    unread.copy(bytes, 0, 0, filled);
  }
  while (filled < end) filled += readSome(bytes, filled, end);
  return { type: bytes[4] ?? 0, bytes, start: headBytes, end };
}

/** @this {Buffer} @param {number} start @param {number} end @returns {string} */
function sliceText(start, end) {
  return this.toString('utf8', start, end);
}

/** @param {Buffer} bytes @param {number} start @param {number} end within them @returns {string} */
function textOf(bytes, start, end) {
  return utf8Slice.call(bytes, start, end);
}

/** @param {Buffer} bytes @param {number} end */
function writeAll(bytes, end) {
  try {
    for (let offset = 0; offset < end;) offset += writeSync(toWorkerFd, bytes, offset, end - offset);
  } catch {
    leave();
  }
}

/**
 * Sends one frame whose body is `text` as UTF-8, after `level` (a byte) if that is given.
 * @param {number} type @param {string} text @param {number} [level]
 */
function send(type, text, level) {
  const start = level === undefined ? headBytes : headBytes + 1;
  // A UTF-16 unit is at most three bytes of UTF-8.
  const fits = start + text.length * 3 <= scratchBytes;
  const frame = fits ? scratch : Buffer.allocUnsafeSlow(start + Buffer.byteLength(text));
  const end = start + utf8Write.call(frame, text, start);
  frame.writeUInt32BE(end - 4, 0);
  frame[4] = type;
  if (level !== undefined) frame[headBytes] = level;
  writeAll(frame, end);
}

/** Sends one frame whose body is these bytes. @param {number} type @param {Uint8Array} bytes */
function sendBytes(type, bytes) {
  const end = headBytes + bytes.length;
  const frame = end <= scratchBytes ? scratch : Buffer.allocUnsafeSlow(end);
  frame.writeUInt32BE(end - 4, 0);
  frame[4] = type;
  frame.set(bytes, headBytes);
  writeAll(frame, end);
}

/** The type of the frame to send if the process ends now. @type {number | undefined} */
let owed;
/** Set once the process listens to its own end. */
let atExit = false;

/**
 * Says what the worker is told should the process end from now on: that something was not begun, or, while a read waits in a thread, what the
 * worker answers, which ends the read.
 * @param {number | undefined} type undefined: nothing any more
 */
function sendIfItEnds(type) {
  owed = type;
  if (atExit || type === undefined) return;
  atExit = true;
  process.on('exit', () => {
    if (owed !== undefined) send(owed, '');
  });
}

/**
 * Waits for the next frame while the event loop goes on. A process must not end while the read waits, so it has it answered then.
 * @param {number} leaving the type of the frame that asks for an answer @param {(frame: ReturnType<typeof receive>) => void} take
 */
function receiveAwake(leaving, take) {
  const filled = takeAhead();
  if (filled > 0) return void soon(() => take(complete(filled)));
  sendIfItEnds(leaving);
  return read(fromWorkerFd, unread, 0, readBytes, null, (error, count) => {
    owed = undefined;
    if (error !== null || count === 0) leave();
    take(complete(count));
  });
}

/**
 * Asks the worker for room and calls back when it answers, which it does with a frame without a body. The read waits in a thread
 * of its own; a process must not end while one does, so it asks again then, which is answered at once.
 * @param {number} type @param {() => void} done
 */
function askForRoom(type, done) {
  sendIfItEnds(type);
  send(type, '');
  const answer = Buffer.allocUnsafeSlow(headBytes);
  /** @param {number} filled */
  const more = (filled) => {
    read(fromWorkerFd, answer, filled, headBytes - filled, null, (error, count) => {
      if (error !== null || count === 0) leave();
      if (filled + count < headBytes) return more(filled + count);
      owed = undefined;
      done();
    });
  };
  more(0);
}

/** A handler that waits for something does not see the channel end: the process finds itself with another parent. */
function watchParent() {
  const parent = process.ppid;
  repeat(() => {
    if (process.ppid !== parent) leave();
  }, parentLookMs).unref();
}

module.exports = { askForRoom, receive, receiveAwake, send, sendBytes, sendIfItEnds, textOf, watchParent };
