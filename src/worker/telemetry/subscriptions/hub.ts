/**
 * The telemetry of one sandbox: who of its extensions gets what. Extensions subscribe while init runs, so what happens before is kept
 * for them until then; once init is over and nobody has subscribed, nothing is kept and nothing costs anything.
 */
import type { Clock } from '#platform';
import { earlyEventsMax } from '../../limits.ts';
import { failure } from '../../runtime-api/messages.ts';
import type { SideAnswer } from '../../runtime-api/side-apis.ts';
import { inLogsWords, type PlatformEvent } from '../platform-event.ts';
import { Subscriber, type Deliver } from './subscriber.ts';
import { readSubscription, type Api, type Subscription } from './subscription.ts';

type Happening =
  | { readonly kind: 'platform'; readonly timeMs: number; readonly event: PlatformEvent }
  | {
      readonly kind: 'line';
      readonly timeMs: number;
      readonly type: 'function' | 'extension';
      readonly text: string;
    };

export interface HubParts {
  readonly clock: Clock;
  readonly deliver: Deliver;
  /** Whether the function's log has format JSON: its lines are then objects for those who know. */
  readonly json: boolean;
}

const accepted: SideAnswer = { status: 200, body: '"OK"' };
const apiNames: Readonly<Record<Api, string>> = { telemetry: 'Telemetry', logs: 'Logs' };
/** The first schema of the Telemetry API in which a line can be an object. */
const objectsSince = '2022-12-13';
/** The schema of the Logs API that knows platform.runtimeDone. */
const runtimeDoneSince = '2021-03-18';

export class TelemetryHub {
  readonly #parts: HubParts;
  readonly #subscribers = new Map<string, Subscriber>();
  #early: Happening[] | undefined = [];
  /** The sandbox is about to end: nothing waits for a batch to become full. */
  #leaving = false;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** Whether anything that is told goes anywhere. */
  get wanted(): boolean {
    return this.#early !== undefined || this.#subscribers.size > 0;
  }

  platform(event: PlatformEvent): void {
    if (this.wanted) this.#tell({ kind: 'platform', timeMs: this.#parts.clock.wallMs(), event });
  }

  line(type: 'function' | 'extension', text: string): void {
    if (this.wanted) this.#tell({ kind: 'line', timeMs: this.#parts.clock.wallMs(), type, text });
  }

  /** `subscribed` is told before the first event goes to the subscriber. */
  subscribe(
    api: Api,
    extension: string,
    body: Uint8Array,
    subscribed: (subscription: Subscription) => void,
  ): SideAnswer {
    if (this.#early === undefined) {
      const name = apiNames[api];
      return failure(403, `${name}.SubscriptionClosed`, `${name} API subscription is closed already`);
    }
    const before = this.#subscribers.get(extension);
    if (before !== undefined && before.subscription.api !== api) {
      return failure(400, 'ValidationError', 'an extension can use either the Telemetry API or the Logs API');
    }
    const read = readSubscription(api, body);
    if (read.kind === 'invalid') return failure(400, 'ValidationError', read.message);
    before?.end();
    const { clock, deliver } = this.#parts;
    const subscriber = new Subscriber(read.subscription, clock, deliver);
    for (const happening of this.#early) this.#pass(happening, subscriber);
    this.#subscribers.set(extension, subscriber);
    subscribed(read.subscription);
    return accepted;
  }

  /** Init is over: nobody may subscribe any more. */
  close(): void {
    this.#early = undefined;
  }

  rest(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.rest();
  }

  wake(): void {
    for (const subscriber of this.#subscribers.values()) subscriber.wake();
  }

  /** What waits goes out now, as far as it can, and what follows at once. */
  leave(): void {
    this.#leaving = true;
    for (const subscriber of this.#subscribers.values()) subscriber.leave();
  }

  /** The sandbox is gone. */
  end(): void {
    this.close();
    for (const subscriber of this.#subscribers.values()) subscriber.end();
    this.#subscribers.clear();
  }

  #tell(happening: Happening): void {
    if (this.#early !== undefined && this.#early.length < earlyEventsMax) this.#early.push(happening);
    for (const subscriber of this.#subscribers.values()) {
      this.#pass(happening, subscriber);
      if (this.#leaving) subscriber.flush();
    }
  }

  #pass(happening: Happening, subscriber: Subscriber): void {
    const told = this.#inItsWords(happening, subscriber.subscription);
    if (told === undefined) return;
    subscriber.push(JSON.stringify({ time: new Date(happening.timeMs).toISOString(), ...told }));
  }

  /** undefined: it did not ask for such an event. */
  #inItsWords(
    happening: Happening,
    { api, types, schemaVersion }: Subscription,
  ): { readonly type: string; readonly record: unknown } | undefined {
    if (happening.kind === 'line') {
      const { type, text } = happening;
      if (!types.includes(type)) return undefined;
      const asObject = this.#parts.json && api === 'telemetry' && schemaVersion >= objectsSince;
      return { type, record: asObject ? objectOr(text) : text };
    }
    if (!types.includes('platform')) return undefined;
    const { event } = happening;
    if (api === 'telemetry') {
      return event.type === 'platform.end' || event.type === 'platform.fault' ? undefined : event;
    }
    if (event.type === 'platform.runtimeDone' && schemaVersion < runtimeDoneSince) return undefined;
    return inLogsWords(event);
  }
}

function objectOr(text: string): unknown {
  if (!text.startsWith('{')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
