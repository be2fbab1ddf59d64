/** The public face of iam: the IAM and STS APIs as services behind the listener. */
export type { IamContext } from './context.ts';
export { iamService, stsService } from './service.ts';
