/**
 * Policies that every account has without making them (`arn:aws:iam::aws:policy/…`): those that people attach to functions' roles, and
 * those of the services that stand beside Lambda. Contents are AWS's; of ReadOnlyAccess only what concerns these services.
 */
import { createHash } from 'node:crypto';
import { uniqueId } from '../key-text.ts';
import table from './policies.json' with { type: 'json' };

export interface PredefinedPolicy {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
  readonly id: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly versionId: string;
  /** JSON. */
  readonly document: string;
}

/** By ARN, in order of their names. */
export const predefinedPolicies: ReadonlyMap<string, PredefinedPolicy> = new Map(
  table.map(({ name, path, createdAt, updatedAt, versionId, document }) => {
    const arn = `arn:aws:iam::aws:policy${path}${name}`;
    const policy: PredefinedPolicy = {
      arn,
      name,
      path,
      // The same at every start and in every Lambkin.
      id: uniqueId('ANPA', createHash('sha256').update(arn).digest()),
      createdAtMs: Date.parse(createdAt),
      updatedAtMs: Date.parse(updatedAt),
      versionId,
      document: JSON.stringify(document, undefined, 2),
    };
    return [arn, policy];
  }),
);
