/** The errors of SQS in AWS's words. */
import { WireError } from '#wire';

export const invalidParameter = (message: string): WireError =>
  new WireError('InvalidParameterValueException', message);

/** A value is cut where it would make the answer as long as the request. */
export const invalidValue = (parameter: string, value: string | number, reason: string): WireError =>
  invalidParameter(
    `Value ${String(value).slice(0, 1024)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );

export const missing = (parameter: string): WireError =>
  new WireError('MissingRequiredParameterException', `The request must contain the parameter ${parameter}.`);

export const noQueue = (): WireError =>
  new WireError('QueueDoesNotExist', 'The specified queue does not exist.');

export const unknownAttribute = (name: string): WireError =>
  new WireError('InvalidAttributeName', `Unknown Attribute ${name.slice(0, 256)}.`);

export const invalidAttribute = (name: string, reason?: string): WireError =>
  new WireError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason === undefined ? '' : ` Reason: ${reason}`}`,
  );

export const invalidReceipt = (handle: string): WireError =>
  new WireError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle.slice(0, 1024)}" is not a valid receipt handle.`,
  );

export const expiredReceipt = (handle: string): WireError =>
  invalidValue('ReceiptHandle', handle, 'The receipt handle has expired.');
