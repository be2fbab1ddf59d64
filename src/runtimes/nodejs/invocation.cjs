/**
 * One invoke, from the handler's call to its one answer.
 *
 * From Node 24 on, AWS's runtime awaits what the handler returns, and that is the answer. Up to Node 22 a handler may also use
 * its callback or `context.done/succeed/fail`; the first call counts, and a callback's result waits until the event loop
 * is empty unless `callbackWaitsForEmptyEventLoop` is false. When the loop is empty before there is an answer, an `async` function has
 * failed (`Runtime.NodeJsExit`), and any other handler is answered `null`.
 */
'use strict';

const { RuntimeError } = require('./errors.cjs');

/**
 * @typedef {{ requestId: string, deadlineMs: number, invokedArn: string, traceId: string, clientContext?: string }} Header
 * @typedef {{ succeed: (result: unknown) => void, fail: (thrown: unknown) => void, onEmptyLoop: (action: () => void) => void }} Answer
 */

const neverSettled =
  'The event loop is empty and the handler has not returned: it waits for a promise that nothing can settle.';

/** The answer's payload: JSON, `null` for what JSON does not know. @param {unknown} result @param {number} major */
function serialize(result, major) {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch {
    const message = 'Unable to stringify response body';
    throw major >= 24 ? new RuntimeError('JSONStringifyError', message) : new Error(message);
  }
}

/** @param {Header} header @param {NodeJS.ProcessEnv} env */
function describeInvoke(header, env) {
  const { deadlineMs } = header;
  let clientContext;
  if (header.clientContext !== undefined) {
    try {
      clientContext = JSON.parse(header.clientContext);
    } catch (error) {
      throw new Error(`Cannot parse ClientContext as json: ${String(error)}`, { cause: error });
    }
  }
  return {
    functionVersion: env['AWS_LAMBDA_FUNCTION_VERSION'],
    functionName: env['AWS_LAMBDA_FUNCTION_NAME'],
    memoryLimitInMB: env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'],
    logGroupName: env['AWS_LAMBDA_LOG_GROUP_NAME'],
    logStreamName: env['AWS_LAMBDA_LOG_STREAM_NAME'],
    clientContext,
    identity: undefined,
    invokedFunctionArn: header.invokedArn,
    awsRequestId: header.requestId,
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
    xRayTraceId: header.traceId,
  };
}

/** Up to Node 22, which does not tell the trace. @param {Header} header @param {NodeJS.ProcessEnv} env */
function describeWithoutTrace(header, env) {
  const { xRayTraceId: _, ...described } = describeInvoke(header, env);
  return described;
}

/** @param {unknown} value @returns {value is PromiseLike<unknown>} */
function isThenable(value) {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** Node 24 and later. @param {Function} handler @param {unknown} event @param {Header} header @param {Answer} answer @param {NodeJS.ProcessEnv} env */
function runAwaited(handler, event, header, answer, env) {
  const result = handler(event, describeInvoke(header, env));
  if (!isThenable(result)) return answer.succeed(result);
  result.then(
    (value) => answer.succeed(value),
    (error) => answer.fail(error),
  );
}

/** Up to Node 22. @param {Function} handler @param {unknown} event @param {Header} header @param {Answer} answer @param {NodeJS.ProcessEnv} env */
function runWithCallback(handler, event, header, answer, env) {
  let waitsForEmptyLoop = true;
  let finished = false;

  /** @param {unknown} error @param {unknown} result @param {boolean} waits */
  function finish(error, result, waits) {
    if (finished) return;
    finished = true;
    if (error !== undefined && error !== null) answer.fail(error);
    else if (waits) answer.onEmptyLoop(() => answer.succeed(result));
    else answer.succeed(result);
  }

  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waitsForEmptyLoop;
    },
    set callbackWaitsForEmptyEventLoop(waits) {
      waitsForEmptyLoop = waits;
    },
    /** @param {unknown} [error] @param {unknown} [result] */
    done: (error, result) => finish(error, result, false),
    /** @param {unknown} [result] */
    succeed: (result) => finish(undefined, result, false),
    /** @param {unknown} [error] */
    fail: (error) => finish(error ?? 'handled', undefined, false),
  };
  Object.assign(context, describeWithoutTrace(header, env));

  answer.onEmptyLoop(() => {
    finished = true;
    if (handler.constructor.name === 'AsyncFunction')
      answer.fail(new RuntimeError('NodeJsExit', neverSettled));
    else answer.succeed(null);
  });
  const result = handler(
    event,
    context,
    /** @param {unknown} [error] @param {unknown} [result] */
    (error, result) => finish(error, result, waitsForEmptyLoop),
  );
  if (isThenable(result)) result.then(context.succeed, (error) => context.fail(error));
}

module.exports = { describeInvoke, describeWithoutTrace, isThenable, runAwaited, runWithCallback, serialize };
