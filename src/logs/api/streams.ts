/** The operations on log streams. */
import type { Handlers, Input, RequestContext } from '#wire';
import type { Catalogue } from '../catalogue.ts';
import { describeMax, summariesAtOnceMax } from '../limits.ts';
import type { LogStream } from '../stream.ts';
import {
  answerCreated,
  chosenGroup,
  invalidParameter,
  nameToken,
  noGroup,
  noStream,
  numberOf,
  parseNameToken,
  streamArn,
  textOf,
} from './names.ts';

export function streamHandlers(catalogue: Catalogue): Handlers {
  return {
    async CreateLogStream(input) {
      const [group, stream] = [text(input, 'logGroupName'), text(input, 'logStreamName')];
      return answerCreated(await catalogue.createStream(group, stream, true), 'log stream');
    },
    async DeleteLogStream(input) {
      const [group, stream] = [text(input, 'logGroupName'), text(input, 'logStreamName')];
      const outcome = await catalogue.deleteStream(group, stream);
      if (outcome === 'no-group') noGroup();
      if (outcome === 'no-stream') noStream();
      return {};
    },
    async DescribeLogStreams(input, context) {
      return describe(catalogue, input, context);
    },
  };
}

async function describe(catalogue: Catalogue, input: Input, context: RequestContext) {
  const group = chosenGroup(catalogue, input);
  const prefix = textOf(input, 'logStreamNamePrefix');
  const byTime = input['orderBy'] === 'LastEventTime';
  const descending = input['descending'] === true;
  if (byTime && prefix !== undefined) {
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const chosen = [...group.streams.values()].filter(
    ({ isGone, record: { name } }) => !isGone && (prefix === undefined || name.startsWith(prefix)),
  );
  if (byTime) await lookUp(chosen);
  // One text per stream that orders like the listing: it is also what a token remembers.
  const ordered = chosen
    .map((stream) => ({ stream, rank: byTime ? timeRank(stream) : stream.record.name }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1) * (descending ? -1 : 1));
  const listing = JSON.stringify(['streams', group.record.id, prefix, byTime, descending]);
  const token = textOf(input, 'nextToken');
  const after = token === undefined ? undefined : parseNameToken(listing, token);
  const rest =
    after === undefined ? ordered : ordered.filter(({ rank }) => (descending ? rank < after : rank > after));
  const page = rest.slice(0, numberOf(input, 'limit') ?? describeMax);
  await lookUp(page.map(({ stream }) => stream));
  const last = page.at(-1);
  return {
    logStreams: page.map(({ stream }) => description(stream, group.record.name, context)),
    nextToken: last !== undefined && rest.length > page.length ? nameToken(listing, last.rank) : undefined,
  };
}

function description(stream: LogStream, group: string, context: RequestContext) {
  const { record, known } = stream;
  const hasEvents = known !== undefined && known.first < known.next;
  return {
    logStreamName: record.name,
    creationTime: record.createdMs,
    firstEventTimestamp: hasEvents ? known.firstEventMs : undefined,
    lastEventTimestamp: hasEvents ? known.end.highMs : undefined,
    lastIngestionTime: known?.lastIngestedMs,
    uploadSequenceToken: hasEvents ? String(known.next).padStart(56, '0') : undefined,
    arn: streamArn(context, group, record.name),
    storedBytes: stream.storedBytes,
  };
}

/** Streams without events stand at the beginning of time. */
function timeRank(stream: LogStream): string {
  const { known, record } = stream;
  return `${String(known?.end.highMs ?? 0).padStart(16, '0')} ${record.name}`;
}

async function lookUp(streams: readonly LogStream[]): Promise<void> {
  const unknown = streams.filter(({ known }) => known === undefined);
  for (let at = 0; at < unknown.length; at += summariesAtOnceMax) {
    await Promise.all(unknown.slice(at, at + summariesAtOnceMax).map((stream) => stream.summary()));
  }
}

function text(input: Input, name: string): string {
  return textOf(input, name) ?? '';
}
