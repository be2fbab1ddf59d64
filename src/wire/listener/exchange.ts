/**
 * One request and what becomes of it.
 *
 *     reading ──▶ running ──▶ answered        reading: the head is looked at, the body is still to come
 *        │           │                        running: a handler has it
 *        └───────────┴──────▶ abandoned       the client went away first; what the handler answers is dropped
 */
import { WireError } from '../error.ts';
import type { Service, WireResponse } from '../service.ts';
import type { Examination, Verifier } from '../sigv4/verifier.ts';
import { type BodyOutcome, emptyBody, type Room } from './body.ts';
import type { Connection, Occupant } from './connection.ts';
import { Context } from './context.ts';
import { encodingOf, type Head, malformed, unsupportedEncoding } from './head.ts';
import { BodyCut, type HostAnswer, type HostRoute } from './host-route.ts';
import type { Log } from './log.ts';
import type { OpenAnswer, OpenRoute } from './open-route.ts';
import type { Awaited, Patience } from './patience.ts';
import { closeUnread, type Outlet, type ReplyFloor, type Written } from './reply.ts';
import type { Services } from './services.ts';
import type { Source } from './source.ts';
import type { StreamRoute } from './stream-route.ts';

/** What all exchanges of a listener share. */
export interface Floor extends ReplyFloor {
  readonly services: Services;
  /** Speaks where the service is not known yet. */
  readonly defaultService: Service;
  readonly verifier: Verifier;
  readonly openRoutes: readonly OpenRoute[];
  readonly streamRoutes: readonly StreamRoute[];
  readonly hostRoutes: readonly HostRoute[];
  readonly log: Log;
  readonly room: Room;
  /** Of requests whose bodies are being read. */
  readonly readings: Patience;
  /** Of connections that wait for a request, as far as they are not node:http's. */
  readonly silences: Patience;
}

type Accepted = Exclude<Examination, { kind: 'refused' }>;

/** What is to be done with a request whose head is accepted. */
interface Work {
  readonly bodyBytesMax: number;
  bodyTooLarge(): WireError;
  readonly proof: Pick<Accepted, 'needsBodyHash' | 'finish'>;
  call(body: Uint8Array): Promise<HostAnswer | WireResponse>;
}

/** Of a request that nobody has to have signed. */
const noProof: Work['proof'] = { needsBodyHash: false, finish: () => undefined };

export class Exchange implements Occupant, Awaited {
  readonly #floor: Floor;
  readonly #connection: Connection;
  readonly #source: Source;
  readonly #reply: Outlet;
  readonly #requestId: string;
  /** Who speaks to the client. */
  #speaker: Pick<Service, 'encodeError'>;
  #state: 'reading' | 'running' | 'answered' | 'abandoned' = 'reading';
  #roomBytes = 0;
  /** The client holds the body back until it is told to continue. */
  #clientWaits: boolean;
  #abort: AbortController | undefined;
  /** Its route reads the body by itself, and may answer before the end. */
  #isStreaming = false;

  constructor(
    floor: Floor,
    connection: Connection,
    source: Source,
    /** Makes what the answer goes to; `left` is called once the kernel has taken all of it. */
    outlet: (left: () => void) => Outlet,
    options: { readonly requestId: string; readonly expectsContinue: boolean },
  ) {
    this.#floor = floor;
    this.#connection = connection;
    this.#source = source;
    this.#requestId = options.requestId;
    this.#clientWaits = options.expectsContinue;
    this.#speaker = floor.defaultService;
    this.#reply = outlet(() => connection.leave(this));
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

  tooSlow(): void {
    if (this.#state !== 'reading') return;
    this.#answerError(new WireError('RequestTimeoutException', 'The request was not received in time.'));
  }

  abandon(): void {
    this.#reply.abandon();
    this.#floor.readings.leave(this);
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
    const { host } = this.#source;
    const hostRoute = this.#floor.hostRoutes.find((route) => route.serves(host));
    if (hostRoute !== undefined) this.#speaker = hostRoute;
    const head = this.#source.head(this.#floor.limits, hostRoute === undefined ? 'plain' : 'as-sent');
    if (head instanceof WireError) return this.#answerError(head);
    if (hostRoute !== undefined) return this.#serveHost(hostRoute, head);
    const open = this.#floor.openRoutes.find(({ pathPrefix }) => head.request.rawPath.startsWith(pathPrefix));
    if (open !== undefined) return this.#serveOpen(open, head);
    const stream = this.#floor.streamRoutes.find(({ pathPrefix }) =>
      head.request.rawPath.startsWith(pathPrefix),
    );
    if (stream !== undefined) return this.#serveStream(stream, head);

    const examination = this.#floor.verifier.examine(head.request, head.repeated);
    const found =
      examination.service === undefined ? undefined : this.#floor.services.find(examination.service);
    if (!(found instanceof Promise)) return this.#route(found, head, examination);
    found
      .then((service) => {
        if (this.#state === 'reading') this.#route(service, head, examination);
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** `found`: undefined where the request names no service that there is. */
  #route(found: Service | undefined, head: Head, examination: Examination): void {
    const service = found?.speaking?.(head.request) ?? found ?? this.#floor.defaultService;
    this.#speaker = service;
    if (examination.kind === 'refused') return this.#answerError(examination.error);
    const routed = service.route(head.request);
    if (routed.kind === 'refused') return this.#answerError(routed.error);
    const { headers } = head.request;
    if (routed.takesGzip !== true && encodingOf(headers) !== '') {
      return this.#answerError(unsupportedEncoding());
    }
    this.#read(head, {
      bodyBytesMax: routed.bodyBytesMax,
      bodyTooLarge: () => routed.bodyTooLarge(),
      proof: examination,
      call: (body) =>
        routed.call(
          body,
          new Context(this.#requestId, examination, headers, this.#connection.sourceIp, this),
        ),
    });
  }

  #serveHost(route: HostRoute, head: Head): void {
    const { request, repeated } = head;
    const decision = route.accept({
      request,
      repeated,
      protocol: `HTTP/${this.#source.httpVersion}`,
      requestId: this.#requestId,
      sourceIp: this.#connection.sourceIp,
    });
    if (decision.kind === 'refused') return this.#answerError(decision.error);
    if (decision.kind === 'answered') return this.#answer(decision.answer);
    const { signedFor, bodyBytesMax } = decision;
    const work = { bodyBytesMax, bodyTooLarge: () => decision.bodyTooLarge() };
    if (signedFor === undefined) {
      const call = (body: Uint8Array): Promise<HostAnswer> => decision.call(body, undefined);
      return this.#read(head, { ...work, proof: noProof, call });
    }
    const examination = this.#floor.verifier.examine(request, repeated, signedFor);
    if (examination.kind === 'refused') return this.#answerError(examination.error);
    const call = (body: Uint8Array): Promise<HostAnswer> => decision.call(body, examination.principal);
    this.#read(head, { ...work, proof: examination, call });
  }

  #read(head: Head, work: Work): void {
    const { contentLength } = head;
    if (contentLength !== undefined && contentLength > work.bodyBytesMax) {
      return this.#answerError(work.bodyTooLarge());
    }
    if (contentLength === 0) return this.#run(emptyBody, work);
    if (this.#clientWaits) this.#reply.continue();
    this.#clientWaits = false;
    this.#source.read(
      { bytesMax: work.bodyBytesMax, hashed: work.proof.needsBodyHash, room: this.#floor.room },
      (bytes) => {
        this.#roomBytes += bytes;
      },
      (outcome) => this.#run(outcome, work),
    );
    // It may have been here already.
    if (this.#state === 'reading') this.#floor.readings.enter(this);
  }

  #run(outcome: BodyOutcome, work: Work): void {
    this.#floor.readings.leave(this);
    if (this.#state !== 'reading') return;
    if (outcome.kind === 'too-large') return this.#answerError(work.bodyTooLarge());
    if (outcome.kind === 'no-room') {
      const message = 'Too many large requests are in progress.';
      return this.#answerError(new WireError('ServiceUnavailableException', message));
    }
    const failure = work.proof.finish(outcome.sha256);
    if (failure !== undefined) return this.#answerError(failure);
    this.#state = 'running';
    try {
      work.call(outcome.body).then(
        (answer) => this.#deliver(answer),
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

  #serveStream(route: StreamRoute, head: Head): void {
    this.#speaker = route;
    this.#state = 'running';
    this.#isStreaming = head.contentLength !== 0;
    const begin = (): void => {
      if (this.#clientWaits) this.#reply.continue();
      this.#clientWaits = false;
    };
    const { clock, limits } = this.#floor;
    route
      .serve({
        request: head.request,
        requestId: this.#requestId,
        sourceIp: this.#connection.sourceIp,
        contentLength: head.contentLength,
        body: this.#source.stream(clock, limits.bodyIdleTimeoutMs, begin),
        signal: this.signal(),
      })
      .then((answer) => this.#deliver(answer))
      .catch((error: unknown) => this.#answerError(error));
  }

  #answerOpen(answer: OpenAnswer): void {
    if (answer.kind === 'refused') return this.#answerError(answer.error);
    this.#deliver(answer);
  }

  #deliver(answer: HostAnswer | WireResponse): void {
    const { statusCode, headers } = answer;
    const body = 'stream' in answer ? answer.stream : answer.body;
    if (body === undefined || body instanceof Uint8Array) return this.#answer({ statusCode, headers, body });
    if (this.#state !== 'running') {
      this.#giveRoom();
      closeUnread(body).catch((error: unknown) => this.#report(error));
      return;
    }
    this.#state = 'answered';
    this.#reply
      .stream(statusCode, headers, body)
      .catch((error: unknown) => {
        if (!(error instanceof BodyCut)) this.#report(error);
      })
      .finally(() => this.#giveRoom());
  }

  #fail(error: unknown): void {
    this.#report(error);
    this.#answerError(error);
  }

  #answerError(error: unknown): void {
    this.#answer(this.#speaker.encodeError(error, this.#requestId));
  }

  #answer(answer: Written): void {
    const state = this.#state;
    this.#giveRoom();
    if (state === 'answered' || state === 'abandoned') return;
    this.#state = 'answered';
    try {
      if (state === 'reading' || this.#isStreaming) this.#reply.refuse(answer, this.#clientWaits);
      else this.#reply.send(answer);
    } catch (error) {
      // A header that HTTP cannot carry: nothing is sent yet, and an error without headers of its own can be.
      this.#report(error);
      this.#reply.send({ ...this.#speaker.encodeError(error, this.#requestId), headers: {} });
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
