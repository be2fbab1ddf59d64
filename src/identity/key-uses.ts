/**
 * When users' access keys were last used, and for what (GetAccessKeyLastUsed). In memory: known since the start of this process, since a
 * warm request writes nothing durable.
 */
import type { Clock } from '#platform';
import { Lru } from '#lib/lru';
import type { AccessQuestion } from './authorizer.ts';
import { keyUsesMax } from './limits.ts';
import type { PolicyAuthorizer } from './policy/decisions.ts';

export interface KeyUse {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** `lambda` */
  readonly service: string;
}

interface OpenUse {
  atMs: number;
  service: string;
}

export class KeyUses {
  readonly #clock: Clock;
  readonly #uses = new Lru<string, OpenUse>(keyUsesMax);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(accessKeyId: string): KeyUse | undefined {
    return this.#uses.get(accessKeyId);
  }

  note(accessKeyId: string, action: string): void {
    const atMs = this.#clock.wallMs();
    const service = action.slice(0, Math.max(0, action.indexOf(':')));
    const use = this.#uses.get(accessKeyId);
    if (use === undefined) this.#uses.set(accessKeyId, { atMs, service });
    else {
      use.atMs = atMs;
      use.service = service;
    }
  }

  /** The same authoriser, which also notes what keys are used for. A refused use is one too. */
  watched(authorizer: PolicyAuthorizer): PolicyAuthorizer {
    return {
      decideForOutsider: (question) => authorizer.decideForOutsider(question),
      decide: (question: AccessQuestion) => {
        const { kind, accessKeyId } = question.principal;
        if (kind === 'user') this.note(accessKeyId, question.action);
        return authorizer.decide(question);
      },
    };
  }
}
