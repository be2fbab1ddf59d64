/**
 * The bootstrap's end of the private channel (see ../channel.ts for the frames): file descriptor 3.
 *
 * Reading is asynchronous: one libuv read into one buffer that is reused, so a frame that arrives whole is parsed where
 * it lies. A frame that arrives in pieces is collected in a buffer of exactly its size.
 *
 * Writing is synchronous: one frame, one write. What was written is out, whatever the handler does next (an infinite
 * loop, `process.exit`, a crash), frames never change order, and no memory is kept for what the worker has not read yet.
 * When the worker is slower than the function, the write waits for it.
 */
'use strict';

const net = require('node:net');
// Taken before the function's code can replace it.
const { writeSync } = require('node:fs');

const channelFd = 3;
const readBytes = 64 * 1024;
/** Frames up to this size are built in a buffer that is reused. */
const scratchBytes = 16 * 1024;
/** The same hard stop as the worker's (`frameBytesMax` of ../channel.ts). */
const frameBytesMax = 64 * 1024 * 1024;
/** How long to sleep when the worker does not keep up with reading, in milliseconds. */
const writePauseMs = 0.2;

const headBytes = 5;
const scratch = Buffer.allocUnsafeSlow(scratchBytes);
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Ends the process: the worker is gone, or it spoke out of turn. */
function leave() {
  process.exit(0);
}

/** @param {Buffer} bytes @param {number} end */
function writeAll(bytes, end) {
  let offset = 0;
  while (offset < end) {
    try {
      offset += writeSync(channelFd, bytes, offset, end - offset);
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code;
      if (code === 'EAGAIN') Atomics.wait(pause, 0, 0, writePauseMs);
      else if (code !== 'EINTR') leave();
    }
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
  const end = start + frame.write(text, start);
  frame.writeUInt32BE(end - 4, 0);
  frame[4] = type;
  if (level !== undefined) frame[headBytes] = level;
  writeAll(frame, end);
}

/**
 * Opens the channel. `onFrame` gets a buffer and the bounds of the body in it; the bytes are only good until it returns.
 * @param {(type: number, bytes: Buffer, start: number, end: number) => void} onFrame
 */
function open(onFrame) {
  const length = Buffer.alloc(4);
  let lengthFilled = 0;
  /** @type {Buffer | undefined} */
  let partial;
  let partialFilled = 0;

  /** @param {number} count @param {Buffer} bytes */
  function take(count, bytes) {
    let offset = 0;
    while (offset < count) {
      if (partial === undefined && lengthFilled === 0 && count - offset >= headBytes) {
        const size = bytes.readUInt32BE(offset);
        if (size === 0 || size > frameBytesMax) return leave();
        const end = offset + 4 + size;
        if (end <= count) {
          onFrame(bytes[offset + 4] ?? 0, bytes, offset + headBytes, end);
          offset = end;
          continue;
        }
      }
      if (partial === undefined) {
        const part = Math.min(4 - lengthFilled, count - offset);
        bytes.copy(length, lengthFilled, offset, offset + part);
        lengthFilled += part;
        offset += part;
        if (lengthFilled < 4) return;
        const size = length.readUInt32BE(0);
        if (size === 0 || size > frameBytesMax) return leave();
        partial = Buffer.allocUnsafeSlow(size);
        partialFilled = 0;
      }
      const part = Math.min(partial.length - partialFilled, count - offset);
      bytes.copy(partial, partialFilled, offset, offset + part);
      partialFilled += part;
      offset += part;
      if (partialFilled === partial.length) {
        const whole = partial;
        partial = undefined;
        lengthFilled = 0;
        onFrame(whole[0] ?? 0, whole, 1, whole.length);
      }
    }
  }

  const socket = new net.Socket({
    fd: channelFd,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      /** @param {number} count @param {Buffer} bytes */
      callback(count, bytes) {
        take(count, bytes);
        return true;
      },
    },
  });
  socket.on('end', leave);
  socket.on('close', leave);
  socket.on('error', leave);
  socket.resume();
  return {
    /** The process stays alive for the next frame. */
    hold: () => void socket.ref(),
    /** The process may end, or run out of things to do, although the channel is open. */
    release: () => void socket.unref(),
  };
}

module.exports = { open, send };
