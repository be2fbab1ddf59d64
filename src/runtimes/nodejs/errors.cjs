/** Errors as AWS names them: what becomes the caller's payload, and how the log shows them. */
'use strict';

const { isNativeError } = require('node:util').types;

/** An error whose type the service knows; `type` without its prefix `Runtime.`. */
class RuntimeError extends Error {
  /** @param {string} type @param {unknown} message */
  constructor(type, message) {
    super(String(message));
    this.name = `Runtime.${type}`;
  }
}

/** The DEL character may not stand in an HTTP header, where the type may end up. @param {unknown} text */
function escapeDel(text) {
  return typeof text === 'string' ? text.replaceAll('\x7f', '%7F') : '';
}

/** @param {any} value @returns {value is Error & {stack: string}} */
function looksLikeError(value) {
  try {
    if (value instanceof Error || isNativeError(value)) return true;
    if (typeof value !== 'object' || value === null) return false;
    return [value.name, value.message, value.stack].every((part) => typeof part === 'string');
  } catch {
    return false; // it throws when it is read
  }
}

/**
 * What the caller gets. Anything can be thrown, also objects that throw when they are read.
 * @param {unknown} thrown
 */
function toPayload(thrown) {
  try {
    if (looksLikeError(thrown)) {
      return {
        errorType: escapeDel(thrown.name),
        errorMessage: escapeDel(thrown.message),
        trace: typeof thrown.stack === 'string' ? escapeDel(thrown.stack).split('\n') : [],
      };
    }
    return { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
  } catch {
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
}

/** What the log shows: always an error. @param {unknown} thrown */
function toError(thrown) {
  if (looksLikeError(thrown)) return thrown;
  try {
    return new Error(String(thrown));
  } catch {
    return new Error('the thrown value cannot be shown');
  }
}

/** One line of JSON with the error's own fields, for the text log format. @param {unknown} thrown */
function toLogText(thrown) {
  const error = toError(thrown);
  try {
    return JSON.stringify(error, (_key, value) => {
      if (!(value instanceof Error)) return value;
      const { name, message, stack } = value;
      const code = /** @type {NodeJS.ErrnoException} */ (value).code;
      const fields = Object.assign({ errorType: name, errorMessage: message, code }, value);
      return typeof stack === 'string' ? Object.assign(fields, { stack: stack.split('\n') }) : fields;
    });
  } catch {
    return JSON.stringify(toPayload(error));
  }
}

module.exports = { RuntimeError, toError, toLogText, toPayload };
