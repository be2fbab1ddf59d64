/**
 * One client of a read-only network block device, without the connection: bytes go in, what to do comes out. What a client may make it keep is
 * bounded: an option's data, one request's head, and nothing of what it writes.
 *
 *     flags ─▶ options ──EXPORT_NAME, GO──▶ requests ──DISC──▶ over
 *                 └──ABORT, anything wrong──────────────────────▲
 */
import { nbdLimits, readLimits } from '../limits.ts';
import {
  blockSizeInfo,
  clientFlags,
  commands,
  errors,
  exportAnswer,
  exportInfo,
  infoTypes,
  named,
  optionMagic,
  optionReplies,
  optionReply,
  options,
  reply,
  requestMagic,
} from './nbd-protocol.ts';
import { Received } from './received.ts';

export interface NbdExport {
  /** Clients may also ask for the unnamed default. */
  readonly name: string;
  readonly sizeBytes: number;
}

export type NbdEffect =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** To be answered with `reply(cookie, 0)` and the bytes, or `reply(cookie, error)`; in any order. */
  | { readonly kind: 'read'; readonly cookie: bigint; readonly offset: number; readonly length: number }
  /** After what was sent, and read, so far: the client left. */
  | { readonly kind: 'finish' }
  /** At once: the client does not keep to the protocol. */
  | { readonly kind: 'break'; readonly reason: string };

type State =
  | { readonly kind: 'flags' }
  | { readonly kind: 'options' }
  | { readonly kind: 'requests' }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'over' };

const requestBytes = 28;
const optionHeadBytes = 16;

export class NbdSession {
  readonly #export: NbdExport;
  readonly #received = new Received();
  #state: State = { kind: 'flags' };
  #wantsZeros = true;
  #optionsLeft = nbdLimits.optionsMax;
  /** Bytes of a refused write that are still to come. */
  #skipping = 0;

  constructor(served: NbdExport) {
    this.#export = served;
  }

  /** false: the handshake is still going on. */
  get isGranted(): boolean {
    return this.#state.kind === 'requests';
  }

  /** Takes in what was received; what is to be done comes from `next`. */
  receive(bytes: Buffer): void {
    if (this.#state.kind === 'over' || this.#state.kind === 'leaving') return;
    const skipped = Math.min(this.#skipping, bytes.length);
    this.#skipping -= skipped;
    if (skipped < bytes.length) this.#received.add(bytes.subarray(skipped));
  }

  /** What to do next; undefined: nothing until more is received. Whoever has too much to do already asks later. */
  next(): NbdEffect | undefined {
    switch (this.#state.kind) {
      case 'flags':
        return this.#flags();
      case 'options':
        return this.#option();
      case 'requests':
        return this.#request();
      case 'leaving':
        this.#state = { kind: 'over' };
        return { kind: 'finish' };
      case 'over':
        return undefined;
      default:
        return this.#state satisfies never;
    }
  }

  #flags(): NbdEffect | undefined {
    const flags = this.#received.take(4)?.readUInt32BE(0);
    if (flags === undefined) return undefined;
    const known = clientFlags.fixedNewstyle | clientFlags.noZeroes;
    if ((flags & ~known) !== 0 || (flags & clientFlags.fixedNewstyle) === 0) {
      return this.#break(`client flags ${flags}`);
    }
    this.#wantsZeros = (flags & clientFlags.noZeroes) === 0;
    this.#state = { kind: 'options' };
    return this.#option();
  }

  #option(): NbdEffect | undefined {
    const head = this.#received.peek(optionHeadBytes);
    if (head === undefined) return undefined;
    if (head.readBigUInt64BE(0) !== optionMagic) return this.#break('an option without its magic');
    const length = head.readUInt32BE(12);
    if (length > nbdLimits.optionBytesMax) return this.#break(`an option of ${length} bytes`);
    const whole = this.#received.take(optionHeadBytes + length);
    if (whole === undefined) return undefined;
    this.#optionsLeft -= 1;
    if (this.#optionsLeft < 0) return this.#break('too many options');
    return this.#negotiate(head.readUInt32BE(8), whole.subarray(optionHeadBytes));
  }

  #negotiate(option: number, data: Buffer): NbdEffect {
    switch (option) {
      case options.exportName:
        // The protocol has no other way to refuse this one.
        if (!this.#has(data)) return this.#break('an export that is not there');
        this.#state = { kind: 'requests' };
        return { kind: 'send', bytes: exportAnswer(this.#export.sizeBytes, this.#wantsZeros) };
      case options.abort:
        this.#state = { kind: 'leaving' };
        return { kind: 'send', bytes: optionReply(option, optionReplies.ack) };
      case options.list:
        return { kind: 'send', bytes: this.#list(data) };
      case options.info:
      case options.go:
        return { kind: 'send', bytes: this.#tell(option, data) };
      default:
        return { kind: 'send', bytes: optionReply(option, optionReplies.unsupported) };
    }
  }

  #list(data: Buffer): Buffer {
    if (data.length > 0) return optionReply(options.list, optionReplies.invalid);
    return Buffer.concat([
      optionReply(options.list, optionReplies.server, named(this.#export.name)),
      optionReply(options.list, optionReplies.ack),
    ]);
  }

  /** INFO and GO: name, and which facts are wanted. */
  #tell(option: number, data: Buffer): Buffer {
    const nameBytes = data.length >= 6 ? data.readUInt32BE(0) : Infinity;
    if (nameBytes > data.length - 6) return optionReply(option, optionReplies.invalid);
    const asked = data.subarray(4 + nameBytes);
    if (asked.length !== 2 + 2 * asked.readUInt16BE(0)) return optionReply(option, optionReplies.invalid);
    if (!this.#has(data.subarray(4, 4 + nameBytes))) return optionReply(option, optionReplies.unknownExport);
    let wantsBlockSize = false;
    for (let at = 2; at < asked.length; at += 2) {
      if (asked.readUInt16BE(at) === infoTypes.blockSize) wantsBlockSize = true;
    }
    if (option === options.go) this.#state = { kind: 'requests' };
    const sizes = blockSizeInfo(nbdLimits.preferredBytes, readLimits.readBytesMax);
    return Buffer.concat([
      optionReply(option, optionReplies.info, exportInfo(this.#export.sizeBytes)),
      ...(wantsBlockSize ? [optionReply(option, optionReplies.info, sizes)] : []),
      optionReply(option, optionReplies.ack),
    ]);
  }

  #has(name: Buffer): boolean {
    return name.length === 0 || name.equals(Buffer.from(this.#export.name));
  }

  #request(): NbdEffect | undefined {
    if (this.#skipping > 0) return undefined;
    const head = this.#received.take(requestBytes);
    if (head === undefined) return undefined;
    if (head.readUInt32BE(0) !== requestMagic) return this.#break('a request without its magic');
    const [flags, type] = [head.readUInt16BE(4), head.readUInt16BE(6)];
    const cookie = head.readBigUInt64BE(8);
    const offset = head.readBigUInt64BE(16);
    const length = head.readUInt32BE(24);
    switch (type) {
      case commands.read:
        return this.#read(cookie, flags, offset, length);
      case commands.disconnect:
        this.#state = { kind: 'over' };
        return { kind: 'finish' };
      case commands.write:
        if (length > readLimits.readBytesMax) return this.#break(`a write of ${length} bytes`);
        this.#skipping = this.#received.drop(length);
        return { kind: 'send', bytes: reply(cookie, errors.notPermitted) };
      case commands.trim:
      case commands.writeZeroes:
        return { kind: 'send', bytes: reply(cookie, errors.notPermitted) };
      default:
        return { kind: 'send', bytes: reply(cookie, errors.invalid) };
    }
  }

  #read(cookie: bigint, flags: number, offset: bigint, length: number): NbdEffect {
    const refuse = (error: number): NbdEffect => ({ kind: 'send', bytes: reply(cookie, error) });
    if (length > readLimits.readBytesMax) return refuse(errors.overflow);
    // No flag of reads was offered.
    if (flags !== 0 || length === 0) return refuse(errors.invalid);
    if (offset + BigInt(length) > BigInt(this.#export.sizeBytes)) return refuse(errors.invalid);
    return { kind: 'read', cookie, offset: Number(offset), length };
  }

  #break(reason: string): NbdEffect {
    this.#state = { kind: 'over' };
    return { kind: 'break', reason };
  }
}
