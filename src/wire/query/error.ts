/** Errors in the form of the Query protocol, which has names of its own for what AWS's front door answers. */
import { assert } from '#lib/assert';
import { type ErrorName, WireError } from '../error.ts';
import { errors } from '../errors.ts';
import type { WireResponse } from '../service.ts';
import { element, escapeXml } from './xml.ts';

/** The codes of older services for errors that newer ones name otherwise. */
const codes: { readonly [name in ErrorName]?: string } = {
  AccessDeniedException: 'AccessDenied',
  UnrecognizedClientException: 'InvalidClientTokenId',
  InvalidSignatureException: 'SignatureDoesNotMatch',
  MissingAuthenticationTokenException: 'MissingAuthenticationToken',
  ExpiredTokenException: 'ExpiredToken',
  IncompleteSignatureException: 'IncompleteSignature',
  ThrottlingException: 'Throttling',
  SerializationException: 'MalformedInput',
  ServiceUnavailableException: 'ServiceUnavailable',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
  InvalidParameterCombinationException: 'InvalidParameterCombination',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  QueueDeletedRecently: 'AWS.SimpleQueueService.QueueDeletedRecently',
  QueueNameExists: 'QueueAlreadyExists',
  PurgeQueueInProgress: 'AWS.SimpleQueueService.PurgeQueueInProgress',
  UnsupportedOperation: 'AWS.SimpleQueueService.UnsupportedOperation',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
};

/** What the Query protocol calls an error. */
export const queryCodeOf = (name: ErrorName): string => codes[name] ?? name;

export const xmlHeaders = (requestId: string): Readonly<Record<string, string>> => ({
  'Content-Type': 'text/xml',
  'x-amzn-RequestId': requestId,
});

/** What is no WireError is a fault of ours: the client learns that, and nothing of what it was. */
export function encodeQueryError(xmlNamespace: string, error: unknown, requestId: string): WireResponse {
  const wire =
    error instanceof WireError
      ? error
      : new WireError('InternalFailure', 'An error occurred and the request cannot be processed.');
  const row = errors.get(wire.errorName);
  assert(row !== undefined, `the table of errors has no ${wire.errorName}`);
  const parts =
    element('Type', row.fault === 'client' ? 'Sender' : 'Receiver') +
    element('Code', queryCodeOf(wire.errorName)) +
    element('Message', escapeXml(wire.message));
  const xml = `<ErrorResponse xmlns="${escapeXml(xmlNamespace)}">${element('Error', parts)}${element('RequestId', escapeXml(requestId))}</ErrorResponse>`;
  return {
    statusCode: row.statusCode,
    headers: xmlHeaders(requestId),
    body: Buffer.from(`<?xml version="1.0"?>\n${xml}\n`),
  };
}
