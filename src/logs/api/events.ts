/** The operations on log events: put, get from one stream, filter over a group. */
import type { Clock, Journal } from '#platform';
import { WireError } from '#wire';
import type { Handlers, Input } from '#wire';
import { eventBytes } from '../batch.ts';
import type { Catalogue, LogGroup } from '../catalogue.ts';
import { parsePattern } from '../filter/pattern.ts';
import {
  pageEventsMax,
  putAgeMsMax,
  putAheadMsMax,
  putBytesMax,
  putEventBytesMax,
  summariesAtOnceMax,
} from '../limits.ts';
import type { LogsLimits } from '../limits.ts';
import { filterStreams } from '../merge.ts';
import { eventId, filterToken, parseFilterToken, parseStreamToken, streamToken } from '../position.ts';
import { readBackward, readForward } from '../reader.ts';
import type { LogEvent } from '../sink.ts';
import type { LogStream } from '../stream.ts';
import type { Writer } from '../writer.ts';
import {
  chosenGroup,
  groupNamed,
  invalidParameter,
  invalidToken,
  numberOf,
  streamNamed,
  textOf,
  textsOf,
} from './names.ts';

export interface EventParts {
  readonly catalogue: Catalogue;
  readonly journal: Journal;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly limits: LogsLimits;
}

const dayMs = 24 * 60 * 60 * 1_000;

export function eventHandlers(parts: EventParts): Handlers {
  return {
    PutLogEvents: async (input) => put(parts, input),
    GetLogEvents: async (input) => get(parts, input),
    FilterLogEvents: async (input) => filter(parts, input),
  };
}

async function put({ catalogue, writer, clock, limits }: EventParts, input: Input) {
  const group = groupNamed(catalogue, textOf(input, 'logGroupName') ?? '');
  const stream = streamNamed(group, textOf(input, 'logStreamName') ?? '');
  const events = (input['logEvents'] as readonly { timestamp: number; message: string }[]).map(
    ({ timestamp, message }): LogEvent => ({ timestampMs: timestamp, message }),
  );
  checkEvents(events);
  const now = clock.wallMs();
  const retentionDays = group.record.retentionDays ?? limits.retentionDays;
  const expiredMs = retentionDays === undefined ? 0 : now - retentionDays * dayMs;
  const oldMs = now - putAgeMsMax;
  // In order of time, so the rejected stand at the two ends: indexes are exclusive ends and an inclusive start.
  const expired = countBefore(events, expiredMs);
  const tooOld = countBefore(events, oldMs);
  const tooNew = countBefore(events, now + putAheadMsMax + 1);
  const accepted = events.slice(Math.max(expired, tooOld), tooNew);
  if (accepted.length > 0) await store(writer, group, stream, accepted);
  const rejected = expired > 0 || tooOld > 0 || tooNew < events.length;
  const { next } = await stream.summary();
  return {
    nextSequenceToken: String(next).padStart(56, '0'),
    rejectedLogEventsInfo: rejected
      ? {
          tooNewLogEventStartIndex: tooNew < events.length ? tooNew : undefined,
          tooOldLogEventEndIndex: tooOld > 0 ? tooOld : undefined,
          expiredLogEventEndIndex: expired > 0 ? expired : undefined,
        }
      : undefined,
  };
}

function checkEvents(events: readonly LogEvent[]): void {
  let bytes = 0;
  let lastMs = 0;
  for (const event of events) {
    const size = eventBytes(event);
    if (size > putEventBytesMax) {
      throw invalidParameter(`Log event too large: ${size} bytes exceeds limit of ${putEventBytesMax}`);
    }
    if (event.timestampMs < lastMs) {
      throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.');
    }
    lastMs = event.timestampMs;
    bytes += size;
  }
  if (bytes > putBytesMax) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${putBytesMax}`);
  }
  const [first] = events;
  if (first !== undefined && lastMs - first.timestampMs > dayMs) {
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
}

async function store(
  writer: Writer,
  group: LogGroup,
  stream: LogStream,
  events: readonly LogEvent[],
): Promise<void> {
  switch (await writer.put(group.record.name, stream.record.name, events)) {
    case 'stored':
      return;
    case 'busy':
      throw new WireError('ThrottlingException', 'Rate exceeded');
    case 'failed':
      throw new WireError('ServiceUnavailableException', 'The service cannot complete the request.');
  }
}

function countBefore(events: readonly LogEvent[], boundMs: number): number {
  const index = events.findIndex(({ timestampMs }) => timestampMs >= boundMs);
  return index === -1 ? events.length : index;
}

async function get({ catalogue, journal }: EventParts, input: Input) {
  const stream = streamNamed(chosenGroup(catalogue, input), textOf(input, 'logStreamName') ?? '');
  const range = {
    startMs: numberOf(input, 'startTime') ?? 0,
    endMs: numberOf(input, 'endTime') ?? Number.MAX_SAFE_INTEGER,
    limit: numberOf(input, 'limit') ?? pageEventsMax,
  };
  checkRange(range.startMs, range.endMs);
  const { partition, from } = stream.record;
  const text = textOf(input, 'nextToken');
  const token = text === undefined ? undefined : parseStreamToken(text);
  const isForeign = token !== undefined && (token.partition !== partition || token.at.sequence < from);
  if (isForeign || (text !== undefined && token === undefined)) throw invalidToken();
  const direction = token?.direction ?? (input['startFromHead'] === true ? 'forward' : 'backward');
  const read = direction === 'forward' ? readForward : readBackward;
  const page = await read(journal, stream, token?.at, range);
  return {
    events: page.events.map(({ timestampMs, message, ingestedMs }) => ({
      timestamp: timestampMs,
      message,
      ingestionTime: ingestedMs,
    })),
    nextForwardToken: streamToken('forward', partition, page.to),
    nextBackwardToken: streamToken('backward', partition, page.from),
  };
}

async function filter({ catalogue, journal }: EventParts, input: Input) {
  const group = chosenGroup(catalogue, input);
  const startMs = numberOf(input, 'startTime') ?? 0;
  const endTime = numberOf(input, 'endTime');
  // Unlike that of GetLogEvents, this end is included.
  const endMs = endTime === undefined ? Number.MAX_SAFE_INTEGER : endTime + 1;
  checkRange(startMs, endMs);
  const pattern = parsePattern(textOf(input, 'filterPattern') ?? '');
  if (pattern.kind === 'refused') throw invalidParameter(pattern.message);
  const text = textOf(input, 'nextToken');
  const after = text === undefined ? undefined : parseFilterToken(text);
  if (text !== undefined && after === undefined) throw invalidToken();
  const streams = chosenStreams(group, input);
  for (let at = 0; at < streams.length; at += summariesAtOnceMax) {
    const unknown = streams.slice(at, at + summariesAtOnceMax).filter(({ known }) => known === undefined);
    if (unknown.length > 0) await Promise.all(unknown.map((stream) => stream.summary()));
  }
  const limit = numberOf(input, 'limit') ?? pageEventsMax;
  const page = await filterStreams(journal, streams, {
    startMs,
    endMs,
    limit,
    after,
    matches: pattern.matches,
  });
  return {
    events: page.events.map(({ stream, key, timestampMs, message, ingestedMs }) => ({
      logStreamName: stream,
      timestamp: timestampMs,
      message,
      ingestionTime: ingestedMs,
      eventId: eventId(key),
    })),
    searchedLogStreams: [],
    nextToken: page.next === undefined ? undefined : filterToken(page.next),
  };
}

function chosenStreams(group: LogGroup, input: Input): readonly LogStream[] {
  const names = textsOf(input, 'logStreamNames');
  const prefix = textOf(input, 'logStreamNamePrefix');
  if (names !== undefined && prefix !== undefined) {
    throw invalidParameter('logStreamNames and logStreamNamePrefix cannot be given together.');
  }
  if (names !== undefined) return [...new Set(names)].map((name) => streamNamed(group, name));
  return [...group.streams.values()].filter(
    ({ isGone, record: { name } }) => !isGone && (prefix === undefined || name.startsWith(prefix)),
  );
}

function checkRange(startMs: number, endMs: number): void {
  if (startMs > endMs) {
    throw invalidParameter('The specified time range is not valid: startTime must be before endTime.');
  }
}
