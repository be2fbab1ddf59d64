/**
 * A connection and the requests on it that have no complete answer yet, oldest first. HTTP answers in order, so what
 * may still be written to a broken connection depends on them.
 */
import type { Socket } from 'node:net';
import type { Lane } from './plain/lane.ts';

/** What a connection needs to know of a request. */
export interface Occupant {
  /** Whether the client is still sending it. */
  readonly reading: boolean;
  /** The client went away, or the connection broke. */
  abandon(): void;
}

export class Connection {
  readonly socket: Socket;
  /** The client's address; IPv4 in its own form also on a socket for both. */
  readonly sourceIp: string;
  /** It carried something that was no HTTP; nothing that follows on it counts. */
  broken = false;
  /** As long as all it carries are plain requests. */
  lane: Lane | undefined;
  readonly #occupants: Occupant[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    this.sourceIp = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    socket.once('close', () => {
      for (const occupant of this.#occupants.splice(0)) occupant.abandon();
    });
  }

  get occupied(): number {
    return this.#occupants.length;
  }

  enter(occupant: Occupant): void {
    this.#occupants.push(occupant);
  }

  leave(occupant: Occupant): void {
    const place = this.#occupants.indexOf(occupant);
    if (place >= 0) this.#occupants.splice(place, 1);
  }

  /** Whether a raw answer written now would be taken for the answer to what the client sends right now. */
  get answerable(): boolean {
    if (!this.socket.writable) return false;
    const [oldest, further] = this.#occupants;
    return oldest === undefined || (further === undefined && oldest.reading);
  }
}
