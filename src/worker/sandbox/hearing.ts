/**
 * What a sandbox's processes say and print, as its listener hears it. A function that prints more than its share waits until its pipes are read
 * again; and the kernel tells bytes and ends in no particular order, so whoever wants to know what was said before now drains first.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '#platform';
import { EitherLink } from '../channel/either-link.ts';
import { ChannelLink, type ChannelStreams } from '../channel/link.ts';
import type { RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import { drainTurnsMax, hangUpGraceMs, outputWindowBytesMax, outputWindowMs } from '../limits.ts';
import type { RuntimeApiEndpoint } from '../runtime-api/server.ts';
import { atNextTurn } from './next-turn.ts';
import type { SandboxListener } from './sandbox.ts';

export interface HearingParts {
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** null: the runtime talks by the Runtime API. */
  readonly channel: ChannelStreams | null;
  readonly api: RuntimeApiEndpoint;
  readonly clock: Clock;
  /** Whether some other program may have taken the runtime's place. */
  readonly wrapped: boolean;
  /** Whether the sandbox has ended or is being killed: that its channel closes means nothing more then. */
  readonly isOver: () => boolean;
}

export class Hearing {
  readonly link: RuntimeLink;
  readonly #clock: Clock;
  readonly #isOver: () => boolean;
  readonly #streams: Readable[];
  #listener: SandboxListener | undefined;
  /** Counts bytes heard: a drain is over when a turn of the event loop adds none. */
  #heardBytes = 0;
  #windowBytes = 0;
  #windowOpen = false;
  #draining = 0;

  constructor({ stdout, stderr, channel, api, clock, wrapped, isOver }: HearingParts) {
    this.#clock = clock;
    this.#isOver = isOver;
    const linkOver = (streams: ChannelStreams | null, hears: (message: RuntimeSays) => void): RuntimeLink => {
      if (streams === null) return api.serve(hears);
      const overChannel = (listener: typeof hears) =>
        new ChannelLink(streams, listener, () => this.#hungUp());
      return wrapped
        ? new EitherLink(overChannel, (listener) => api.serve(listener), hears)
        : overChannel(hears);
    };
    const say = (message: RuntimeSays): void => {
      this.#listener?.says(message);
      if (message.kind === 'log') this.#slow(message.text.length);
    };
    channel?.answers.on('data', (chunk: Buffer) => (this.#heardBytes += chunk.length));
    this.link = linkOver(channel, say);
    this.#streams = channel === null ? [stdout, stderr] : [stdout, stderr, channel.answers, channel.orders];
    for (const stream of this.#streams) stream.on('error', () => {}); // its end is reported by the exit
    stdout.on('data', (chunk: Buffer) => this.#printed(chunk, 'stdout'));
    stderr.on('data', (chunk: Buffer) => this.#printed(chunk, 'stderr'));
  }

  attach(listener: SandboxListener | undefined): void {
    this.#listener = listener;
  }

  /** Calls back once what was said before now was heard. */
  drain(done: () => void): void {
    let turns = 0;
    let heard = -1;
    this.#draining += 1;
    this.#resume();
    // The first turn ends the round of events that is being handled now; each later one has asked the kernel anew.
    const turn = (): void => {
      turns += 1;
      if (turns > drainTurnsMax || (turns > 1 && this.#heardBytes === heard)) {
        this.#draining -= 1;
        done();
        return;
      }
      heard = this.#heardBytes;
      atNextTurn(turn);
    };
    atNextTurn(turn);
  }

  /** Something else of the sandbox printed so much: it counts with the rest. */
  also(bytes: number, hear: () => void): void {
    this.#heardBytes += bytes;
    hear();
    this.#slow(bytes);
  }

  /** Streams that wait with the others. */
  listenTo(streams: readonly Readable[]): void {
    this.#streams.push(...streams);
  }

  close(): void {
    this.#listener = undefined;
    for (const stream of this.#streams) stream.destroy();
  }

  /** The end of the process closes its channel too, and is what counts; a process that lives on without one is broken. */
  #hungUp(): void {
    const over = () => this.#isOver() || (this.link instanceof EitherLink && this.link.maySpeakHttp);
    if (over()) return;
    this.#clock.after(hangUpGraceMs, () => {
      if (!over()) this.#listener?.says({ kind: 'broken', why: 'it closed its channel' });
    });
  }

  #printed(chunk: Buffer, source: 'stdout' | 'stderr'): void {
    this.#heardBytes += chunk.length;
    this.#listener?.output(chunk, source);
    this.#slow(chunk.length);
  }

  #slow(bytes: number): void {
    this.#windowBytes += bytes;
    if (!this.#windowOpen) {
      this.#windowOpen = true;
      this.#clock.after(outputWindowMs, () => {
        this.#windowOpen = false;
        this.#windowBytes = 0;
        this.#resume();
      });
    }
    if (this.#windowBytes > outputWindowBytesMax && this.#draining === 0) {
      for (const stream of this.#streams) stream.pause();
    }
  }

  #resume(): void {
    for (const stream of this.#streams) if (stream.isPaused()) stream.resume();
  }
}
