/** Whether a role lets a service assume it. */
import type { ConditionValues } from '../authorizer.ts';
import { outsiderOf } from './caller.ts';
import type { CompiledPolicy } from './compiled.ts';
import { RequestContext } from './context.ts';
import { decideForOutsider } from './decide.ts';

/** `service`: `lambda.amazonaws.com`. `conditions`: what the service would say of itself (`aws:SourceAccount`, `aws:SourceArn`), keys in lower case. */
export function trustsService(
  trust: CompiledPolicy,
  service: string,
  conditions: ConditionValues = new Map(),
): boolean {
  const caller = outsiderOf({ kind: 'service', service });
  const context = new RequestContext(caller, () => conditions);
  const request = { caller, action: 'sts:assumerole', resource: '*', context };
  return decideForOutsider(request, 'sts:AssumeRole', [trust], true).kind === 'allowed';
}
