/** IAM and STS behind the listener. */
import { queryService, type ReportFault, type Service } from '#wire';
import { iamAuthorize, stsAuthorize } from './access.ts';
import { accessKeyHandlers } from './access-keys.ts';
import { accountHandlers } from './account-summary.ts';
import { attachmentHandlers } from './attachments.ts';
import type { IamContext } from './context.ts';
import { inlinePolicyHandlers } from './inline-policies.ts';
import { managedPolicyHandlers } from './managed-policies.ts';
import { iamNotServed, stsNotServed } from './not-served.ts';
import { iamOperations } from './operations.ts';
import { policyVersionHandlers } from './policy-versions.ts';
import { roleHandlers } from './roles.ts';
import { simulationHandlers } from './simulation.ts';
import { assumeRoleHandlers } from './sts/assume-role.ts';
import { callerHandlers } from './sts/caller.ts';
import { stsOperations } from './sts/operations.ts';
import { tagHandlers } from './tags.ts';
import { userHandlers } from './users.ts';

/** Global services: clients sign for this region wherever they are. */
const signingRegions = ['us-east-1'];

export function iamService(context: IamContext, reportFault: ReportFault): Service {
  return queryService({
    version: '2010-05-08',
    xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
    operations: iamOperations,
    notServed: iamNotServed,
    handlers: {
      ...userHandlers(context),
      ...accessKeyHandlers(context),
      ...roleHandlers(context),
      ...inlinePolicyHandlers(context),
      ...attachmentHandlers(context),
      ...managedPolicyHandlers(context),
      ...policyVersionHandlers(context),
      ...tagHandlers(context),
      ...accountHandlers(context),
      ...simulationHandlers(context),
    },
    authorize: iamAuthorize(context),
    reportFault,
    signingRegions,
  });
}

export function stsService(context: IamContext, reportFault: ReportFault): Service {
  return queryService({
    version: '2011-06-15',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    operations: stsOperations,
    notServed: stsNotServed,
    handlers: { ...callerHandlers(context), ...assumeRoleHandlers(context) },
    authorize: stsAuthorize(context),
    reportFault,
    signingRegions,
  });
}
