/**
 * The log of one environment: collects its events, hands them to the sink in batches, and keeps the tail of the invoke at hand for a
 * caller that asked for it.
 */
import type { Clock } from '#platform';
import type { LogEvent, LogSink } from '#logs';
import { logEventBytesMax, logTailBytesMax } from '../limits.ts';
import { LineSplitter } from './line-splitter.ts';

/** Events that are collected before they are handed on in any case, and the longest that one waits. */
const batchLength = 256;
const batchMs = 20;

export class EnvironmentLog {
  readonly #sink: LogSink;
  readonly #group: string;
  readonly #stream: string;
  readonly #clock: Clock;
  readonly #splitters: Readonly<Record<'stdout' | 'stderr', LineSplitter>>;
  readonly #printed: (line: string) => void;
  #events: LogEvent[] = [];
  #timer = false;
  #tail: string[] | undefined;
  #tailBytes = 0;

  /** `printed` hears each line that `output` is cut into, and decides what becomes of it; by default it is written. */
  constructor(
    sink: LogSink,
    group: string,
    stream: string,
    clock: Clock,
    printed: (line: string) => void = (line) => this.write(line),
  ) {
    this.#sink = sink;
    this.#group = group;
    this.#stream = stream;
    this.#clock = clock;
    this.#printed = printed;
    this.#splitters = this.splitters((line) => this.#printed(line));
  }

  /** One event. It ends with a line end, which is added where it is missing. */
  write(text: string): void {
    const message = text.endsWith('\n') ? text : `${text}\n`;
    this.#events.push({ timestampMs: this.#clock.wallMs(), message });
    if (this.#tail !== undefined) this.#keepTail(this.#tail, message);
    if (this.#events.length >= batchLength) this.flush();
    else if (!this.#timer) {
      this.#timer = true;
      this.#clock.after(batchMs, () => {
        this.#timer = false;
        this.flush();
      });
    }
  }

  /** For somebody else's output. */
  splitters(take: (line: string) => void): Readonly<Record<'stdout' | 'stderr', LineSplitter>> {
    return {
      stdout: new LineSplitter(logEventBytesMax, take),
      stderr: new LineSplitter(logEventBytesMax, take),
    };
  }

  output(chunk: Buffer, source: 'stdout' | 'stderr'): void {
    this.#splitters[source].push(chunk);
  }

  /** Writes what was printed without a line end. */
  endLines(): void {
    this.#splitters.stdout.flush();
    this.#splitters.stderr.flush();
  }

  flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#sink.write(this.#group, this.#stream, events);
  }

  startTail(): void {
    this.#tail = [];
    this.#tailBytes = 0;
  }

  /** The last bytes since `startTail`, or undefined without it. */
  takeTail(): Uint8Array | undefined {
    const tail = this.#tail;
    this.#tail = undefined;
    return tail === undefined ? undefined : Buffer.from(tail.join('')).subarray(-logTailBytesMax);
  }

  #keepTail(tail: string[], message: string): void {
    tail.push(message);
    this.#tailBytes += message.length;
    // Lengths in UTF-16 units never exceed those in bytes: what is dropped here lies before the last bytes.
    for (
      let first = tail[0];
      first !== undefined && this.#tailBytes - first.length >= logTailBytesMax;
      first = tail[0]
    ) {
      this.#tailBytes -= first.length;
      tail.shift();
    }
  }
}
