/** A client of SQS that says on the wire exactly what a test wants: AWS JSON 1.0 or a form of the Query protocol, signed by AWS's signer. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { type RequestOptions, request as httpRequest } from 'node:http';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** Of JSON answers. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface SqsClient {
  json(
    operation: string,
    input: object,
    options?: { readonly path?: string; readonly signal?: AbortSignal },
  ): Promise<Answer>;
  /** A value that is undefined is left out. */
  query(form: Readonly<Record<string, string>>, path?: string): Promise<Answer>;
}

export function sqsClient(service: { readonly host: string; readonly port: number }, keys: Keys): SqsClient {
  const signer = new SignatureV4({ service: 'sqs', region: 'us-east-1', credentials: keys, sha256: Sha256 });
  async function send(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const signed = await signer.sign({
      method: 'POST',
      protocol: 'http:',
      hostname: service.host,
      port: service.port,
      path,
      headers: { ...headers, host: `${service.host}:${service.port}` },
      body,
    });
    const options: RequestOptions = {
      host: service.host,
      port: service.port,
      method: 'POST',
      path,
      headers: signed.headers,
      ...(signal === undefined ? {} : { signal }),
    };
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const sent = httpRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const isJson = String(response.headers['content-type']).includes('json');
        const json = isJson ? (JSON.parse(text) as Readonly<Record<string, unknown>>) : {};
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    sent.on('error', reject);
    sent.end(body);
    return promise;
  }
  return {
    json: (operation, input, { path = '/', signal } = {}) =>
      send(
        path,
        { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
        JSON.stringify(input),
        signal,
      ),
    query: (form, path = '/') =>
      send(
        path,
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams(form).toString(),
      ),
  };
}
