/**
 * Whether a process whose invoke is answered may wait for the next one where it stands, without going round its event loop before. Going round
 * costs a process that comes back with cold caches as much as all else that an invoke makes it do.
 *
 * What the handler left to promises and `process.nextTick` is run here, and rejections that nobody handles are told, as at the end of
 * every callback. Beyond that the event loop is needed by what keeps it alive: timers, sockets, files, child processes. Only what has been made
 * not to (`unref`) and native code that tells Node nothing can be overlooked; for these the loop comes round every `roundMs` all the same.
 *
 * While the process stands still, others go on: after a long wait the loop comes round before the handler is called.
 */
'use strict';

const { isWrittenOut } = require('./output.cjs');

// Taken before the function's code can replace them.
const activeResources = process.getActiveResourcesInfo.bind(process);
const { now } = Date;
/** The end of a callback as Node has it; not documented: without it the event loop comes round after each invoke. @type {(() => void) | undefined} */
const endCallback = Reflect.get(process, '_tickCallback');

const roundMs = 100;
/** Longer than that, the other ends of a function's connections may have given it up. */
const longMs = 100;
let cameRoundMs = 0;
/** When the process was last seen to have something to do. */
let activeMs = 0;

/** To be called when the event loop has come round. */
function cameRound() {
  cameRoundMs = activeMs = now();
}

/** To be asked when the process has waited: whether the event loop should come round before it goes on. */
function hasStoodLong() {
  return Math.abs(now() - activeMs) >= longMs;
}

/** Runs what promises and ticks have left to do. Throws what they throw: nobody may catch it. */
function settle() {
  endCallback?.();
}

/** Whether nothing is left that the event loop would do. */
function isAtRest() {
  if (endCallback === undefined || !isWrittenOut() || activeResources().length > 0) return false;
  activeMs = now();
  // The clock may have been set back.
  return Math.abs(activeMs - cameRoundMs) < roundMs;
}

module.exports = { cameRound, hasStoodLong, isAtRest, settle };
