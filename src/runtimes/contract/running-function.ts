/** A function of one file that has been initialised: where most tests of a bootstrap begin. */
import assert from 'node:assert/strict';
import type { Launch } from '../catalogue.ts';
import type { InvokeHeader } from '../channel.ts';
import { BootstrapHost, TaskRoot } from './bootstrap-host.ts';

export class RunningFunction {
  readonly root: TaskRoot;
  readonly host: BootstrapHost;

  private constructor(root: TaskRoot, host: BootstrapHost) {
    this.root = root;
    this.host = host;
  }

  /** `file` holds `code`; its handler is called `handler`. */
  static async start(
    launch: Launch,
    file: string,
    code: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunningFunction> {
    const root = new TaskRoot({ [file]: code });
    const host = new BootstrapHost(launch);
    const failure = await host.init(root, `${file.replace(/\.[^.]*$/, '')}.handler`, env);
    assert.equal(failure, undefined, failure?.errorMessage);
    return new RunningFunction(root, host);
  }

  /** The JSON object that the handler answers. */
  async parsed(payload = '{}', header: Partial<InvokeHeader> = {}): Promise<Record<string, unknown>> {
    const answer = await this.host.invoke(payload, header);
    assert.equal(answer.kind, 'response', answer.text);
    return JSON.parse(answer.text) as Record<string, unknown>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    this.root[Symbol.dispose]();
  }
}
