/**
 * One request and what becomes of it.
 *
 *     reading ──▶ running ──▶ answered        reading: the head is looked at, the body is still to come
 *        │           │                        running: a handler has it
 *        └───────────┴──────▶ abandoned       the client went away first; what the handler answers is dropped
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WireError } from '../error.ts';
import type { RoutedOperation, Service, WireResponse } from '../service.ts';
import type { Examination, Verifier } from '../sigv4/verifier.ts';
import { type BodyOutcome, emptyBody, readBody, type Room } from './body.ts';
import type { Connection, Occupant } from './connection.ts';
import { Context } from './context.ts';
import { type Head, malformed, readHead } from './head.ts';
import type { Log } from './log.ts';
import type { OpenAnswer, OpenRoute } from './open-route.ts';
import { closeUnread, Reply, type ReplyFloor } from './reply.ts';

/** What all exchanges of a listener share. */
export interface Floor extends ReplyFloor {
  readonly services: ReadonlyMap<string, Service>;
  /** Speaks where the service is not known yet. */
  readonly defaultService: Service;
  readonly verifier: Verifier;
  readonly openRoutes: readonly OpenRoute[];
  readonly log: Log;
  readonly room: Room;
}

type Accepted = Exclude<Examination, { kind: 'refused' }>;

export class Exchange implements Occupant {
  readonly #floor: Floor;
  readonly #connection: Connection;
  readonly #message: IncomingMessage;
  readonly #reply: Reply;
  readonly #requestId: string;
  #service: Service;
  #state: 'reading' | 'running' | 'answered' | 'abandoned' = 'reading';
  #roomBytes = 0;
  /** The client holds the body back until it is told to continue. */
  #clientWaits: boolean;
  #abort: AbortController | undefined;

  constructor(
    floor: Floor,
    connection: Connection,
    message: IncomingMessage,
    response: ServerResponse,
    options: { readonly requestId: string; readonly expectsContinue: boolean },
  ) {
    this.#floor = floor;
    this.#connection = connection;
    this.#message = message;
    this.#requestId = options.requestId;
    this.#clientWaits = options.expectsContinue;
    this.#service = floor.defaultService;
    this.#reply = new Reply(floor, message, response, options.requestId, () => connection.leave(this));
  }

  get reading(): boolean {
    return this.#state === 'reading';
  }

  start(): void {
    this.#connection.enter(this);
    try {
      this.#begin();
    } catch (error) {
      this.#fail(error);
    }
  }

  abandon(): void {
    this.#reply.abandon();
    // A handler that still runs still holds the body.
    if (this.#state !== 'running') this.#giveRoom();
    if (this.#state === 'answered' || this.#state === 'abandoned') return;
    this.#state = 'abandoned';
    this.#abort?.abort();
  }

  /** Made only when somebody asks: most handlers never do. */
  signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#state === 'abandoned') this.#abort.abort();
    return this.#abort.signal;
  }

  #begin(): void {
    const head = readHead(this.#message, this.#floor.limits);
    if (head instanceof WireError) return this.#answerError(head);
    const open = this.#floor.openRoutes.find(({ pathPrefix }) => head.request.rawPath.startsWith(pathPrefix));
    if (open !== undefined) return this.#serveOpen(open, head);

    const examination = this.#floor.verifier.examine(head.request, head.repeated);
    if (examination.service !== undefined) {
      const service = this.#floor.services.get(examination.service) ?? this.#service;
      this.#service = service.speaking?.(head.request) ?? service;
    }
    if (examination.kind === 'refused') return this.#answerError(examination.error);
    const routed = this.#service.route(head.request);
    if (routed.kind === 'refused') return this.#answerError(routed.error);
    if (head.contentLength !== undefined && head.contentLength > routed.bodyBytesMax) {
      return this.#answerError(routed.bodyTooLarge());
    }
    this.#read(head, examination, routed);
  }

  #read(head: Head, examination: Accepted, routed: RoutedOperation): void {
    if (head.contentLength === 0) return this.#run(emptyBody, head, examination, routed);
    if (this.#clientWaits) this.#reply.continue();
    this.#clientWaits = false;
    const { room } = this.#floor;
    readBody(
      this.#message,
      { bytesMax: routed.bodyBytesMax, hashed: examination.needsBodyHash, room },
      (bytes) => {
        this.#roomBytes += bytes;
      },
      (outcome) => this.#run(outcome, head, examination, routed),
    );
  }

  #run(outcome: BodyOutcome, head: Head, examination: Accepted, routed: RoutedOperation): void {
    if (this.#state !== 'reading') return;
    if (outcome.kind === 'too-large') return this.#answerError(routed.bodyTooLarge());
    if (outcome.kind === 'no-room') {
      const message = 'Too many large requests are in progress.';
      return this.#answerError(new WireError('ServiceUnavailableException', message));
    }
    const failure = examination.finish(outcome.sha256);
    if (failure !== undefined) return this.#answerError(failure);
    this.#state = 'running';
    const context = new Context(
      this.#requestId,
      examination,
      head.request.headers,
      this.#connection.sourceIp,
      this,
    );
    try {
      routed.call(outcome.body, context).then(
        (response) => this.#answer(response),
        (error: unknown) => this.#fail(error),
      );
    } catch (error) {
      this.#fail(error);
    }
  }

  #serveOpen(route: OpenRoute, head: Head): void {
    const { method } = head.request;
    if (method !== 'GET' && method !== 'HEAD') {
      return this.#answerError(malformed('This path is served by GET and HEAD only.'));
    }
    if (head.contentLength !== 0) return this.#answerError(malformed('This path takes no body.'));
    this.#state = 'running';
    route
      .serve(head.request, this.#requestId, this.signal())
      .then((answer) => this.#answerOpen(answer))
      .catch((error: unknown) => this.#fail(error));
  }

  async #answerOpen(answer: OpenAnswer): Promise<void> {
    if (answer.kind === 'refused') return this.#answerError(answer.error);
    const { statusCode, headers, body } = answer;
    if (body === undefined || body instanceof Uint8Array) return this.#answer({ statusCode, headers, body });
    if (this.#state !== 'running') return closeUnread(body);
    this.#state = 'answered';
    await this.#reply.stream(statusCode, headers, body);
  }

  #fail(error: unknown): void {
    this.#report(error);
    this.#answerError(error);
  }

  #answerError(error: unknown): void {
    this.#answer(this.#service.encodeError(error, this.#requestId));
  }

  #answer(answer: WireResponse): void {
    const state = this.#state;
    this.#giveRoom();
    if (state === 'answered' || state === 'abandoned') return;
    this.#state = 'answered';
    try {
      if (state === 'reading') this.#reply.refuse(answer, this.#clientWaits);
      else this.#reply.send(answer);
    } catch (error) {
      // A header that HTTP cannot carry: nothing is sent yet, and an error without headers of its own can be.
      this.#report(error);
      this.#reply.send({ ...this.#service.encodeError(error, this.#requestId), headers: {} });
    }
  }

  #giveRoom(): void {
    this.#floor.room.give(this.#roomBytes);
    this.#roomBytes = 0;
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#floor.log.error('a request failed', { requestId: this.#requestId, reason });
  }
}
