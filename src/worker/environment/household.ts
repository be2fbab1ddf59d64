/**
 * Who lives in one sandbox besides the runtime, and hears of it: its extensions, and their telemetry. Made anew with each sandbox.
 * The environment deals with the whole as it would with the runtime alone: it is `ready` when everybody is.
 */
import type { Clock, Entropy } from '#platform';
import { Extensions } from '../extensions/extensions.ts';
import type { Extension, ShutdownReason } from '../extensions/state-types.ts';
import type { InvokeNotice } from '../extensions/answers.ts';
import type { SideAnswer } from '../runtime-api/side-apis.ts';
import type { EnvironmentLog } from '../telemetry/environment-log.ts';
import type { LineSplitter } from '../telemetry/line-splitter.ts';
import { logFormatOf } from '../telemetry/log-format.ts';
import type { PlatformLog } from '../telemetry/platform-log.ts';
import { TelemetryHub } from '../telemetry/subscriptions/hub.ts';
import type { Subscription } from '../telemetry/subscriptions/subscription.ts';
import type { EnvironmentSpec } from '../worker.ts';
import type { Provision } from './provision.ts';

export interface HouseholdParts {
  readonly spec: EnvironmentSpec;
  readonly provision: Provision;
  readonly log: EnvironmentLog;
  readonly platformLog: PlatformLog;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** The runtime and all extensions are ready: after init, and after each invoke. */
  readonly ready: () => void;
  readonly failed: (failure: { readonly errorType: string; readonly message: string }) => void;
}

type Splitters = Readonly<Record<'stdout' | 'stderr', LineSplitter>>;

export class Household {
  readonly #parts: HouseholdParts;
  readonly #hub: TelemetryHub;
  readonly #extensions: Extensions;
  readonly #outputs = new Map<string, Splitters>();
  #initialised = false;
  #awake = false;

  constructor(parts: HouseholdParts) {
    this.#parts = parts;
    const { provision, clock, entropy } = parts;
    const { sandbox, init, programs } = provision;
    const { functionName, version, accountId, configuration } = parts.spec.version;
    const json = logFormatOf(configuration).kind === 'json';
    this.#hub = new TelemetryHub({ clock, json, deliver: (...batch) => sandbox.deliver(...batch) });
    this.#extensions = new Extensions({
      sandbox,
      programs: programs.names,
      root: programs.root,
      ...(programs.opt !== undefined && { opt: programs.opt }),
      facts: { functionName, functionVersion: version, handler: configuration.handler, accountId },
      environment: init.env,
      clock,
      entropy,
      listener: {
        beginRuntime: () => {
          sandbox.letGo();
          sandbox.link.init(init);
        },
        internal: () => this.#wake(),
        ready: () => this.#ready(),
        failed: parts.failed,
        output: (name, chunk, source) => this.#outputOf(name)[source].push(chunk),
        subscribe: (api, name, body) => this.#subscribe(api, name, body),
      },
    });
    sandbox.serve(this.#extensions);
  }

  get telemetry(): TelemetryHub {
    return this.#hub;
  }

  get extensions(): readonly Extension[] {
    return this.#extensions.list;
  }

  /** Starts the extensions, then the runtime. */
  begin(): void {
    this.#extensions.begin();
  }

  runtimeReady(): void {
    if (this.#initialised) this.#parts.platformLog.runtimeDone();
    else this.#parts.platformLog.runtimeInitialised();
    this.#extensions.runtimeReady();
  }

  runtimeGone(): void {
    this.#extensions.runtimeGone();
  }

  invoke(notice: InvokeNotice): void {
    this.#hub.wake();
    this.#extensions.invoke(notice);
  }

  /** A line that the function printed. */
  line(text: string): void {
    if (this.#hub.wanted) this.#hub.line('function', text);
  }

  /** The sandbox may stand still from now on. */
  rest(): void {
    this.#hub.rest();
  }

  /** Whether there is anybody to take leave of. */
  get shutsDown(): boolean {
    return this.#extensions.list.length > 0;
  }

  /** The shutdown phase: what is left to tell goes out first. */
  async shutDown(reason: ShutdownReason): Promise<void> {
    this.#hub.leave();
    await this.#extensions.shutdown(reason);
  }

  /** All processes are gone. */
  end(): void {
    for (const { stdout, stderr } of this.#outputs.values()) {
      stdout.flush();
      stderr.flush();
    }
    this.#hub.end();
  }

  #wake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#parts.provision.sandbox.link.awake();
  }

  #ready(): void {
    if (!this.#initialised) {
      this.#initialised = true;
      this.#parts.platformLog.initEnded(this.#extensions.list);
    }
    this.#parts.ready();
  }

  #outputOf(name: string): Splitters {
    const known = this.#outputs.get(name);
    if (known !== undefined) return known;
    const made = this.#parts.log.splitters((line) => {
      this.#parts.log.write(line);
      this.#hub.line('extension', line);
    });
    this.#outputs.set(name, made);
    return made;
  }

  #subscribe(api: 'logs' | 'telemetry', name: string, body: Uint8Array): SideAnswer {
    return this.#hub.subscribe(api, name, body, (subscription: Subscription) =>
      this.#parts.platformLog.subscribed(name, subscription),
    );
  }
}
