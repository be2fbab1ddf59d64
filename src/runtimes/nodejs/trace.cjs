/**
 * The trace id of the invoke at hand, where functions look for it: `process.env._X_AMZN_TRACE_ID`.
 *
 * It changes with every invoke, and the C library never gives back the memory of a variable's earlier values (some 200 bytes an invoke), besides
 * taking longer to set one than anything else that the process does for an invoke. So it is no variable of the process: `process.env` answers for
 * it. Everything else goes through to the real one. What starts from `process.env` has it too: copies, child processes. Native code
 * that asks the C library has not, nor does `console.log(process.env)` show it.
 */
'use strict';

const variable = '_X_AMZN_TRACE_ID';

/** @type {string | undefined} */
let trace;

/** @returns {PropertyDescriptor | undefined} */
function descriptor() {
  if (trace === undefined) return undefined;
  return { value: trace, writable: true, enumerable: true, configurable: true };
}

/** From now on `process.env` has the trace id. Once. */
function offerTrace() {
  delete process.env[variable];
  process.env = new Proxy(process.env, {
    get: (env, name) => (name === variable ? trace : Reflect.get(env, name)),
    has: (env, name) => (name === variable ? trace !== undefined : Reflect.has(env, name)),
    // Not Reflect.set: with the proxy as receiver it defines, which the real one takes in one form only.
    set(env, name, value) {
      if (name === variable) trace = String(value);
      else env[/** @type {string} */ (name)] = value;
      return true;
    },
    deleteProperty(env, name) {
      if (name === variable) trace = undefined;
      return Reflect.deleteProperty(env, name);
    },
    ownKeys(env) {
      const names = Reflect.ownKeys(env);
      return trace === undefined ? names : [...names, variable];
    },
    getOwnPropertyDescriptor: (env, name) =>
      name === variable ? descriptor() : Reflect.getOwnPropertyDescriptor(env, name),
    defineProperty(env, name, given) {
      if (name !== variable) return Reflect.defineProperty(env, name, given);
      trace = String(given.value);
      return true;
    },
  });
}

/** @param {string} traceId of the invoke that begins; empty: it has none */
function setTrace(traceId) {
  trace = traceId === '' ? undefined : traceId;
}

module.exports = { offerTrace, setTrace };
