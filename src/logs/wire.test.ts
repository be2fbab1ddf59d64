/** The API as AWS's own client sees it: what it sends is answered in a form that it understands. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  StartQueryCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { HttpResponse } from '@smithy/core/protocols';
import { memoryDocuments, memoryJournal } from '#engines/memory';
import { context } from '#wire/fixtures';
import { logsService } from './api/handlers.ts';
import { open as openOn } from './fixtures/opened.ts';
import type { Opened } from './fixtures/opened.ts';

const open = (): Opened => openOn({ documents: memoryDocuments(), journal: memoryJournal() });

interface SentRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

function clientOf(opened: Opened): CloudWatchLogsClient {
  const service = logsService(opened.logs, (error) => {
    throw error;
  });
  return new CloudWatchLogsClient({
    region: 'us-east-1',
    endpoint: 'http://lambkin.test',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
    requestHandler: {
      async handle(sent: SentRequest) {
        const routed = service.route({
          method: sent.method,
          rawPath: sent.path,
          rawQuery: '',
          headers: Object.fromEntries(
            Object.entries(sent.headers).map(([name, value]) => [name.toLowerCase(), value]),
          ),
        });
        const answer =
          routed.kind === 'operation'
            ? await routed.call(Buffer.from(sent.body), context)
            : service.encodeError(routed.error, context.requestId);
        const { statusCode, headers, body } = answer;
        return {
          response: new HttpResponse({ statusCode, headers, body: Readable.from([Buffer.from(body ?? [])]) }),
        };
      },
    },
  });
}

const names = { logGroupName: '/aws/lambda/hello', logStreamName: '2026/01/01/[$LATEST]0123' };
const { logGroupName } = names;

test('the client creates, puts, lists, gets and filters', async () => {
  const opened = open();
  const client = clientOf(opened);
  await client.send(new CreateLogGroupCommand({ logGroupName, tags: { team: 'lamb' } }));
  await client.send(new CreateLogStreamCommand(names));
  const timestamp = opened.clock.wallMs();
  const logEvents = ['a', 'b', 'c'].map((message, index) => ({ timestamp: timestamp + index, message }));
  await client.send(new PutLogEventsCommand({ ...names, logEvents }));
  const { logGroups } = await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/aws' }));
  assert.equal(logGroups?.[0]?.creationTime, timestamp);
  const resourceArn = logGroups?.[0]?.logGroupArn;
  assert.deepEqual((await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags, {
    team: 'lamb',
  });
  const { logStreams } = await client.send(
    new DescribeLogStreamsCommand({ logGroupName, orderBy: 'LastEventTime', descending: true }),
  );
  assert.equal(logStreams?.[0]?.lastEventTimestamp, timestamp + 2);
  const got = await client.send(new GetLogEventsCommand({ ...names, startFromHead: true }));
  assert.deepEqual(
    got.events?.map(({ timestamp, message }) => ({ timestamp, message })),
    logEvents,
  );
  const found: (string | undefined)[] = [];
  for await (const page of paginateFilterLogEvents(
    { client, pageSize: 2 },
    { logGroupName, interleaved: true },
  )) {
    found.push(...(page.events ?? []).map(({ message }) => message));
  }
  assert.deepEqual(found, ['a', 'b', 'c']);
});

test('the client gets its own exceptions', async () => {
  const client = clientOf(open());
  await assert.rejects(client.send(new GetLogEventsCommand(names)), {
    name: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  });
  await client.send(new CreateLogGroupCommand({ logGroupName }));
  await assert.rejects(client.send(new CreateLogGroupCommand({ logGroupName })), {
    name: 'ResourceAlreadyExistsException',
  });
  await assert.rejects(client.send(new CreateLogGroupCommand({ logGroupName: 'no spaces' })), {
    name: 'InvalidParameterException',
    message: /1 validation error detected: Value 'no spaces' at 'logGroupName' failed to satisfy constraint/,
  });
  await assert.rejects(client.send(new FilterLogEventsCommand({ logGroupName, nextToken: 'nonsense' })), {
    name: 'InvalidParameterException',
    message: 'The specified nextToken is invalid.',
  });
  await assert.rejects(client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '[a, b]' })), {
    name: 'InvalidParameterException',
    message: /space-delimited/,
  });
  const query = { logGroupName, startTime: 0, endTime: 1, queryString: 'fields @message' };
  await assert.rejects(client.send(new StartQueryCommand(query)), {
    name: 'NotImplementedException',
    message: /StartQuery/,
  });
});
