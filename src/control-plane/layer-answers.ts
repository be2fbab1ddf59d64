/** The errors of layers, in AWS's words where these are known. */
import type { RequestContext } from '#wire';
import { WireError } from '#wire';
import { conflict, invalidParameter } from './answers.ts';
import { type LayerName, layerArn, type LayerVersionName, layerVersionArn } from './layer-arn.ts';

/** What reads of a layer version answer; what changes its policy says `layerVersionMissing` instead. */
export const layerVersionNotFound = (): WireError =>
  new WireError('ResourceNotFoundException', 'The resource you requested does not exist.');

export const layerVersionMissing = (name: LayerVersionName): WireError =>
  new WireError('ResourceNotFoundException', `Layer version ${layerVersionArn(name)} does not exist.`);

export const layerVersionTooSmall = (): WireError => invalidParameter('Layer Version Cannot be less than 1');

export const noLayerPolicy = (): WireError =>
  new WireError('ResourceNotFoundException', 'No policy is associated with the given resource.');

export const layerStatementNotFound = (statementId: string): WireError =>
  new WireError('ResourceNotFoundException', `Statement ${statementId} is not found in resource policy.`);

export const layerStatementExists = (statementId: string): WireError =>
  conflict(
    `The statement id (${statementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
  );

export const layerPolicyTooLong = (policyBytes: number, policyBytesMax: number): WireError =>
  new WireError(
    'PolicyLengthExceededException',
    `The final policy size (${policyBytes}) is bigger than the limit (${policyBytesMax}).`,
  );

export const layerRevisionMismatch = (): WireError =>
  new WireError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id',
  );

export const layerForbidden = (
  request: Pick<RequestContext, 'principal'>,
  operation: string,
  arn: string,
): WireError => {
  const action = `lambda:${operation}`;
  return new WireError(
    'AccessDeniedException',
    `User: ${request.principal.arn} is not authorized to perform: ${action} on resource: ${arn} because no resource-based policy allows the ${action} action`,
  );
};

/** Many clients changed the same layer at once, and this one lost every time. */
export const layerTooContended = (name: LayerName): WireError =>
  conflict(
    `The operation cannot be performed at this time. Other changes are being made to resource: ${layerArn(name)}`,
  );
