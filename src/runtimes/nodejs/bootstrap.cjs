/**
 * The process of a managed Node runtime. It is started before anyone knows for which function (the worker's pool), is
 * told by an `init` frame, loads the handler, and then answers one invoke after the other.
 *
 * While it waits for a frame it stands still, as an environment without an invoke does on AWS. During an invoke nothing of ours keeps
 * the event loop alive: only the handler's own timers, sockets and promises count, and a loop that runs empty means what it
 * means on AWS.
 */
'use strict';

const Module = require('node:module');
const channel = require('./channel.cjs');
const { patchConsole } = require('./console.cjs');
const { RuntimeError, toPayload } = require('./errors.cjs');
const { highWaterMarkKey, loadHandler, streamingMark } = require('./handler.cjs');
const { runAwaited, runWithCallback, serialize } = require('./invocation.cjs');
const { flush } = require('./output.cjs');
const { cameRound, hasStoodLong, isAtRest, settle } = require('./rest.cjs');
const { offerTrace, setTrace } = require('./trace.cjs');

// Those of ../channel.ts, which a plain script of Node 20 cannot import.
const frame = {
  init: 1,
  ready: 2,
  initError: 3,
  invoke: 4,
  response: 5,
  error: 6,
  log: 7,
  fatal: 8,
  end: 15,
  awake: 16,
  leaving: 17,
  notStarted: 18,
};
/** Set for a process that is started before anybody needs it. */
const aheadVariable = 'LAMBKIN_AHEAD';
/** The longest that a timer can wait. */
const foreverMs = 2 ** 31 - 1;
/** Exit codes of AWS's runtimes. */
const exit = { initFailed: 1, unhandledRejection: 128, uncaughtException: 129 };

const major = Number.parseInt(process.versions.node, 10);
const inspected = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((flag) =>
  flag.includes('--inspect'),
);
const run = major >= 24 ? runAwaited : runWithCallback;

/** @type {'pooled' | 'starting' | 'idle' | 'invoking'} */
let phase = 'pooled';
/** @type {Function} */
let handler = () => undefined;
/** The variables that do not change between invokes, read once. @type {NodeJS.ProcessEnv} */
let env = {};
/** @type {string | undefined} */
let requestId = major >= 24 ? '-' : undefined;
/** Of a handler that streams. @type {typeof import('./streaming.cjs').runStreaming | undefined} */
let runStreaming;
/** Of the invoke at hand, if there is one: what an earlier one answers late is told from it. @type {Answer | undefined} */
let atHand;
/** @type {(() => void) | undefined} */
let whenLoopIsEmpty;
/** @type {(title: string, thrown: unknown) => void} */
let logError = () => {};

// Taken before the function's code can replace it.
const soon = setImmediate;

/** The invoke that `standStill` has taken: it asks itself, once it is back in its own hands, what there is to do after the answer. @type {'none' | 'running' | 'answered'} */
let turn = 'none';

/** Lets the event loop come round once (what the answer left to do, timers that are due), then waits. */
function waitForInvoke() {
  if (turn === 'running') turn = 'answered';
  else soon(comeRound);
}

function comeRound() {
  cameRound();
  flush(awake ? wait : standStill);
}

/** Set where an extension lives in this process, whose calls go on between two invokes, or a debugger, which wants answers then too. */
let awake = inspected;

function wait() {
  channel.receiveAwake(frame.leaving, take);
}

/** One invoke after the other, as long as none needs the event loop: not before its answer, nor after. */
function standStill() {
  try {
    do {
      turn = 'none';
      const received = channel.receive();
      if (hasStoodLong()) return wakeUp(received);
      turn = 'running';
      take(received);
      settle();
    } while (isAnswered() && isAtRest());
  } finally {
    const answered = isAnswered();
    turn = 'none';
    if (answered) waitForInvoke();
  }
}

/**
 * What happened meanwhile comes first: a timer that is due, a connection that the other end has closed, which the handler would take for a good one.
 * Should the process end over that, the invoke goes to another.
 * @param {ReturnType<typeof channel.receive>} received
 */
function wakeUp(received) {
  if (received.type === frame.invoke) channel.sendIfItEnds(frame.notStarted);
  soon(() => {
    channel.sendIfItEnds(undefined);
    take(received);
  });
}

/** Whether the invoke that `standStill` has taken is. */
function isAnswered() {
  return turn === 'answered';
}

/** @param {{ type: number, bytes: Buffer, start: number, end: number }} received */
function take({ type, bytes, start, end }) {
  if (type === frame.awake) {
    awake = true;
    return wait();
  }
  if (type === frame.end) return leaveToSignals();
  if (type !== frame.invoke || phase !== 'idle') process.exit(exit.initFailed);
  invoke(bytes, start, end);
}

/** SIGTERM has come, and the function handles it, or this would not be reached: its handlers run, as nothing stands still any more. */
function leaveToSignals() {
  setInterval(() => {}, foreverMs);
}

function waitForInit() {
  const { type, bytes, start, end } = channel.receive();
  if (type !== frame.init) process.exit(exit.initFailed);
  init(JSON.parse(channel.textOf(bytes, start, end)));
}

/** @param {{ env: Record<string, string>, handler: string, taskRoot: string }} order */
function init(order) {
  phase = 'starting';
  takeEnvironment(order.env);
  process.chdir(order.taskRoot);
  logError = patchConsole(
    (text, level) => channel.send(frame.log, text, level),
    () => requestId,
    env,
  );
  if (!['1', 'true'].includes(env['AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA'] ?? '')) offerStreaming();
  process.on('uncaughtException', (thrown) => crash('Uncaught Exception', thrown, exit.uncaughtException));
  process.on('unhandledRejection', (reason) => {
    const rejection = Object.assign(new RuntimeError('UnhandledPromiseRejection', reason), { reason });
    crash('Unhandled Promise Rejection', rejection, exit.unhandledRejection);
  });
  process.on('beforeExit', () => {
    const action = whenLoopIsEmpty;
    whenLoopIsEmpty = undefined;
    action?.();
  });
  // A module that waits for nothing that could come is stopped by the worker's limit, not by an empty event loop.
  const loading = setInterval(() => {}, foreverMs);
  loadHandler(order.taskRoot, order.handler, major).then(
    (loaded) => {
      clearInterval(loading);
      handler = loaded;
      if (Reflect.get(loaded, streamingMark) !== undefined) ({ runStreaming } = require('./streaming.cjs'));
      phase = 'idle';
      channel.send(frame.ready, '');
      channel.watchParent();
      waitForInvoke();
    },
    (thrown) =>
      major >= 24
        ? crash('Init Error', thrown, exit.initFailed)
        : crash('Uncaught Exception', thrown, exit.uncaughtException),
  );
}

/** @param {Record<string, string>} wanted */
function takeEnvironment(wanted) {
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  Object.assign(process.env, wanted);
  env = { ...wanted };
  offerTrace();
  // NODE_PATH was read when the process started, which was before.
  if (wanted['NODE_PATH'] !== undefined) /** @type {any} */ (Module)._initPaths();
}

/** AWS's global for response streaming. */
function offerStreaming() {
  Reflect.set(globalThis, 'awslambda', {
    // Only marked here: a file may hold several handlers, of which another is used.
    /** @param {object} wrapped @param {{ highWaterMark?: unknown }} [options] */
    streamifyResponse(wrapped, options) {
      const highWaterMark = Number.parseInt(String(options?.highWaterMark), 10);
      return Object.assign(wrapped, {
        [streamingMark]: 'response',
        ...(highWaterMark > 0 && { [highWaterMarkKey]: highWaterMark }),
      });
    },
    HttpResponseStream: { from: httpResponse },
  });
}

/**
 * Makes a response stream one of HTTP: status and headers as JSON go ahead of the body, eight zeros in between.
 * @param {any} stream @param {unknown} metadata
 */
function httpResponse(stream, metadata) {
  stream.setContentType('application/vnd.awslambda.http-integration-response');
  const prelude = JSON.stringify(metadata);
  /** @param {(chunk: string | Uint8Array) => void} write */
  stream._onBeforeFirstWrite = (write) => {
    write(prelude);
    write(new Uint8Array(8));
  };
  return stream;
}

/** How one invoke is answered: once, whatever the handler does. */
class Answer {
  /** Whether it is still waited for. */
  isOpen() {
    return this === atHand;
  }

  /** @param {unknown} result */
  succeed(result) {
    if (!this.isOpen()) return;
    let text;
    try {
      text = serialize(result, major);
    } catch (thrown) {
      return this.fail(thrown);
    }
    finish(frame.response, text);
  }

  /** @param {unknown} thrown */
  fail(thrown) {
    if (!this.isOpen()) return;
    logError('Invoke Error', thrown);
    finish(frame.error, JSON.stringify(toPayload(thrown)));
  }

  /** @param {() => void} action */
  onEmptyLoop(action) {
    if (this.isOpen()) whenLoopIsEmpty = action;
  }

  /** @param {unknown} thrown */
  log(thrown) {
    logError('Invoke Error', thrown);
  }

  /** Ends an invoke whose answer was streamed. */
  ready() {
    if (this.isOpen()) finish(frame.ready, '');
  }
}

/** @param {Buffer} bytes @param {number} start @param {number} end */
function invoke(bytes, start, end) {
  const headerStart = start + 4;
  const payloadStart = headerStart + bytes.readUInt32BE(start);
  const header = JSON.parse(channel.textOf(bytes, headerStart, payloadStart));
  const payload = channel.textOf(bytes, payloadStart, end);

  phase = 'invoking';
  requestId = header.requestId;
  whenLoopIsEmpty = undefined;
  setTrace(header.traceId ?? '');

  const answer = new Answer();
  atHand = answer;
  let event;
  try {
    event = JSON.parse(payload);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return answer.fail(new RuntimeError('UnmarshalError', `Unable to unmarshal input: ${message}`));
  }
  try {
    if (runStreaming === undefined) run(handler, event, header, answer, env);
    else runStreaming(handler, event, header, answer, env, major);
  } catch (thrown) {
    answer.fail(thrown);
  }
}

/** @param {number} type @param {string} text */
function finish(type, text) {
  whenLoopIsEmpty = undefined;
  atHand = undefined;
  phase = 'idle';
  channel.send(type, text);
  waitForInvoke();
}

/** The process cannot go on: tells the worker why, if it waits for an answer, and ends. @param {string} title @param {unknown} thrown @param {number} code */
function crash(title, thrown, code) {
  logError(title, thrown);
  if (phase === 'starting') channel.send(frame.initError, JSON.stringify(toPayload(thrown)));
  else if (phase === 'invoking') channel.send(frame.fatal, JSON.stringify(toPayload(thrown)));
  process.exit(code);
}

/**
 * A process that waits in the pool practises once, on a function of its own: then the ES module loader is up, and the code on the way to
 * the first answer compiled, when the real function comes.
 */
async function rehearse() {
  const practised = await loadHandler(__dirname, 'rehearsal.handler', major);
  const header = { requestId: '-', deadlineMs: 0, invokedArn: '', traceId: '' };
  const answer = {
    /** @param {unknown} result */
    succeed: (result) => void serialize(result, major),
    fail: () => {},
    onEmptyLoop: () => {},
  };
  run(practised, JSON.parse('{}'), header, answer, env);
}

if (process.env[aheadVariable] === undefined) waitForInit();
else rehearse().then(() => soon(waitForInit), waitForInit);
