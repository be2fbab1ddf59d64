/** The errors of the control plane, in AWS's words where these are known. */
import { type FunctionName, functionArn } from '#metadata';
import { WireError } from '#wire';

export const invalidParameter = (message: string): WireError =>
  new WireError('InvalidParameterValueException', message);

/** For what AWS has and Lambkin does not: never silence. */
export const notServed = (what: string): WireError => invalidParameter(`Lambkin does not serve ${what} yet.`);

export const functionNotFound = (name: FunctionName, qualifier?: string): WireError =>
  new WireError('ResourceNotFoundException', `Function not found: ${functionArn(name, qualifier)}`);

export const aliasNotFound = (name: FunctionName, alias: string): WireError =>
  new WireError('ResourceNotFoundException', `Cannot find alias arn: ${functionArn(name, alias)}`);

export const conflict = (message: string): WireError => new WireError('ResourceConflictException', message);

export const functionExists = (name: FunctionName): WireError =>
  conflict(`Function already exist: ${name.functionName}`);

export const updateInProgress = (name: FunctionName): WireError =>
  conflict(
    `The operation cannot be performed at this time. An update is in progress for resource: ${functionArn(name)}`,
  );

export const stateForbids = (state: string): WireError =>
  conflict(
    `The operation cannot be performed at this time. The function is currently in the following state: ${state}`,
  );

/** Many clients changed the same function at once, and this one lost every time. */
export const tooContended = (name: FunctionName): WireError =>
  conflict(
    `The operation cannot be performed at this time. Other changes are being made to resource: ${functionArn(name)}`,
  );

export const revisionMismatch = (): WireError =>
  new WireError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );

/** AWS's words. */
export const imagesUnsigned = (): WireError =>
  invalidParameter('Code signing is not supported for functions created with container images.');

export const codeStorageExceeded = (): WireError =>
  new WireError('CodeStorageExceededException', 'Code storage limit exceeded.');
