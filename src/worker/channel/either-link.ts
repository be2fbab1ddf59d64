/**
 * The link to a process that an exec wrapper has started: the managed runtime that it was given, which talks over the channel, or a program
 * that the wrapper runs in its place, which knows the public Runtime API alone. Whichever is ready first is the runtime.
 */
import type { Init } from '#runtimes';
import type { Call, RuntimeLink, RuntimeSays } from '../environment/runtime.ts';

type MakeLink = (say: (message: RuntimeSays) => void) => RuntimeLink;

export class EitherLink implements RuntimeLink {
  readonly #links: readonly RuntimeLink[];
  readonly #say: (message: RuntimeSays) => void;
  #chosen: RuntimeLink | undefined;

  constructor(channel: MakeLink, api: MakeLink, say: (message: RuntimeSays) => void) {
    this.#say = say;
    const links: RuntimeLink[] = [];
    for (const [index, make] of [channel, api].entries()) {
      links.push(make((message) => this.#hear(message, links[index])));
    }
    this.#links = links;
  }

  /** Whether the process may live on without its channel: some other program took the runtime's place, or may still do so. */
  get maySpeakHttp(): boolean {
    return this.#chosen !== this.#links[0];
  }

  init(init: Init): void {
    for (const link of this.#links) link.init(init);
  }

  invoke(call: Call): void {
    this.#chosen?.invoke(call);
  }

  awake(): void {
    for (const link of this.#links) link.awake();
  }

  end(): void {
    for (const link of this.#links) link.end();
  }

  close(): void {
    for (const link of this.#links) link.close();
  }

  #hear(message: RuntimeSays, from: RuntimeLink | undefined): void {
    if (message.kind === 'ready') this.#chosen ??= from;
    if (message.kind === 'log' || this.#chosen === undefined || this.#chosen === from) this.#say(message);
  }
}
