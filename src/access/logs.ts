/**
 * The table of CloudWatch Logs: what each operation that Lambkin answers asks permission for. AWS evaluates almost all of them on an ARN
 * that ends in `:log-stream:<name>`, with an empty name where the operation is about the group, so that policies on `log-group:NAME:*`
 * cover both; only tagging by ARN is evaluated on the bare group.
 */
import type { Place } from '#metadata';
import type { Input } from '#wire';
import { type AccessRow, type AccessRows, accessTo } from './access.ts';
import { requestTags, untaggedKeys } from './request-keys.ts';
import { arnOf, type Resource, type ResourceOf } from './resources.ts';

const group: ResourceOf = (input, place) => stream(input, place, '');
const namedStream: ResourceOf = (input, place) => stream(input, place, text(input, 'logStreamName'));
const allGroups: ResourceOf = (_input, place) => arnOf(`${groupArn(place, '')}:log-stream:`);
const taggedGroup: ResourceOf = (input) => arnOf(text(input, 'resourceArn').replace(/:\*$/, ''));

const onGroup = { resource: group };
const onStream = { resource: namedStream };

const rows: Readonly<Record<string, Omit<AccessRow, 'action'>>> = {
  CreateLogGroup: {
    ...onGroup,
    keys: [requestTags],
    also: (input, place) =>
      typeof input['tags'] !== 'object'
        ? []
        : [accessTo('logs:TagResource', arnOf(groupArn(place, text(input, 'logGroupName'))), [requestTags])],
  },
  DeleteLogGroup: onGroup,
  DescribeLogGroups: { resource: allGroups },
  PutRetentionPolicy: onGroup,
  DeleteRetentionPolicy: onGroup,
  CreateLogStream: onStream,
  DeleteLogStream: onStream,
  DescribeLogStreams: onGroup,
  PutLogEvents: onStream,
  GetLogEvents: onStream,
  FilterLogEvents: onGroup,
  ListTagsForResource: { resource: taggedGroup },
  TagResource: { resource: taggedGroup, keys: [requestTags] },
  UntagResource: { resource: taggedGroup, keys: [untaggedKeys] },
  ListTagsLogGroup: onGroup,
  TagLogGroup: { ...onGroup, keys: [requestTags] },
  UntagLogGroup: { ...onGroup, keys: [untaggedKeys] },
};

export const logsAccess: AccessRows = new Map(
  Object.entries(rows).map(([operation, row]) => [operation, { action: `logs:${operation}`, ...row }]),
);

function stream(input: Input, place: Place, name: string): Resource {
  const identifier = text(input, 'logGroupName') || text(input, 'logGroupIdentifier');
  const arn = identifier.includes(':') ? identifier.replace(/:\*$/, '') : groupArn(place, identifier);
  return arnOf(`${arn}:log-stream:${name}`);
}

function groupArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
}

function text(input: Input, member: string): string {
  const value = input[member];
  return typeof value === 'string' ? value : '';
}
