/** A function of a `provided` runtime on the real worker: a folder with its own `bootstrap`, and invokes of it. */
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogEvent } from '#logs';
import { VariableSeal, type VersionRecord } from '#metadata';
import { someVersion } from '#metadata/fixtures';
import { systemClock, systemEntropy } from '#platform';
import { openWorker, type LocalWorker } from '#worker';

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));

export interface Answer {
  readonly text: string;
  readonly failed: boolean;
}

export class ProvidedFunction implements AsyncDisposable {
  readonly taskRoot = mkdtempSync(join(tmpdir(), 'lambkin-provided-'));
  readonly #root = mkdtempSync(join(tmpdir(), 'lambkin-conformance-'));
  readonly #logged: LogEvent[] = [];
  readonly #environmentId = Buffer.from(systemEntropy.bytes(16)).toString('hex');
  #worker: LocalWorker | undefined;
  /** Settles when the environment can take another invoke, or is gone. */
  #free: Promise<void> = Promise.resolve();
  #isFree = (): void => {};
  #turn = 0;

  /** A text becomes the file, `{ fixture }` is copied from fixtures/. */
  constructor(files: Readonly<Record<string, string | { readonly fixture: string }>>) {
    for (const [name, content] of Object.entries(files)) {
      const path = join(this.taskRoot, name);
      if (typeof content === 'string') writeFileSync(path, content);
      else copyFileSync(join(fixtures, content.fixture), path);
      chmodSync(path, 0o755);
    }
  }

  get log(): string {
    return this.#logged.map((event) => event.message).join('\n');
  }

  async start(handler: string): Promise<void> {
    this.#worker = await openWorker({
      workerId: 'worker-1',
      zone: 'zone-1',
      runtimes: {
        availability: () => Promise.resolve({ kind: 'ready' }),
        install: () => Promise.resolve({ kind: 'installed' }),
        list: () => Promise.resolve([]),
        launch: () => ({ kind: 'runtime-api', entrypoint: 'bootstrap' }),
      },
      code: {
        store: () => Promise.resolve({ kind: 'refused', reason: 'invalid', message: 'not in this test' }),
        unpack: () => Promise.resolve({ kind: 'ready', directory: this.taskRoot, release: () => {} }),
        unpackLayers: () => Promise.resolve({ kind: 'broken', message: 'not in this test' }),
      },
      logs: { write: (_group, _stream, events) => void this.#logged.push(...events) },
      openVariables: (version) => new VariableSeal(new Uint8Array(32)).open(version),
      credentials: () => ({ accessKeyId: 'ASIATEST', secretAccessKey: 's', sessionToken: 't' }),
      clock: systemClock,
      entropy: systemEntropy,
      directory: join(this.#root, 'sandboxes'),
      endpoint: () => 'http://127.0.0.1:9',
      pool: { totalMax: 0 },
    });
    this.#worker.onEvent(() => this.#isFree());
    const outcome = await this.#worker.create({
      environmentId: this.#environmentId,
      version: version(handler),
    });
    if (outcome.kind !== 'created') throw new Error(JSON.stringify(outcome));
  }

  async invoke(payload: string, clientContext?: string): Promise<Answer> {
    await this.#free;
    this.#free = new Promise((resolve) => (this.#isFree = resolve));
    const outcome = await this.#worker?.invoke(this.#environmentId, {
      requestId: `00000000-0000-4000-8000-${String((this.#turn += 1)).padStart(12, '0')}`,
      payload: Buffer.from(payload),
      invokedArn: 'arn:aws:lambda:us-east-1:000000000000:function:provided',
      traceId: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
      wantsLogTail: false,
      ...(clientContext === undefined ? {} : { clientContext }),
    });
    if (outcome?.kind !== 'answered') throw new Error(`no answer: ${outcome?.kind}; log: ${this.log}`);
    return { text: Buffer.from(outcome.payload).toString(), failed: outcome.functionError !== undefined };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker?.close();
    for (const folder of [this.taskRoot, this.#root]) rmSync(folder, { recursive: true, force: true });
  }
}

const version = (handler: string): VersionRecord =>
  someVersion(
    { functionName: 'provided' },
    { runtime: 'provided.al2023', handler, memoryMb: 512, timeoutSeconds: 30 },
  );
