/** What the worker writes log events to. */

export interface LogEvent {
  /** Wall-clock time, epoch milliseconds. */
  readonly timestampMs: number;
  readonly message: string;
}

export interface LogSink {
  /**
   * Takes the events for a log stream and returns at once; they are made durable in the background, and can be read once they are.
   * Buffers are bounded: when the store cannot keep up, the oldest waiting events of the stream are dropped and a line in it says how many.
   */
  write(group: string, stream: string, events: readonly LogEvent[]): void;
}
