/** The errors of IAM and STS, in AWS's words where these are known. */
import { WireError } from '#wire';

export const noSuchEntity = (message: string): WireError => new WireError('NoSuchEntity', message);
export const alreadyExists = (message: string): WireError => new WireError('EntityAlreadyExists', message);
export const deleteConflict = (message: string): WireError => new WireError('DeleteConflict', message);
export const limitExceeded = (message: string): WireError => new WireError('LimitExceeded', message);
export const invalidInput = (message: string): WireError => new WireError('InvalidInput', message);
export const validation = (message: string): WireError => new WireError('ValidationError', message);
export const malformedPolicy = (message: string): WireError =>
  new WireError('MalformedPolicyDocument', message);

/** For what AWS has and Lambkin does not: never silence. */
export const notServed = (what: string): WireError =>
  new WireError('NotImplementedException', `Lambkin does not serve ${what} yet.`);

export const quotaExceeded = (quota: string, max: number): WireError =>
  limitExceeded(`Cannot exceed quota for ${quota}: ${max}`);

export const policyNotFound = (arn: string): WireError => noSuchEntity(`Policy ${arn} was not found.`);

export const policyNotAttachable = (arn: string): WireError =>
  noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);

/** Many clients changed the same user, role or policy at once, and this one lost every time. */
export const contended = (): WireError =>
  new WireError(
    'ConcurrentModification',
    'The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.',
  );
