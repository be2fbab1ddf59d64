/**
 * The function's `console`: each call is one log event on the channel, with time, request id and level, as text or JSON,
 * as AWS's Node runtimes write it. What goes to process.stdout and process.stderr directly is left alone.
 */
'use strict';

const { format, inspect } = require('node:util');
const { toError, toLogText } = require('./errors.cjs');

/** @typedef {{ readonly name: string, readonly priority: number }} Level */

const levels = {
  TRACE: { name: 'TRACE', priority: 0 },
  DEBUG: { name: 'DEBUG', priority: 1 },
  INFO: { name: 'INFO', priority: 2 },
  WARN: { name: 'WARN', priority: 3 },
  ERROR: { name: 'ERROR', priority: 4 },
  FATAL: { name: 'FATAL', priority: 5 },
};

/** @param {Error} error */
function describe(error) {
  return {
    errorType: error.constructor?.name ?? 'UnknownError',
    errorMessage: error.message,
    stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
  };
}

/** @param {string | undefined} requestId @param {Level} level @param {unknown[]} values */
function jsonLine(requestId, level, values) {
  /** @type {Record<string, unknown>} */
  const event = { timestamp: new Date().toISOString(), level: level.name, requestId };
  if (values.length === 1) {
    event['message'] = values[0];
    try {
      return JSON.stringify(event, (_key, value) =>
        value instanceof Error ? Object.assign(describe(value), value) : value,
      );
    } catch {
      event['message'] = format(values[0]);
      return JSON.stringify(event);
    }
  }
  event['message'] = format(...values);
  const error = values.find((value) => value instanceof Error);
  if (error instanceof Error) Object.assign(event, describe(error));
  return JSON.stringify(event);
}

/**
 * Replaces the methods of `console`.
 * @param {(text: string, level: number) => void} emit Sends one event.
 * @param {() => string | undefined} requestId The invoke at hand; before the first one what AWS shows there.
 * @param {NodeJS.ProcessEnv} env AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL.
 * @returns {(title: string, thrown: unknown) => void} Logs an error that ended an init or an invoke.
 */
function patchConsole(emit, requestId, env) {
  const json = env['AWS_LAMBDA_LOG_FORMAT']?.toUpperCase() === 'JSON';
  const asked = env['AWS_LAMBDA_LOG_LEVEL']?.toUpperCase() ?? '';
  const lowest = Object.values(levels).find(({ name }) => name === asked)?.priority ?? 0;

  /** @param {Level} level @returns {(...values: unknown[]) => void} */
  const logAt = (level) => {
    if (level.priority < lowest) return () => {};
    if (json) return (...values) => emit(jsonLine(requestId(), level, values), level.priority);
    return (...values) =>
      emit(
        `${new Date().toISOString()}\t${requestId()}\t${level.name}\t${format(...values)}`,
        level.priority,
      );
  };

  const info = logAt(levels.INFO);
  const error = logAt(levels.ERROR);
  // console.table, count, group, assert and timeLog go through these by themselves.
  Object.assign(console, {
    trace: logAt(levels.TRACE),
    debug: logAt(levels.DEBUG),
    info,
    log: info,
    warn: logAt(levels.WARN),
    error,
    fatal: logAt(levels.FATAL),
    /** @param {unknown} value @param {import('node:util').InspectOptions} [options] */
    dir: (value, options) => info(inspect(value, { customInspect: false, ...options })),
    /** @param {unknown[]} values */
    dirxml: (...values) => info(...values),
  });

  return (title, thrown) => {
    if (json) error(toError(thrown));
    else error(title, `\t${toLogText(thrown)}`);
  };
}

module.exports = { patchConsole };
