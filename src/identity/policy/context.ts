/**
 * The values of condition keys during one decision. Remembers whether the request's own values were looked at: a decision that did
 * without them holds for every request of that principal, action and resource.
 */
import type { ConditionValues } from '../authorizer.ts';
import { type Caller, isCallerKey } from './caller.ts';

export class RequestContext {
  readonly #caller: Caller;
  readonly #conditions: () => ConditionValues;
  #values: ConditionValues | undefined;

  constructor(caller: Caller, conditions: () => ConditionValues) {
    this.#caller = caller;
    this.#conditions = conditions;
  }

  /** Whether the decision depends on more than who asks for what. */
  get consulted(): boolean {
    return this.#values !== undefined;
  }

  /** `key` in lower case. Undefined where the key is not there. */
  get(key: string): readonly string[] | undefined {
    if (isCallerKey(key)) return this.#caller.keys.get(key);
    this.#values ??= this.#conditions();
    const value = this.#values.get(key);
    return typeof value === 'string' ? [value] : value;
  }
}
