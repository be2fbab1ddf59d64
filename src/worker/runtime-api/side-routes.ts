/**
 * Extensions API 2020-01-01, Logs API 2020-08-15 and Telemetry API 2022-07-01 over HTTP: paths, methods, headers and bodies, each bounded
 * before it is read. What the calls mean is the business of `SideApis`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extensionNameCharsMax, sideBodyBytesMax } from '../limits.ts';
import { failure, send, text } from './replies.ts';
import type { SideAnswer, SideApis } from './side-apis.ts';

/** Reads the path as one of these APIs' and answers; false: it is none of them. */
export function serveBeside(
  apis: SideApis | undefined,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  // AWS's own examples end the paths of subscriptions with a slash.
  const route = routes[path.endsWith('/') ? path.slice(0, -1) : path];
  if (route === undefined) return false;
  if (request.method !== route.method) text(response, 405, '');
  else if (apis === undefined) refuse(response, closed);
  else route.serve(apis, request, response);
  return true;
}

interface Route {
  readonly method: string;
  serve(apis: SideApis, request: IncomingMessage, response: ServerResponse): void;
}

const extension = '/2020-01-01/extension';
const routes: Readonly<Record<string, Route>> = {
  [`${extension}/register`]: { method: 'POST', serve: (...call) => void register(...call) },
  [`${extension}/event/next`]: { method: 'GET', serve: next },
  [`${extension}/init/error`]: { method: 'POST', serve: reported('init') },
  [`${extension}/exit/error`]: { method: 'POST', serve: reported('exit') },
  '/2022-07-01/telemetry': { method: 'PUT', serve: subscribed('telemetry') },
  '/2020-08-15/logs': { method: 'PUT', serve: subscribed('logs') },
};

const closed: SideAnswer = failure(
  403,
  'Extension.RegistrationClosed',
  'Extension registration closed already',
);
const invalidName = (message: string) => failure(403, 'Extension.InvalidExtensionName', message);
const missingIdentifier = failure(
  403,
  'Extension.MissingExtensionIdentifier',
  'Missing Lambda-Extension-Identifier header',
);
const invalidIdentifier = failure(
  403,
  'Extension.InvalidExtensionIdentifier',
  'Invalid Lambda-Extension-Identifier',
);
const missingErrorType = failure(
  403,
  'Extension.MissingHeader',
  'Lambda-Extension-Function-Error-Type not found',
);
const tooLong = failure(
  413,
  'RequestEntityTooLarge',
  `Exceeded maximum allowed payload size (${sideBodyBytesMax} bytes).`,
);

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function register(apis: SideApis, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = header(request, 'lambda-extension-name');
  if (name === '') return refuse(response, invalidName('Empty extension name'));
  if (name.length > extensionNameCharsMax) return refuse(response, invalidName('Extension name too long'));
  const body = await readSmall(request);
  if (body === undefined) return send(response, tooLong);
  const features = header(request, 'lambda-extension-accept-feature')
    .split(',')
    .map((feature) => feature.trim());
  return send(response, apis.register({ name, features, body }));
}

function next(apis: SideApis, request: IncomingMessage, response: ServerResponse): void {
  const id = identified(request, response);
  if (id === undefined) return;
  request.resume();
  const waiter = { deliver: (answer: SideAnswer) => send(response, answer) };
  const answer = apis.next(id, waiter);
  if (answer !== undefined) return send(response, answer);
  response.on('close', () => apis.abandon(id, waiter));
}

function reported(of: 'init' | 'exit'): Route['serve'] {
  return (apis, request, response) => {
    const id = identified(request, response);
    if (id === undefined) return;
    const errorType = header(request, 'lambda-extension-function-error-type');
    if (errorType === '') return refuse(response, missingErrorType);
    // Its body is for nobody: AWS keeps the type alone.
    refuse(response, apis.reportError(of, id, errorType));
  };
}

function subscribed(api: 'logs' | 'telemetry'): Route['serve'] {
  return (apis, request, response) => {
    const id = identified(request, response);
    if (id === undefined) return;
    void readSmall(request).then((body) =>
      send(response, body === undefined ? tooLong : apis.subscribe(api, id, body)),
    );
  };
}

/** Who calls; answers itself where nobody can be told. */
function identified(request: IncomingMessage, response: ServerResponse): string | undefined {
  const id = header(request, 'lambda-extension-identifier').toLowerCase();
  if (uuid.test(id)) return id;
  refuse(response, id === '' ? missingIdentifier : invalidIdentifier);
  return undefined;
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

/** undefined: it is longer than any such body may be, and was not kept. */
function readSmall(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= sideBodyBytesMax) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve(undefined);
      }
    });
    // An upload that stopped half-way has nobody left who would read the answer.
    request.on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** Answers before the body was read. */
function refuse(response: ServerResponse, answer: SideAnswer): void {
  response.req.resume();
  send(response, answer);
}
