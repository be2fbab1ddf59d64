/** The table of CloudWatch: every permission is for everything; who publishes may be held to a namespace. */
import type { AccessRow, AccessRows } from './access.ts';
import type { KeySource } from './request-keys.ts';
import { everything } from './resources.ts';

const namespace: KeySource = (input) =>
  typeof input['Namespace'] === 'string' ? [['cloudwatch:namespace', input['Namespace']] as const] : [];

const rows: Readonly<Record<string, Omit<AccessRow, 'action'>>> = {
  GetMetricData: { resource: everything },
  GetMetricStatistics: { resource: everything },
  ListMetrics: { resource: everything },
  PutMetricData: { resource: everything, keys: [namespace] },
};

export const metricsAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [operation, { action: `cloudwatch:${operation}`, ...row }]),
);
