/**
 * The Runtime API 2018-06-01 over HTTP: one parser for all, one listener on the loopback interface per sandbox, which tells whose call
 * it is. Plain HTTP without authentication, as runtimes expect it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type Entropy, nodeHttp } from '#platform';
import type { RuntimeLink, RuntimeSays } from '../environment/runtime.ts';
import { apiConnectionsMax, apiHeaderBytesMax } from '../limits.ts';
import { readAnswer, readBody } from './body.ts';
import {
  accepted,
  invalidResponseMode,
  invalidTransition,
  reportedErrorType,
  tooLarge,
  truncated,
  type ApiAnswer,
} from './messages.ts';
import { serveCredentials, type CredentialSource } from './credentials.ts';
import { send, text } from './replies.ts';
import { ApiSession, type Delivery } from './session.ts';
import type { SideApis } from './side-apis.ts';
import { serveBeside } from './side-routes.ts';
import { readStream } from './streamed-body.ts';

export interface RuntimeApiEndpoint {
  /** `host:port`, the value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** From now on a runtime talks here. Until then, and for runtimes that talk otherwise, every call is refused. */
  serve(say: (message: RuntimeSays) => void): RuntimeLink;
  /** From now on the APIs beside it are served too. */
  serveBeside(apis: SideApis): void;
  /** From now on these are given to whoever has their token. */
  lend(credentials: CredentialSource): void;
  /** Cuts all connections. */
  close(): void;
}

/** An endpoint whose connections somebody else accepts. */
export interface AttachedEndpoint extends RuntimeApiEndpoint {
  accept(socket: Socket): void;
}

/** Who answers at one address. */
interface Endpoint {
  session: ApiSession | undefined;
  beside: SideApis | undefined;
  credentials: CredentialSource | undefined;
}

const root = '/2018-06-01/runtime';
const invocationPath = /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(response|error)$/;

export class RuntimeApi {
  readonly #entropy: Entropy;
  readonly #http: Server;
  readonly #endpoints = new WeakMap<Socket, Endpoint>();

  constructor(entropy: Entropy) {
    this.#entropy = entropy;
    this.#http = nodeHttp().createServer({ maxHeaderSize: apiHeaderBytesMax, noDelay: true });
    // A runtime keeps its connection while its handler works, which may take a quarter of an hour.
    this.#http.keepAliveTimeout = 0;
    this.#http.requestTimeout = 0;
    this.#http.on('request', (request, response) => this.#request(request, response));
    this.#http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      const answer =
        error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
      const body = error.code === 'HPE_INVALID_EOF_STATE' ? truncated.body : '';
      if (!socket.writable) socket.destroy();
      else {
        socket.end(
          `HTTP/1.1 ${answer}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
          () => socket.destroy(),
        );
      }
    });
  }

  async open(): Promise<RuntimeApiEndpoint> {
    const attached = this.attach('');
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
      attached.accept(socket),
    );
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(0, '127.0.0.1', resolve);
    });
    listener.on('error', () => {}); // a connection that could not be accepted: its client sees that
    const { port } = listener.address() as AddressInfo;
    return {
      address: `127.0.0.1:${port}`,
      serve: (say) => attached.serve(say),
      serveBeside: (apis) => attached.serveBeside(apis),
      lend: (credentials) => attached.lend(credentials),
      close: () => {
        listener.close();
        attached.close();
      },
    };
  }

  /** For connections that come in elsewhere: `address` is what runtimes are told, `allowHalfOpen` what each socket must be. */
  attach(address: string): AttachedEndpoint {
    const sockets = new Set<Socket>();
    const endpoint: Endpoint = { session: undefined, beside: undefined, credentials: undefined };
    return {
      address,
      accept: (socket) => {
        if (sockets.size >= apiConnectionsMax) return void socket.destroy();
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        this.#endpoints.set(socket, endpoint);
        this.#http.emit('connection', socket);
        return undefined;
      },
      serve: (say) => (endpoint.session = new ApiSession(say, () => this.#entropy.uuid())),
      serveBeside: (apis) => {
        endpoint.beside = apis;
      },
      lend: (credentials) => {
        endpoint.credentials = credentials;
      },
      close: () => {
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {}); // the runtime went away; its process tells what that means
    request.on('error', () => {});
    const { session, beside, credentials } = this.#endpoints.get(request.socket) ?? {};
    const path = request.url?.split('?', 1)[0] ?? '';
    if (path === `${root}/ping` || path === '/2018-06-01/ping' || path === '/ping') {
      return method(request, response, 'GET', () => text(response, 200, 'pong'));
    }
    if (path === `${root}/invocation/next`) {
      return method(request, response, 'GET', () =>
        session === undefined
          ? refuse(response, invalidTransition('Started', 'Ready'))
          : next(session, request, response),
      );
    }
    if (path === `${root}/init/error`) {
      return method(request, response, 'POST', () => void initError(session, request, response));
    }
    if (path === `${root}/restore/next` || path === `${root}/restore/error`) {
      const to = path.endsWith('next') ? 'RestoreReady' : 'RuntimeRestoreErrorState';
      return refuse(response, session?.restore(to) ?? invalidTransition('Started', to));
    }
    const [, id, kind] = invocationPath.exec(path) ?? [];
    if (id !== undefined && kind !== undefined) {
      return method(request, response, 'POST', () => void answer(session, id, kind, request, response));
    }
    if (serveBeside(beside, path, request, response)) return undefined;
    if (serveCredentials(credentials, path, request, response)) return undefined;
    return text(response, 404, '404 page not found\n');
  }
}

function method(request: IncomingMessage, response: ServerResponse, allowed: string, go: () => void): void {
  if (request.method === allowed) return go();
  return text(response, 405, '');
}

function next(session: ApiSession, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const waiter = { deliver: (delivery: Delivery) => deliver(response, delivery) };
  response.on('close', () => session.abandon(waiter));
  const refused = session.next(waiter);
  if (refused !== undefined) refuse(response, refused);
}

function deliver(response: ServerResponse, { call, invocationId }: Delivery): void {
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Lambda-Runtime-Aws-Request-Id', call.requestId],
    ['Lambda-Runtime-Deadline-Ms', String(call.deadlineMs)],
    ['Lambda-Runtime-Invoked-Function-Arn', call.invokedArn],
    ['Lambda-Runtime-Trace-Id', call.traceId],
    ['Lambda-Runtime-Client-Context', call.clientContext ?? ''],
    ['Lambda-Runtime-Invocation-Id', invocationId],
    ['Content-Length', String(call.payload.length)],
  ];
  response.writeHead(
    200,
    headers.flatMap(([name, value]) => (value === '' ? [] : [name, headerValue(value)])),
  );
  response.end(call.payload);
}

/** Header values are bytes on the wire: text beyond ASCII goes as UTF-8, and what would end the header is replaced. */
function headerValue(value: string): string {
  return Buffer.from(value.replaceAll(/\p{Cc}/gu, ' '), 'utf8').toString('latin1');
}

async function answer(
  session: ApiSession | undefined,
  id: string,
  kind: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const to = kind === 'response' ? 'InvocationResponse' : 'InvocationErrorResponse';
  const invocationId = request.headers['lambda-runtime-invocation-id'];
  const refused =
    session === undefined
      ? invalidTransition('Started', to)
      : session.begin(id, typeof invocationId === 'string' ? invocationId : undefined, to);
  if (refused !== undefined || session === undefined) return refuse(response, refused ?? accepted);
  const mode = request.headers['lambda-runtime-function-response-mode'];
  if (kind === 'response' && mode !== undefined && mode !== 'streaming') {
    const errorType = 'Runtime.InvalidResponseModeHeader';
    session.answer({ kind: 'error', payload: Buffer.from(JSON.stringify({ errorType })) });
    return refuse(response, invalidResponseMode);
  }
  const message =
    kind === 'response' && mode === 'streaming'
      ? await readStream(request, (part) => session.part(part))
      : await readAnswer(request, kind === 'response' ? 'response' : 'error');
  // The runtime's own `next` comes after this answer: say it first, so that it finds its state.
  session.answer(message.says);
  switch (message.end) {
    case 'whole':
      return send(response, accepted);
    case 'too-large':
      return send(response, tooLarge);
    case 'truncated':
      return send(response, truncated);
    default:
      return undefined;
  }
}

async function initError(
  session: ApiSession | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refused = session === undefined ? invalidTransition('Started', 'InitError') : session.mayFailInit();
  if (refused !== undefined || session === undefined) return refuse(response, refused ?? accepted);
  const body = await readBody(request);
  if (body.end === 'too-large') return send(response, tooLarge);
  const header = request.headers['lambda-runtime-function-error-type'];
  const errorType = reportedErrorType(typeof header === 'string' ? header : undefined);
  // Answer before the environment hears it: the sandbox is killed for it.
  send(response, accepted);
  response.once('close', () => void session.initError(body.bytes, errorType));
}

/** Refuses before the body was read. */
function refuse(response: ServerResponse, answer: ApiAnswer): void {
  response.req.resume();
  send(response, answer);
}
