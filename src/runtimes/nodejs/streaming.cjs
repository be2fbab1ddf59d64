/**
 * Handlers that stream (`awslambda.streamifyResponse`): one invoke, from the handler's call to the end of its stream. Loaded only for
 * functions that have such a handler, because `node:stream` would be a fifth of a start.
 *
 * Chunks are written to the channel at once and go on in order. After each window of them the stream asks the worker for room and waits without
 * holding up the event loop: `write` says false and `drain` comes when the client has read, as on AWS.
 */
'use strict';

const { Writable } = require('node:stream');
const channel = require('./channel.cjs');
const { RuntimeError, toPayload } = require('./errors.cjs');
const { highWaterMarkKey } = require('./handler.cjs');
const { describeInvoke, describeWithoutTrace, isThenable } = require('./invocation.cjs');

// Those of ../channel.ts.
const frame = { streamStart: 9, streamChunk: 10, streamPause: 11, streamEnd: 12, streamError: 13 };
const windowBytes = 256 * 1024;
const chunkOverheadBytes = 256;
/** The largest chunk that goes out as one. */
const chunkBytesMax = 64 * 1024;

const defaultContentType = 'application/octet-stream';
/**
 * The room that the worker gives to one stream.
 * @typedef {{ spend: (bytes: number) => void, whenFree: (go: () => void) => void }} Room
 */

/** @returns {Room} */
function makeRoom() {
  let spent = 0;
  /** Whoever waits for the worker's answer; undefined: nobody asked. @type {(() => void)[] | undefined} */
  let waiting;
  return {
    spend: (bytes) => (spent += bytes + chunkOverheadBytes),
    whenFree(go) {
      if (waiting !== undefined) return void waiting.push(go);
      if (spent < windowBytes) return go();
      waiting = [go];
      channel.askForRoom(frame.streamPause, () => {
        const free = waiting ?? [];
        waiting = undefined;
        spent = 0;
        for (const next of free) next();
      });
    },
  };
}

/** What goes into a stream besides text and bytes is written as JSON. @param {any} chunk */
function toWritable(chunk) {
  if (typeof chunk === 'string' || chunk === null || chunk === undefined) return chunk;
  return chunk instanceof Uint8Array ? chunk : JSON.stringify(chunk);
}

class ResponseStream extends Writable {
  /** Called before the first write with a function that writes; others set it too. @type {((write: (chunk: any) => void) => void) | undefined} */
  _onBeforeFirstWrite;
  #contentType = defaultContentType;
  #room;
  #isOpen;
  #written = false;
  #started = false;

  /** @param {Room} room @param {() => boolean} isOpen whether its invoke is still at hand @param {number | undefined} highWaterMark */
  constructor(room, isOpen, highWaterMark) {
    super(highWaterMark === undefined ? {} : { highWaterMark });
    this.#room = room;
    this.#isOpen = isOpen;
  }

  /** Whether something of it is on its way. */
  get started() {
    return this.#started;
  }

  /** @param {unknown} contentType whatever a function gives */
  setContentType(contentType) {
    if (this.#written) {
      throw new RuntimeError('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    }
    this.#contentType = String(contentType);
  }

  /** @param {any} chunk @param {any} [encoding] @param {any} [callback] @override */
  write(chunk, encoding, callback) {
    this.#begin();
    return super.write(toWritable(chunk), encoding, callback);
  }

  /** @param {any} [chunk] @param {any} [encoding] @param {any} [callback] @override */
  end(chunk, encoding, callback) {
    this.#begin();
    return typeof chunk === 'function' ? super.end(chunk) : super.end(toWritable(chunk), encoding, callback);
  }

  #begin() {
    if (this.#written) return;
    this.#written = true;
    this._onBeforeFirstWrite?.((chunk) => void super.write(toWritable(chunk)));
  }

  /** @param {Buffer} chunk @param {string} _encoding @param {(error?: Error) => void} done @override */
  _write(chunk, _encoding, done) {
    if (!this.#isOpen()) return done(new RuntimeError('InvalidStreamingOperation', 'The invoke is over.'));
    this.#start();
    this.#send(chunk, 0, done);
  }

  /** @param {(error?: Error) => void} done @override */
  _final(done) {
    if (!this.#isOpen()) return done(new RuntimeError('InvalidStreamingOperation', 'The invoke is over.'));
    this.#start();
    this.#room.whenFree(() => {
      if (this.#isOpen()) channel.send(frame.streamEnd, '');
      done();
    });
  }

  #start() {
    if (this.#started) return;
    this.#started = true;
    channel.send(frame.streamStart, JSON.stringify({ contentType: this.#contentType }));
  }

  /** @param {Buffer} chunk @param {number} start @param {(error?: Error) => void} done */
  #send(chunk, start, done) {
    const end = Math.min(chunk.length, start + chunkBytesMax);
    if (end > start) {
      channel.sendBytes(frame.streamChunk, chunk.subarray(start, end));
      this.#room.spend(end - start);
    }
    this.#room.whenFree(() => {
      if (end === chunk.length) done();
      else if (this.#isOpen()) this.#send(chunk, end, done);
    });
  }
}

/**
 * @typedef {{ requestId: string, deadlineMs: number, invokedArn: string, traceId: string, clientContext?: string }} InvokeHeader
 * @typedef {object} Answer
 * @property {() => boolean} isOpen whether the invoke is still at hand
 * @property {(thrown: unknown) => void} fail ends an invoke of which nothing was streamed
 * @property {(thrown: unknown) => void} log
 * @property {() => void} ready ends an invoke whose stream has ended
 * @property {(action: () => void) => void} onEmptyLoop
 */

/**
 * @param {Function} handler @param {unknown} event @param {InvokeHeader} header @param {Answer} answer
 * @param {NodeJS.ProcessEnv} env @param {number} major
 */
function runStreaming(handler, event, header, answer, env, major) {
  // Up to Node 22 the environment takes the next invoke only when the event loop is empty, unless the handler says otherwise.
  const waits = { callbackWaitsForEmptyEventLoop: true };
  const shown =
    major >= 24 ? describeInvoke(header, env) : Object.assign(waits, describeWithoutTrace(header, env));
  const room = makeRoom();
  const stream = new ResponseStream(room, () => answer.isOpen(), Reflect.get(handler, highWaterMarkKey));
  let handled = false;
  /** What broke the stream. @type {unknown} */
  let broken;

  const ready = () => {
    if (major < 24 && waits.callbackWaitsForEmptyEventLoop) answer.onEmptyLoop(() => answer.ready());
    else answer.ready();
  };
  /** @param {unknown} thrown */
  const fail = (thrown) => {
    if (!answer.isOpen()) return;
    if (!stream.started) return answer.fail(thrown);
    answer.log(thrown);
    // After its end there is nobody whom the failure could be told.
    if (stream.writableFinished) return ready();
    const payload = JSON.stringify(toPayload(thrown));
    room.whenFree(() => {
      if (!answer.isOpen()) return;
      channel.send(frame.streamError, payload);
      answer.ready();
    });
  };
  const settle = () => {
    if (!handled || !answer.isOpen()) return;
    if (stream.writableFinished) ready();
    else if (stream.closed) {
      // It may be closed before it has said why.
      fail(
        broken ??
          stream.errored ??
          new RuntimeError('TruncatedResponse', 'The response stream was closed before its end.'),
      );
    }
  };
  // Also so that a stream that breaks is a failed invoke and not an uncaught exception.
  stream.on('error', (error) => (broken = error));
  stream.on('finish', settle);
  stream.on('close', settle);

  let result;
  try {
    result = handler(event, stream, shown);
  } catch (thrown) {
    return fail(thrown);
  }
  if (!isThenable(result)) return fail(new Error('Streaming does not support non-async handlers.'));
  result.then(
    /** @param {unknown} value */
    (value) => {
      if (value !== undefined) console.warn('Streaming handlers ignore return values.');
      handled = true;
      settle();
    },
    fail,
  );
}

module.exports = { runStreaming };
