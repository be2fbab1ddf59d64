/** Policies that come as texts (of resources, of sessions), compiled once per text and kept within bounds. */
import { Lru } from '#lib/lru';
import { type CompiledPolicy, denyEverything, type PolicyDialect } from './compiled.ts';
import { compiledTextsCharactersMax, compiledTextsMax } from './limits.ts';
import { parsePolicy } from './parse.ts';

export interface CompiledText {
  /** Never the same for two texts. */
  readonly id: number;
  readonly policy: CompiledPolicy;
  /** False for what does not parse: `policy` then denies everything. */
  readonly isReadable: boolean;
}

export class CompiledTexts {
  readonly #dialect: PolicyDialect;
  readonly #texts = new Lru<string, CompiledText>(compiledTextsMax, (text) => {
    this.#characters -= text.length;
  });
  #characters = 0;
  #nextId = 1;

  constructor(dialect: PolicyDialect) {
    this.#dialect = dialect;
  }

  of(text: string): CompiledText {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const outcome = parsePolicy(text, this.#dialect);
    const compiled: CompiledText = {
      id: this.#nextId,
      policy: outcome.kind === 'valid' ? outcome.policy : denyEverything(this.#dialect),
      isReadable: outcome.kind === 'valid',
    };
    this.#nextId += 1;
    this.#characters += text.length;
    this.#texts.set(text, compiled);
    this.#shrink();
    return compiled;
  }

  #shrink(): void {
    for (const [oldest] of this.#texts.entries()) {
      if (this.#characters <= compiledTextsCharactersMax || this.#texts.size === 1) return;
      this.#texts.delete(oldest);
      this.#characters -= oldest.length;
    }
  }
}
