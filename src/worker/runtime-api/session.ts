/**
 * One runtime's conversation over the Runtime API, without its HTTP: which call is allowed when. Every call that is not is refused.
 *
 *   Started ── next ──▶ Ready ── invoke ──▶ Running ── response | error ──▶ RuntimeResponseSentState ── next ──▶ Ready
 *       └ init/error ──▶ InitError
 *
 * A `next` while an invoke is running gets the same invoke again: its connection may have broken before the runtime read it. Waiting calls
 * are served in the order in which they came.
 */
import type { Call, RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import { apiWaitersMax } from '../limits.ts';
import { invalidRequestId, invalidTransition, invokeTimeout, type ApiAnswer } from './messages.ts';

/** An invoke on its way to the runtime; `invocationId` differs between attempts with the same request id. */
export interface Delivery {
  readonly call: Call;
  readonly invocationId: string;
}

type Phase =
  | { readonly name: 'Started' | 'InitError' | 'Ready' | 'RuntimeResponseSentState' }
  | {
      readonly name: 'Running' | 'InvocationResponse' | 'InvocationErrorResponse';
      readonly delivery: Delivery;
    };

/** A `next` that waits. */
export interface Waiter {
  deliver(delivery: Delivery): void;
}

export class ApiSession implements RuntimeLink {
  readonly #say: (message: RuntimeSays) => void;
  readonly #newId: () => string;
  #phase: Phase = { name: 'Started' };
  #waiters: Waiter[] = [];
  #closed = false;
  #lastRequestId: string | undefined;

  constructor(say: (message: RuntimeSays) => void, newId: () => string) {
    this.#say = say;
    this.#newId = newId;
  }

  /** The process got everything in its environment. */
  init(): void {}

  invoke(call: Call): void {
    const delivery = { call, invocationId: this.#newId() };
    this.#phase = { name: 'Running', delivery };
    this.#waiters.shift()?.deliver(delivery);
  }

  /** It never does. */
  awake(): void {}

  /** A signal is enough for whoever waits for HTTP. */
  end(): void {}

  close(): void {
    this.#closed = true;
    this.#waiters = [];
  }

  /** Takes a `next`; undefined when it waits or was served. */
  next(waiter: Waiter): ApiAnswer | undefined {
    if (this.#closed) return invokeTimeout;
    switch (this.#phase.name) {
      case 'Running':
        waiter.deliver(this.#phase.delivery);
        return undefined;
      case 'Started':
      case 'RuntimeResponseSentState':
      case 'Ready': {
        if (this.#waiters.length >= apiWaitersMax) return invalidTransition(this.#phase.name, 'Ready');
        this.#waiters.push(waiter);
        this.#becomeReady();
        return undefined;
      }
      case 'InitError':
      case 'InvocationResponse':
      case 'InvocationErrorResponse':
        return invalidTransition(this.#phase.name, 'Ready');
      default:
        return invalidTransition('unknown', 'Ready');
    }
  }

  /** The connection of a waiting `next` is gone. */
  abandon(waiter: Waiter): void {
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
  }

  /** A runtime begins to send its answer. Undefined: go on, and end with `answer` or `retract`. */
  begin(
    requestId: string,
    invocationId: string | undefined,
    to: 'InvocationResponse' | 'InvocationErrorResponse',
  ): ApiAnswer | undefined {
    if (this.#closed) return invokeTimeout;
    const phase = this.#phase;
    if (phase.name !== 'Running') {
      const again = requestId === this.#lastRequestId && phase.name !== 'Started';
      return again ? invalidRequestId : invalidTransition(phase.name, to);
    }
    const { call, invocationId: current } = phase.delivery;
    if (requestId !== call.requestId) return invalidRequestId;
    if (invocationId !== undefined && invocationId !== current) return invalidRequestId;
    this.#phase = { name: to, delivery: phase.delivery };
    return undefined;
  }

  /** The answer that was begun comes in parts. */
  part(message: RuntimeSays): void {
    if (!this.#closed) this.#say(message);
  }

  /** The answer that was begun is complete. */
  answer(message: RuntimeSays): void {
    if (this.#closed) return;
    if (this.#phase.name !== 'InvocationResponse' && this.#phase.name !== 'InvocationErrorResponse') return;
    this.#lastRequestId = this.#phase.delivery.call.requestId;
    this.#phase = { name: 'RuntimeResponseSentState' };
    this.#say(message);
    if (this.#waiters.length > 0) this.#becomeReady();
  }

  initError(payload: Uint8Array, errorType: string): ApiAnswer | undefined {
    const refused = this.mayFailInit();
    if (refused !== undefined) return refused;
    this.#phase = { name: 'InitError' };
    this.#say({ kind: 'init-error', payload, errorType });
    return undefined;
  }

  mayFailInit(): ApiAnswer | undefined {
    if (this.#closed) return invokeTimeout;
    return this.#phase.name === 'Started' ? undefined : invalidTransition(this.#phase.name, 'InitError');
  }

  /** Calls that exist for SnapStart only. */
  restore(to: string): ApiAnswer {
    return this.#closed ? invokeTimeout : invalidTransition(this.#phase.name, to);
  }

  #becomeReady(): void {
    if (this.#phase.name === 'Ready') return;
    this.#phase = { name: 'Ready' };
    this.#say({ kind: 'ready' });
  }
}
