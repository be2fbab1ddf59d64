/** Functions with URLs for tests, on whatever service `openTarget` opens. Two statements open a URL, because AWS asks for two permissions since October 2025. */
import {
  AddPermissionCommand,
  CreateFunctionUrlConfigCommand,
  type CreateFunctionUrlConfigCommandInput,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { archive } from './archive.ts';
import type { Target } from './target.ts';
import { fetchUrl, type UrlAnswer, type UrlRequest } from './url-client.ts';

/** AWS tells everybody in its own time; here at once. */
const tries = process.env['LAMBKIN_TEST_ENDPOINT'] === undefined ? 1 : 60;
const betweenTriesMs = 1_000;

/** `echo` answers with its event, `say` with what it is sent, `stream` streams. */
const source = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const bodyOf = ({ body = '', isBase64Encoded }) => Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString();

export const echo = async (event, context) => ({ statusCode: 200, body: JSON.stringify({ event, arn: context.invokedFunctionArn }) });

export const say = async (event) => {
  if (event.rawPath === '/fails') throw new Error('secret');
  if (event.rawPath === '/hangs') await wait(60_000);
  if (event.rawPath === '/large') return { statusCode: 200, body: 'x'.repeat(7 * 1024 * 1024) };
  return JSON.parse(bodyOf(event));
};

export const stream = awslambda.streamifyResponse(async (event, out) => {
  if (event.rawPath === '/fails') throw new Error('secret');
  if (event.rawPath === '/plain') return void out.end('plain');
  if (event.rawPath === '/head') return void out.end(bodyOf(event));
  const head = { statusCode: 201, headers: { 'Content-Type': 'text/plain', 'X-A': 'b' }, cookies: ['a=1', 'b=2; Path=/'] };
  out = awslambda.HttpResponseStream.from(out, head);
  out.write('one ');
  await wait(100);
  if (event.rawPath === '/breaks') throw new Error('secret');
  for (let left = event.rawPath === '/endless' ? 400 : 0; left > 0; left -= 1) {
    if (!out.write('x'.repeat(65_536))) await new Promise((resolve) => out.once('drain', resolve));
  }
  out.write('two');
  out.end();
});
`;

export interface Site {
  readonly functionName: string;
  readonly url: string;
}

/** A function with a URL, for everybody unless `config` says otherwise. */
export async function site(
  target: Target,
  handler: 'echo' | 'say' | 'stream',
  config: Partial<CreateFunctionUrlConfigCommandInput> = {},
): Promise<Site> {
  const functionName = await target.createFunction({
    Handler: `index.${handler}`,
    Timeout: 3,
    Code: { ZipFile: await archive({ 'index.mjs': source }) },
  });
  return { functionName, url: await openTo(target, functionName, { AuthType: 'NONE', ...config }) };
}

export async function openTo(
  target: Target,
  functionName: string,
  config: Partial<CreateFunctionUrlConfigCommandInput>,
): Promise<string> {
  const { FunctionUrl = '' } = await target.client.send(
    new CreateFunctionUrlConfigCommand({ FunctionName: functionName, AuthType: 'NONE', ...config }),
  );
  if (config.AuthType !== 'AWS_IAM') await allowEverybody(target, functionName, config.Qualifier);
  return FunctionUrl;
}

export async function allowEverybody(
  { client }: Target,
  FunctionName: string,
  Qualifier?: string,
): Promise<void> {
  const common = { FunctionName, Qualifier, Principal: '*' };
  await client.send(
    new AddPermissionCommand({
      ...common,
      StatementId: 'url',
      Action: 'lambda:InvokeFunctionUrl',
      FunctionUrlAuthType: 'NONE',
    }),
  );
  await client.send(
    new AddPermissionCommand({
      ...common,
      StatementId: 'invoke',
      Action: 'lambda:InvokeFunction',
      InvokedViaFunctionUrl: true,
    }),
  );
}

/** The answer, once it has this status. */
export async function expect(statusCode: number, url: string, request?: UrlRequest): Promise<UrlAnswer> {
  let answer = await fetchUrl(url, request);
  for (let left = tries - 1; left > 0 && answer.statusCode !== statusCode; left -= 1) {
    await sleep(betweenTriesMs);
    answer = await fetchUrl(url, request);
  }
  assert.equal(answer.statusCode, statusCode, answer.text.slice(0, 500));
  return answer;
}

export interface Echo {
  readonly event: Readonly<Record<string, unknown>> & {
    readonly headers: Readonly<Record<string, string>>;
    readonly requestContext: Readonly<Record<string, unknown>>;
  };
  readonly arn: string;
}

export const echoOf = ({ text }: Pick<UrlAnswer, 'text'>): Echo => JSON.parse(text) as Echo;
