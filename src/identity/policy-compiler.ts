/** Compiled policy documents, kept by their texts: a change of one user has only what is new compiled. */
import { Lru } from '#lib/lru';
import { compiledDocumentsMax } from './limits.ts';
import { type CompiledPolicy, denyEverything, type PolicyDialect } from './policy/compiled.ts';
import { parsePolicy } from './policy/parse.ts';

export class PolicyCompiler {
  readonly #compiled: Readonly<Record<PolicyDialect, Lru<string, CompiledPolicy>>> = {
    identity: new Lru(compiledDocumentsMax),
    trust: new Lru(compiledDocumentsMax),
    resource: new Lru(compiledDocumentsMax),
  };

  /** Of a document that was checked before it was stored. What cannot be read any more denies everything. */
  compile(document: string, dialect: PolicyDialect): CompiledPolicy {
    const kept = this.#compiled[dialect];
    const known = kept.get(document);
    if (known !== undefined) return known;
    const parsed = parsePolicy(document, dialect);
    const policy = parsed.kind === 'valid' ? parsed.policy : denyEverything(dialect);
    kept.set(document, policy);
    return policy;
  }
}
