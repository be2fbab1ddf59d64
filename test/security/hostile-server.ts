/**
 * The server that the hostile suite attacks, in a process of its own: a listener with the real Lambda service and short
 * timeouts. It is asked over IPC how it is. Run with --expose-gc.
 */
import assert from 'node:assert/strict';
import { openIdentity } from '#identity';
import { systemClock, systemEntropy } from '#platform';
import { createListener, invokePaths, restJsonService, WireError } from '#wire';
import { type Health, type Question, rootKey, timeouts } from './hostile-contract.ts';

const faults: string[] = [];
process.on('uncaughtException', (error) => faults.push(`uncaught: ${error.stack ?? ''}`));
process.on('unhandledRejection', (error) => faults.push(`unhandled: ${String(error)}`));

let handled = 0;
const handler = () => {
  handled += 1;
  return Promise.reject(new WireError('ResourceNotFoundException', 'Function not found'));
};
const service = restJsonService({
  handlers: {
    Invoke: handler,
    CreateFunction: handler,
    GetFunction: handler,
    ListFunctions: handler,
    UpdateFunctionCode: handler,
  },
  reportFault: (error, operation) => faults.push(`${operation}: ${String(error)}`),
});

const opened = await openIdentity({
  store: { read: () => Promise.resolve(undefined), create: (key) => Promise.resolve(key) },
  entropy: systemEntropy,
  ...rootKey,
});
assert.ok(opened.kind === 'opened');
const { identity } = opened;
const outcome = await createListener({
  services: new Map([['lambda', service]]),
  identity: { region: identity.region, findKey: (accessKeyId) => identity.findKey(accessKeyId) },
  clock: systemClock,
  entropy: systemEntropy,
  host: '127.0.0.1',
  port: 0,
  limits: timeouts,
  plainPaths: invokePaths,
  log: {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message, fields) => faults.push(`${message} ${JSON.stringify(fields)}`),
  },
});
assert.ok(outcome.kind === 'listening');
const { listener } = outcome;

process.on('message', async (question: Question) => {
  if (question === 'stop') {
    await listener.close(0);
    process.disconnect();
    return;
  }
  // What is closed may take some turns of the event loop to be let go.
  for (let turn = 0; turn < 20; turn += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const resources = process.getActiveResourcesInfo();
  const health: Health = {
    heapBytes: process.memoryUsage().heapUsed,
    externalBytes: process.memoryUsage().external,
    sockets: resources.filter((name) => /TCPSocket|TCPWRAP$/.test(name)).length,
    timers: resources.filter((name) => name === 'Timeout').length,
    ...listener.usage(),
    handled,
    faults: faults.slice(0, 10),
  };
  process.send?.(health);
});
process.send?.({ port: listener.address.port });
