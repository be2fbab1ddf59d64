/** Moto, which answers as AWS's services do, in a process of its own; and calls of it. Needs Python's `moto[server]` on this host. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** Why a test cannot use Moto here; false where it can. */
export const motoSkip: string | false =
  spawnSync('moto_server', ['--help'], { timeout: 30_000 }).status === 0
    ? false
    : 'no moto_server (of moto[server]) on this host';

/** Whose queues and topics those of Moto are. */
export const motoAccount = '123456789012';

export interface Moto {
  readonly endpoint: string;
  /** A call of a service that speaks the Query protocol; answers the XML. */
  query(service: string, action: string, parameters?: Readonly<Record<string, string>>): Promise<string>;
  /** A call of a service that speaks JSON. */
  json(service: string, target: string, input: object): Promise<Readonly<Record<string, unknown>>>;
  /** A call of S3. */
  s3(method: string, path: string): Promise<string>;
  close(): Promise<void>;
}

export async function openMoto(): Promise<Moto> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let output = '';
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(`moto_server ended: ${output}`)));
  });

  async function call(
    service: string,
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<string> {
    // It looks at what a request is signed for, not at the signature.
    const scope = `test/20260101/us-east-1/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const init = body === undefined ? {} : { body };
    const answer = await fetch(endpoint + path, { method, headers: { authorization, ...headers }, ...init });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path} ${body ?? ''}: ${answer.status} ${text}`);
    return text;
  }

  return {
    endpoint,
    query: (service, action, parameters = {}) =>
      call(
        service,
        'POST',
        '/',
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams({ Action: action, ...parameters }).toString(),
      ),
    async json(service, target, input) {
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': target };
      const text = await call(service, 'POST', '/', headers, JSON.stringify(input));
      return JSON.parse(text === '' ? '{}' : text) as Readonly<Record<string, unknown>>;
    },
    s3: (method, path) => call('s3', method, path, {}),
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
