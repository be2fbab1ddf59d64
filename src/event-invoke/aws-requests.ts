/**
 * What is said to services that are not Lambkin's: SendMessage, Publish, PutEvents and PutObject, each in its own protocol, and what their answers
 * mean. Pure.
 */
import { unreachable } from '#lib/assert';
import type { Delivery, DeliveryOutcome } from './destinations.ts';
import { messageBytesMax } from './limits.ts';
import { deadLetterAttributes, invokedArnOf } from './record.ts';

export type RemoteService = 'sqs' | 'sns' | 'events' | 's3';

export interface AwsRequest {
  readonly method: 'POST' | 'PUT';
  /** Below the endpoint; needs no encoding. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** That the signature is for. */
  readonly region: string;
}

/** The permission that each delivery takes. */
export const deliveryActions: Readonly<Record<RemoteService, string>> = {
  sqs: 'sqs:SendMessage',
  sns: 'sns:Publish',
  events: 'events:PutEvents',
  s3: 's3:PutObject',
};

export interface RequestContext {
  readonly region: string;
  /** Of the queue's endpoint: queues are named by URLs. */
  readonly endpoint: string;
  /** Epoch milliseconds. */
  readonly nowMs: number;
  readonly uuid: () => string;
}

/** A text says why there can be no such request. */
export function awsRequest(
  service: RemoteService,
  delivery: Delivery,
  context: RequestContext,
): AwsRequest | string {
  const { byteLength } = delivery.body;
  if (byteLength > messageBytesMax[service]) {
    return `it has ${byteLength} bytes, and ${service} takes ${messageBytesMax[service]}`;
  }
  switch (service) {
    case 'sqs':
      return sendMessage(delivery, context);
    case 'sns':
      return publish(delivery);
    case 'events':
      return putEvents(delivery, context);
    case 's3':
      return putObject(delivery, context);
    default:
      return unreachable(service);
  }
}

/** The resource that the permission is asked for: of a bucket, the object. */
export function resourceOf(service: RemoteService, { arn }: Delivery, { path }: AwsRequest): string {
  return service === 's3' ? `arn:aws:s3:::${path.slice(1)}` : arn;
}

export function outcomeOf(service: RemoteService, statusCode: number, body: string): DeliveryOutcome {
  if (statusCode >= 200 && statusCode < 300)
    return service === 'events' ? entryOutcome(body) : { kind: 'delivered' };
  const reason = `${statusCode}: ${body.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
  const passes = statusCode >= 500 || statusCode === 429 || /Throttl|TooManyRequests/.test(body);
  return { kind: passes ? 'unavailable' : 'refused', reason };
}

function sendMessage({ arn, purpose, event, body }: Delivery, { endpoint }: RequestContext): AwsRequest {
  const [, , , region = '', accountId = '', name = ''] = arn.split(':');
  const attributes = Object.entries(deadLetterAttributes(event)).map(([key, value]) => [
    key,
    { DataType: attributeType(key), StringValue: value },
  ]);
  const message = {
    QueueUrl: `${endpoint.replace(/\/+$/, '')}/${accountId}/${name}`,
    MessageBody: Buffer.from(body).toString(),
    ...(purpose === 'dead-letter' && { MessageAttributes: Object.fromEntries(attributes) as unknown }),
  };
  return json('application/x-amz-json-1.0', 'AmazonSQS.SendMessage', message, region);
}

function publish({ arn, purpose, event, body }: Delivery): AwsRequest {
  const form = new URLSearchParams({
    Action: 'Publish',
    Version: '2010-03-31',
    TopicArn: arn,
    Message: Buffer.from(body).toString(),
  });
  const attributes = purpose === 'dead-letter' ? Object.entries(deadLetterAttributes(event)) : [];
  for (const [index, [key, value]] of attributes.entries()) {
    const entry = `MessageAttributes.entry.${index + 1}`;
    form.set(`${entry}.Name`, key);
    form.set(`${entry}.Value.DataType`, attributeType(key));
    form.set(`${entry}.Value.StringValue`, value);
  }
  return {
    method: 'POST',
    path: '/',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: Buffer.from(form.toString()),
    region: arn.split(':')[3] ?? '',
  };
}

function putEvents({ arn, event, body }: Delivery, { region, nowMs }: RequestContext): AwsRequest {
  const isSuccess = event.settlement.condition === 'Success';
  const entry = {
    Source: 'lambda',
    DetailType: `Lambda Function Invocation Result - ${isSuccess ? 'Success' : 'Failure'}`,
    Resources: [arn, invokedArnOf(event, region)],
    Detail: Buffer.from(body).toString(),
    EventBusName: arn,
    Time: Math.floor(nowMs / 1_000),
  };
  return json(
    'application/x-amz-json-1.1',
    'AWSEvents.PutEvents',
    { Entries: [entry] },
    arn.split(':')[3] ?? '',
  );
}

/** Named `aws/lambda/async/<function>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`, as AWS's guide says. */
function putObject({ arn, event, body }: Delivery, { region, nowMs, uuid }: RequestContext): AwsRequest {
  const bucket = arn.split(':').at(-1) ?? '';
  const at = new Date(nowMs).toISOString();
  const day = at.slice(0, 10).replaceAll('-', '/');
  const second = at.slice(0, 19).replaceAll(':', '.');
  return {
    method: 'PUT',
    path: `/${bucket}/aws/lambda/async/${event.functionName}/${day}/${second}-${uuid()}`,
    headers: { 'content-type': 'application/json' },
    body,
    region,
  };
}

function json(contentType: string, target: string, value: unknown, region: string): AwsRequest {
  return {
    method: 'POST',
    path: '/',
    headers: { 'content-type': contentType, 'x-amz-target': target },
    body: Buffer.from(JSON.stringify(value)),
    region,
  };
}

const attributeType = (key: string): 'Number' | 'String' => (key === 'ErrorCode' ? 'Number' : 'String');

/** PutEvents answers 200 also for entries that it did not take. */
function entryOutcome(body: string): DeliveryOutcome {
  try {
    const answer = JSON.parse(body) as {
      readonly FailedEntryCount?: number;
      readonly Entries?: readonly { readonly ErrorCode?: string; readonly ErrorMessage?: string }[];
    };
    if ((answer.FailedEntryCount ?? 0) === 0) return { kind: 'delivered' };
    const { ErrorCode: code = '', ErrorMessage: message = '' } = answer.Entries?.[0] ?? {};
    const passes = /Throttl|Internal/.test(code);
    return { kind: passes ? 'unavailable' : 'refused', reason: `${code}: ${message}`.slice(0, 300) };
  } catch {
    return { kind: 'unavailable', reason: 'the answer of PutEvents is no JSON' };
  }
}
