/** A function on the running Lambkin, kept as a folder has it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiFailure, call } from '../client.ts';
import { Failure } from '../failure.ts';
import type { Found } from './host.ts';
import { readyLookMs, readyMsMax } from './limits.ts';
import type { Project } from './project.ts';

/** What is set only where somebody asked for it. */
export interface Settings {
  readonly memoryMb?: number | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly environment: Readonly<Record<string, string>>;
}

interface Configuration {
  readonly State?: string;
  readonly StateReason?: string;
  readonly LastUpdateStatus?: string;
  readonly LastUpdateStatusReason?: string;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
}

const base = '/2015-03-31/functions';

export class Deployment {
  readonly #running: Found;
  readonly #project: Project;
  readonly #settings: Settings;
  #configured = false;

  constructor(running: Found, project: Project, settings: Settings) {
    this.#running = running;
    this.#project = project;
    this.#settings = settings;
  }

  /** Once it resolves, no invoke that begins runs older code. */
  async put(archive: Buffer): Promise<void> {
    const code = archive.toString('base64');
    const there = this.#configured || (await this.#configure());
    // Should this fail, somebody may have removed the function.
    this.#configured = false;
    if (!there) await this.#create(code);
    else await this.#send('PUT', `/${this.#project.functionName}/code`, { ZipFile: code });
    await this.#ready();
    this.#configured = true;
  }

  /** Whether there is such a function; then it has the runtime, handler and settings that were asked for. */
  async #configure(): Promise<boolean> {
    const { functionName, runtime, handler } = this.#project;
    let found: Configuration;
    try {
      found = await this.#send('GET', `/${functionName}/configuration`);
    } catch (error) {
      if (error instanceof ApiFailure && error.errorName === 'ResourceNotFoundException') return false;
      throw error;
    }
    await this.#ready();
    await this.#send('PUT', `/${functionName}/configuration`, {
      Runtime: runtime,
      Handler: handler,
      ...this.#sizes(),
      Environment: { Variables: this.#variables(found.Environment?.Variables ?? {}) },
    });
    await this.#ready();
    return true;
  }

  async #create(code: string): Promise<void> {
    const { functionName, runtime, handler } = this.#project;
    await this.#send('POST', '', {
      FunctionName: functionName,
      Runtime: runtime,
      Handler: handler,
      Role: `arn:aws:iam::${this.#running().accountId}:role/lambkin-dev`,
      ...this.#sizes(),
      Environment: { Variables: this.#variables({}) },
      Code: { ZipFile: code },
    });
  }

  #sizes(): Readonly<Record<string, number>> {
    const { memoryMb, timeoutSeconds } = this.#settings;
    return {
      ...(memoryMb === undefined ? {} : { MemorySize: memoryMb }),
      ...(timeoutSeconds === undefined ? {} : { Timeout: timeoutSeconds }),
    };
  }

  #variables(before: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const variables = { ...before, ...this.#settings.environment };
    return this.#project.runtime.startsWith('nodejs') ? withSourceMaps(variables) : variables;
  }

  async #ready(): Promise<void> {
    const { functionName } = this.#project;
    for (let waitedMs = 0; waitedMs < readyMsMax; waitedMs += readyLookMs) {
      const found = await this.#send('GET', `/${functionName}/configuration`);
      if (found.State === 'Failed')
        throw new Failure(found.StateReason ?? 'the function could not be made ready.');
      if (found.LastUpdateStatus === 'Failed') {
        throw new Failure(found.LastUpdateStatusReason ?? 'the update failed.');
      }
      if (found.State === 'Active' && found.LastUpdateStatus !== 'InProgress') return;
      await sleep(readyLookMs);
    }
    throw new Failure(`${functionName} is not ready after ${readyMsMax / 1000} s.`);
  }

  async #send(method: 'GET' | 'POST' | 'PUT', path: string, input?: object): Promise<Configuration> {
    const answer = await call(this.#running(), {
      service: 'lambda',
      method,
      path: `${base}${path}`,
      ...(input === undefined ? {} : { headers: { 'content-type': 'application/json' } }),
      body: input === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(input)),
    });
    return JSON.parse(answer.body.toString()) as Configuration;
  }
}

/** So that stacks name the source of what was compiled or bundled. */
export function withSourceMaps(
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const flag = '--enable-source-maps';
  const options = variables['NODE_OPTIONS'] ?? '';
  if (options.split(/\s+/).includes(flag)) return variables;
  return { ...variables, NODE_OPTIONS: `${options} ${flag}`.trim() };
}
