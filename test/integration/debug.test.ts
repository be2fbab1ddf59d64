/** `lambkin up --debug NAME`: a real inspector client stops a function at a breakpoint, for longer than its timeout. */
import {
  CreateFunctionCommand,
  InvokeCommand,
  TooManyRequestsException,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { role, startService } from '../service.ts';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
}

/** As much of the DevTools protocol as a breakpoint needs. */
class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #seen: Message[] = [];
  #wake = (): void => {};
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      this.#seen.push(JSON.parse(String(data)) as Message);
      this.#wake();
    });
  }

  static async attach(port: number): Promise<Inspector> {
    const list = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const [{ webSocketDebuggerUrl }] = list as readonly [{ webSocketDebuggerUrl: string }];
    const socket = new WebSocket(webSocketDebuggerUrl);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = (this.#id += 1);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return (await this.until((message) => message.id === id)).result ?? {};
  }

  async until(wanted: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.#seen.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const code = (greeting: string) =>
  archive({
    'index.mjs': `export const handler = async (event) => {\n  const answer = '${greeting} ' + event.name;\n  return answer;\n};\n`,
  });

test('a breakpoint stops the function beyond its timeout, and the port serves the next version too', async () => {
  const port = await freePort();
  const service = await startService({ args: ['--debug', 'hello', '--debug-port', String(port)] });
  try {
    const { client } = service;
    const FunctionName = 'hello';
    const pace = { client, maxWaitTime: 30, minDelay: 0.05, maxDelay: 0.05 };
    await client.send(
      new CreateFunctionCommand({
        FunctionName,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: role,
        Timeout: 1,
        Code: { ZipFile: await code('hello') },
      }),
    );
    await waitUntilFunctionActiveV2(pace, { FunctionName });
    const invoke = async () => {
      const Payload = Buffer.from('{"name":"Ada"}');
      const answer = await client.send(new InvokeCommand({ FunctionName, Payload }));
      return Buffer.from(answer.Payload ?? []).toString();
    };
    assert.equal(await invoke(), '"hello Ada"');
    assert.ok(service.output().includes(`127.0.0.1:${port}`));

    for (const greeting of ['hello', 'salut']) {
      {
        // Between invokes: the process waits, and still answers its debugger.
        using inspector = await Inspector.attach(port);
        await inspector.send('Debugger.enable');
        const url = `file://${join(service.dataDirectory, 'debug/hello/index.mjs')}`;
        await inspector.until(
          ({ method, params }) => method === 'Debugger.scriptParsed' && params?.['url'] === url,
        );
        const { locations } = await inspector.send('Debugger.setBreakpointByUrl', { url, lineNumber: 2 });
        assert.equal((locations as readonly unknown[]).length, 1);
        const answering = invoke();
        const { params } = await inspector.until(({ method }) => method === 'Debugger.paused');
        const [frame] = (params ?? {})['callFrames'] as readonly [{ callFrameId: string }];
        const { result } = await inspector.send('Debugger.evaluateOnCallFrame', {
          callFrameId: frame.callFrameId,
          expression: 'answer',
        });
        assert.equal((result as { value: string }).value, `${greeting} Ada`);
        await sleep(1_200); // more than its timeout
        await assert.rejects(invoke(), TooManyRequestsException);
        await inspector.send('Debugger.resume');
        assert.equal(await answering, `"${greeting} Ada"`);
      }
      if (greeting === 'salut') break;
      await client.send(new UpdateFunctionCodeCommand({ FunctionName, ZipFile: await code('salut') }));
      await waitUntilFunctionUpdatedV2(pace, { FunctionName });
      assert.equal(await invoke(), '"salut Ada"');
    }
  } finally {
    await service.stop();
  }
});
