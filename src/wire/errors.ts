/**
 * The table of errors: name → status, whose fault, and how the body is spelled. Lambda's own come from the generated
 * table; what every AWS service answers, and what CloudWatch, CloudWatch Logs, IAM, STS, SQS and ECR declare, is written here.
 */
import table from './generated/lambda.json' with { type: 'json' };

export interface ErrorRow {
  readonly statusCode: number;
  readonly fault: 'client' | 'server';
  /** The body's member that carries the text: AWS spells it differently from error to error. */
  readonly message: 'message' | 'Message';
  /** Members that travel as headers, by header name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Modelled errors carry `Type` (User or Service) in the REST-JSON body; the common ones do not. */
  readonly modelled: boolean;
}

const client = (statusCode: number) => ({ statusCode, fault: 'client' }) as const;
const server = (statusCode: number) => ({ statusCode, fault: 'server' }) as const;

/** Errors that AWS's front door answers, before or outside an operation's own. */
const commonErrors = {
  AccessDeniedException: client(403),
  UnrecognizedClientException: client(403),
  InvalidSignatureException: client(403),
  MissingAuthenticationTokenException: client(403),
  ExpiredTokenException: client(403),
  InvalidClientTokenId: client(403),
  IncompleteSignatureException: client(400),
  ThrottlingException: client(400),
  SerializationException: client(400),
  ValidationException: client(400),
  UnknownOperationException: client(404),
  RequestTimeoutException: client(408),
  // The name on the wire when a body is too large; the model's RequestTooLargeException has not been seen there.
  RequestEntityTooLargeException: client(413),
  InternalFailure: server(500),
  // 501 is in no client's list of statuses to retry (those are 500, 502, 503 and 504).
  NotImplementedException: server(501),
  ServiceUnavailableException: server(503),
} as const;

/** Errors of CloudWatch Logs that neither Lambda nor the common table has. */
const logsErrors = {
  InvalidParameterException: client(400),
  InvalidOperationException: client(400),
  ResourceAlreadyExistsException: client(400),
  LimitExceededException: client(400),
  OperationAbortedException: client(400),
  DataAlreadyAcceptedException: client(400),
  InvalidSequenceTokenException: client(400),
} as const;

/** Errors of IAM and STS, by their codes on the wire. */
const identityErrors = {
  NoSuchEntity: client(404),
  EntityAlreadyExists: client(409),
  DeleteConflict: client(409),
  LimitExceeded: client(409),
  ConcurrentModification: client(409),
  MalformedPolicyDocument: client(400),
  PackedPolicyTooLarge: client(400),
  PolicyNotAttachable: client(400),
  PolicyEvaluation: server(500),
  InvalidInput: client(400),
  ValidationError: client(400),
  InvalidAction: client(400),
  MissingAction: client(400),
} as const;

/** Errors of Application Auto Scaling that none of the others has. */
const autoscalingErrors = {
  ObjectNotFoundException: client(400),
  ConcurrentUpdateException: client(400),
  InvalidNextTokenException: client(400),
  TooManyTagsException: client(400),
} as const;

/** Errors of SQS, with the statuses that they have in both of its protocols. */
const queueErrors = {
  QueueDeletedRecently: client(400),
  QueueDoesNotExist: client(400),
  QueueNameExists: client(400),
  PurgeQueueInProgress: client(403),
  OverLimit: client(403),
  RequestThrottled: client(403),
  ReceiptHandleIsInvalid: client(404),
  InvalidAddress: client(404),
  InvalidAttributeName: client(400),
  InvalidAttributeValue: client(400),
  InvalidMessageContents: client(400),
  UnsupportedOperation: client(400),
  EmptyBatchRequest: client(400),
  TooManyEntriesInBatchRequest: client(400),
  BatchEntryIdsNotDistinct: client(400),
  BatchRequestTooLong: client(400),
  InvalidBatchEntryId: client(400),
  MissingRequiredParameterException: client(400),
} as const;

/** Errors of ECR that none of the others has. */
const registryErrors = {
  RepositoryNotFoundException: client(400),
  RepositoryAlreadyExistsException: client(400),
  RepositoryNotEmptyException: client(400),
  ImageNotFoundException: client(400),
  InvalidTagParameterException: client(400),
} as const;

/** Errors of CloudWatch that none of the others has. */
const metricsErrors = {
  InvalidNextToken: client(400),
  InvalidParameterCombinationException: client(400),
} as const;

export type ErrorName =
  | keyof typeof table.errors
  | keyof typeof commonErrors
  | keyof typeof logsErrors
  | keyof typeof identityErrors
  | keyof typeof autoscalingErrors
  | keyof typeof queueErrors
  | keyof typeof registryErrors
  | keyof typeof metricsErrors;

export const errors: ReadonlyMap<string, ErrorRow> = new Map([
  ...Object.entries({
    ...commonErrors,
    ...logsErrors,
    ...identityErrors,
    ...autoscalingErrors,
    ...queueErrors,
    ...registryErrors,
    ...metricsErrors,
  }).map(([name, row]) => [name, { ...row, message: 'message', headers: {}, modelled: false }] as const),
  ...Object.entries(table.errors).map(
    ([name, row]) => [name, { ...row, modelled: true } as unknown as ErrorRow] as const,
  ),
]);
