/**
 * The worker's end of the private channel: it holds the bootstrap to the protocol, in which exactly one of these is open at a time:
 *
 *   waiting for init ── init ──▶ starting ── ready ──▶ free ── invoke ──▶ busy ── response | error ──▶ free
 *                                        └ init-error ──▶ over            └ stream-start ──▶ streaming ── stream-end | -error ──▶ streamed ── ready ──▶ free
 *
 * Whatever else a bootstrap sends makes it a broken runtime.
 */
import type { Duplex } from 'node:stream';
import { FrameType, frameBytesMax, type Init, type InvokeHeader, type StreamStart } from '#runtimes';
import type { Call, RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import { logEventBytesMax, responseBytesMax, streamChunkBytesMax, streamHeadBytesMax } from '../limits.ts';
import { FrameReader, headerFrame, textFrame, type Frame } from './frames.ts';

/** A payload up to this size is copied behind its header and written as one piece. */
const copiedBytesMax = 64 * 1024;

/** What a header may hold. */
const headerText = /^[\t\x20-\x7e]*$/;

type Phase = 'waiting' | 'starting' | 'free' | 'busy' | 'streaming' | 'streamed' | 'over';

const keptBytes: Readonly<Record<number, number>> = {
  [FrameType.ready]: 0,
  [FrameType.initError]: responseBytesMax,
  [FrameType.response]: responseBytesMax,
  [FrameType.error]: responseBytesMax,
  [FrameType.fatal]: responseBytesMax,
  [FrameType.leaving]: 0,
  [FrameType.notStarted]: 0,
  [FrameType.log]: logEventBytesMax + 1,
  [FrameType.streamStart]: streamHeadBytesMax,
  [FrameType.streamChunk]: streamChunkBytesMax,
  [FrameType.streamPause]: 0,
  [FrameType.streamEnd]: 0,
  [FrameType.streamError]: responseBytesMax,
};

const noBytes = Buffer.alloc(0);

/** The worker's ends of the two sockets; each goes one way (see #runtimes for why). */
export interface ChannelStreams {
  /** Written only. It is read as well, since only that tells how it ended. */
  readonly orders: Duplex;
  /** Read only. */
  readonly answers: Duplex;
}

export class ChannelLink implements RuntimeLink {
  readonly #orders: Duplex;
  readonly #say: (message: RuntimeSays) => void;
  #phase: Phase = 'waiting';
  /** The runtime waits for room. */
  #paused = false;
  /** Something besides the invoke at hand may be unread. */
  #sentBeside = false;

  /** `hungUp` is called when the other end closes the channel: the end of the process, which is reported elsewhere, or its own doing. */
  constructor({ orders, answers }: ChannelStreams, say: (message: RuntimeSays) => void, hungUp: () => void) {
    this.#orders = orders;
    this.#say = say;
    const reader = new FrameReader(
      { bodyBytesMax: frameBytesMax - 1, keptBytesMax: (type) => keptBytes[type] },
      (frame) => this.#frame(frame),
    );
    answers.on('data', (chunk: Buffer) => {
      const broken = reader.push(chunk);
      if (broken !== undefined && this.#phase !== 'over') this.#broken(broken);
    });
    // A process that dies with bytes unread resets the connection. With an invoke at hand these bytes are of it: it never ran.
    orders.on('error', () => {
      if (this.#phase === 'busy' && !this.#sentBeside) this.#unsent();
    });
    orders.on('data', () => {
      if (this.#phase !== 'over') this.#broken('words where it is to listen');
    });
    for (const stream of [orders, answers]) for (const event of ['close', 'end']) stream.once(event, hungUp);
  }

  init(init: Init): void {
    this.#phase = 'starting';
    this.#orders.write(textFrame(FrameType.init, JSON.stringify(init)));
  }

  invoke(call: Call): void {
    this.#phase = 'busy';
    this.#sentBeside = false;
    const header: InvokeHeader = {
      requestId: call.requestId,
      deadlineMs: call.deadlineMs,
      invokedArn: call.invokedArn,
      traceId: call.traceId,
      ...(call.clientContext === undefined ? {} : { clientContext: call.clientContext }),
    };
    const { payload } = call;
    const one = payload.length <= copiedBytesMax;
    const frame = headerFrame(FrameType.invoke, JSON.stringify(header), payload.length, one);
    // Only an error says that the payload did not arrive: a process that ends without one may have died of it.
    const unsent = (error?: Error | null): void => {
      if (error && this.#phase === 'busy') this.#unsent();
    };
    if (one) {
      frame.set(payload, frame.length - payload.length);
      this.#orders.write(frame, unsent);
    } else {
      this.#orders.cork();
      this.#orders.write(frame);
      this.#orders.write(payload, unsent);
      this.#orders.uncork();
    }
  }

  awake(): void {
    this.#sentBeside = true;
    this.#orders.write(textFrame(FrameType.awake, ''));
  }

  end(): void {
    this.#phase = 'over';
    // It may stand still in the kernel, where no handler of a signal runs.
    if (this.#orders.writable) this.#orders.write(textFrame(FrameType.end, ''));
  }

  close(): void {
    this.#phase = 'over';
  }

  #streamFrame(frame: Frame): void {
    const { type, body, bodyBytes } = frame;
    switch (type) {
      case FrameType.streamChunk:
        if (bodyBytes > body.length) return this.#broken(`a chunk of ${bodyBytes} bytes`);
        return this.#say({ kind: 'stream-chunk', bytes: body, more: nothingToDo });
      case FrameType.streamPause:
        if (this.#paused) return this.#giveRoom();
        this.#paused = true;
        return this.#say({ kind: 'stream-chunk', bytes: noBytes, more: () => this.#giveRoom() });
      case FrameType.streamEnd:
        if (this.#paused) return this.#broken('the end of a stream within a pause');
        this.#phase = 'streamed';
        return this.#say({ kind: 'stream-end' });
      default:
        if (this.#paused) return this.#broken('the end of a stream within a pause');
        this.#phase = 'streamed';
        return this.#say({ kind: 'stream-failure', payload: body, errorType: errorTypeOf(body) });
    }
  }

  #giveRoom(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#orders.write(textFrame(FrameType.room, ''));
  }

  #unsent(): void {
    this.#phase = 'over';
    this.#say({ kind: 'unsent' });
  }

  #broken(why: string): void {
    this.#phase = 'over';
    this.#say({ kind: 'broken', why });
  }

  #frame(frame: Frame): void {
    if (frame.type === FrameType.leaving) {
      this.#orders.write(textFrame(FrameType.end, ''));
      return;
    }
    if (this.#phase === 'over' && frame.type !== FrameType.log) {
      // It must not be kept from ending, which it is while it waits for room.
      if (frame.type === FrameType.streamPause) {
        this.#paused = true;
        this.#giveRoom();
      }
      return;
    }
    switch (frame.type) {
      case FrameType.log:
        if (this.#phase === 'waiting' || frame.body.length < 1)
          return this.#broken('a log frame out of turn');
        return this.#say({ kind: 'log', text: frame.body.toString('utf8', 1) });
      case FrameType.ready:
        if (this.#phase !== 'starting' && this.#phase !== 'streamed') {
          return this.#broken('a ready frame out of turn');
        }
        this.#phase = 'free';
        return this.#say({ kind: 'ready' });
      case FrameType.initError: {
        if (this.#phase !== 'starting') return this.#broken('an init-error frame out of turn');
        this.#phase = 'over';
        return this.#say({ kind: 'init-error', payload: frame.body, errorType: errorTypeOf(frame.body) });
      }
      case FrameType.response:
      case FrameType.error: {
        if (this.#phase !== 'busy') return this.#broken('an answer out of turn');
        this.#phase = 'free';
        this.#say(answerOf(frame));
        return this.#say({ kind: 'ready' });
      }
      case FrameType.notStarted:
        return this.#phase === 'busy' ? this.#unsent() : this.#broken('an answer out of turn');
      case FrameType.fatal: {
        const { body } = frame;
        const phase = this.#phase;
        if (!['busy', 'streaming', 'streamed'].includes(phase)) return this.#broken('an answer out of turn');
        // The process ends by itself: it is never ready again, and its exit follows.
        this.#phase = 'over';
        if (phase === 'streamed') return undefined;
        if (phase === 'streaming')
          return this.#say({ kind: 'stream-failure', payload: body, errorType: errorTypeOf(body) });
        return this.#say(answerOf(frame));
      }
      case FrameType.streamStart: {
        if (this.#phase !== 'busy') return this.#broken('a stream out of turn');
        const contentType = contentTypeOf(frame.body);
        if (contentType === undefined) return this.#broken('a stream without a content type');
        this.#phase = 'streaming';
        return this.#say({ kind: 'stream-start', contentType });
      }
      case FrameType.streamChunk:
      case FrameType.streamPause:
      case FrameType.streamEnd:
      case FrameType.streamError:
        if (this.#phase !== 'streaming') return this.#broken('a part of a stream out of turn');
        return this.#streamFrame(frame);
      default:
        return this.#broken(`a frame of type ${frame.type}`);
    }
  }
}

function nothingToDo(): void {}

/** Of a stream's first frame; it becomes a header. */
function contentTypeOf(body: Buffer): string | undefined {
  try {
    const { contentType } = JSON.parse(body.toString()) as Partial<StreamStart>;
    return typeof contentType === 'string' && headerText.test(contentType) ? contentType : undefined;
  } catch {
    return undefined;
  }
}

function answerOf(frame: Frame): RuntimeSays {
  if (frame.bodyBytes > frame.body.length) return { kind: 'too-large', sizeBytes: frame.bodyBytes };
  return { kind: frame.type === FrameType.response ? 'response' : 'error', payload: frame.body };
}

/** The `errorType` of a runtime's error JSON, if it has one. */
export function errorTypeOf(payload: Uint8Array): string {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && 'errorType' in parsed) {
      if (typeof parsed.errorType === 'string' && parsed.errorType.length <= 256) return parsed.errorType;
    }
  } catch {
    // Not JSON: the runtime's own affair, the payload is passed on as it is.
  }
  return 'Runtime.Unknown';
}
