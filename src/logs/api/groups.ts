/** The operations on log groups, their retention and their tags. */
import type { Handlers, Input, RequestContext } from '#wire';
import type { Catalogue, LogGroup } from '../catalogue.ts';
import type { GroupRecord } from '../records.ts';
import { describeMax, retentionDaysAllowed, tagsMax } from '../limits.ts';
import {
  answerCreated,
  groupArn,
  groupNamed,
  invalidParameter,
  nameOfGroup,
  nameToken,
  noGroup,
  numberOf,
  parseNameToken,
  textOf,
  textsOf,
} from './names.ts';

export function groupHandlers(catalogue: Catalogue): Handlers {
  const update = async (name: string, change: (record: GroupRecord) => GroupRecord) => {
    if ((await catalogue.updateGroup(name, change)) === 'no-group') noGroup();
    return {};
  };
  return {
    async CreateLogGroup(input) {
      for (const member of ['kmsKeyId', 'deletionProtectionEnabled']) {
        if (input[member] !== undefined && input[member] !== false) {
          throw invalidParameter(`Lambkin does not support ${member} of log groups yet.`);
        }
      }
      const logGroupClass = textOf(input, 'logGroupClass') ?? 'STANDARD';
      if (logGroupClass !== 'STANDARD') {
        throw invalidParameter('Lambkin does not support log group classes other than STANDARD yet.');
      }
      const outcome = await catalogue.createGroup(nameIn(input), tagsIn(input));
      return answerCreated(outcome, 'log group');
    },
    async DeleteLogGroup(input) {
      if ((await catalogue.deleteGroup(nameIn(input))) === 'no-group') noGroup();
      return {};
    },
    async DescribeLogGroups(input, context) {
      return describe(catalogue, input, context);
    },
    async PutRetentionPolicy(input) {
      const retentionDays = numberOf(input, 'retentionInDays') ?? 0;
      if (!retentionDaysAllowed.includes(retentionDays)) {
        throw invalidParameter(
          `1 validation error detected: Value '${retentionDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentionDaysAllowed.join(', ')}]`,
        );
      }
      return update(nameIn(input), (record) => ({ ...record, retentionDays }));
    },
    async DeleteRetentionPolicy(input) {
      return update(nameIn(input), ({ retentionDays: _retentionDays, ...record }) => record);
    },
    async ListTagsForResource(input) {
      return { tags: groupNamed(catalogue, resourceIn(input)).record.tags };
    },
    async TagResource(input) {
      return update(resourceIn(input), (record) => tagged(record, tagsIn(input)));
    },
    async UntagResource(input) {
      return update(resourceIn(input), (record) => untagged(record, textsOf(input, 'tagKeys') ?? []));
    },
    async ListTagsLogGroup(input) {
      return { tags: groupNamed(catalogue, nameIn(input)).record.tags };
    },
    async TagLogGroup(input) {
      return update(nameIn(input), (record) => tagged(record, tagsIn(input)));
    },
    async UntagLogGroup(input) {
      return update(nameIn(input), (record) => untagged(record, textsOf(input, 'tags') ?? []));
    },
  };
}

function describe(catalogue: Catalogue, input: Input, context: RequestContext) {
  const prefix = textOf(input, 'logGroupNamePrefix');
  const part = textOf(input, 'logGroupNamePattern');
  if (prefix !== undefined && part !== undefined) {
    throw invalidParameter(
      'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
    );
  }
  const identifiers = textsOf(input, 'logGroupIdentifiers')?.map(nameOfGroup);
  const otherClass = (textOf(input, 'logGroupClass') ?? 'STANDARD') !== 'STANDARD';
  const accounts = textsOf(input, 'accountIdentifiers');
  const otherAccount = accounts !== undefined && !accounts.includes(context.principal.accountId);
  const chosen = [...catalogue.groups()]
    .filter(({ record: { name } }) => {
      if (otherClass || (otherAccount && input['includeLinkedAccounts'] === true)) return false;
      if (identifiers !== undefined && !identifiers.includes(name)) return false;
      // The pattern is searched for without regard to case.
      if (part !== undefined && !name.toLowerCase().includes(part.toLowerCase())) return false;
      return prefix === undefined || name.startsWith(prefix);
    })
    .sort((a, b) => (a.record.name < b.record.name ? -1 : 1));
  const listing = JSON.stringify(['groups', prefix, part, identifiers]);
  const token = textOf(input, 'nextToken');
  const after = token === undefined ? '' : parseNameToken(listing, token);
  const rest = chosen.filter(({ record }) => record.name > after);
  const page = rest.slice(0, numberOf(input, 'limit') ?? describeMax);
  const last = page.at(-1);
  return {
    logGroups: page.map((group) => description(group, context)),
    nextToken:
      last !== undefined && rest.length > page.length ? nameToken(listing, last.record.name) : undefined,
  };
}

function description({ record, bytes }: LogGroup, context: RequestContext) {
  const arn = groupArn(context, record.name);
  return {
    logGroupName: record.name,
    creationTime: record.createdMs,
    retentionInDays: record.retentionDays,
    metricFilterCount: 0,
    arn: `${arn}:*`,
    logGroupArn: arn,
    storedBytes: bytes,
    logGroupClass: 'STANDARD',
  };
}

function nameIn(input: Input): string {
  return textOf(input, 'logGroupName') ?? '';
}

function resourceIn(input: Input): string {
  const arn = textOf(input, 'resourceArn') ?? '';
  const name = arn.includes(':') ? nameOfGroup(arn) : undefined;
  if (name === undefined) throw invalidParameter('The specified resourceArn is not the ARN of a log group.');
  return name;
}

function tagsIn(input: Input): Readonly<Record<string, string>> {
  return (input['tags'] ?? {}) as Readonly<Record<string, string>>;
}

function tagged(record: GroupRecord, tags: Readonly<Record<string, string>>): GroupRecord {
  const all = { ...record.tags, ...tags };
  if (Object.keys(all).length > tagsMax) {
    throw invalidParameter(`A log group can have at most ${tagsMax} tags.`);
  }
  return { ...record, tags: all };
}

function untagged(record: GroupRecord, keys: readonly string[]): GroupRecord {
  const tags = Object.fromEntries(Object.entries(record.tags).filter(([key]) => !keys.includes(key)));
  return { ...record, tags };
}
