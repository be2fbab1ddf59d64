/** A request of the distribution API, once it is known who sends it. */
import type { Principal } from '#identity';
import type { Authorize, HostAnswer, RequestContext, StreamRequest } from '#wire';
import { OciError } from './oci-error.ts';
import type { Contents } from '../store/contents.ts';
import type { Deletions } from '../store/deletions.ts';
import type { Repositories } from '../store/repositories.ts';
import type { Uploads } from '../store/uploads.ts';

/** What all requests work on. */
export interface OciFloor {
  readonly repositories: Repositories;
  readonly deletions: Deletions;
  readonly contents: Contents;
  readonly uploads: Uploads;
  readonly authorize: Authorize;
  readonly region: string;
  readonly nowMs: () => number;
}

export class OciRequest {
  readonly floor: OciFloor;
  readonly stream: StreamRequest;
  readonly query: URLSearchParams;
  readonly #context: RequestContext;

  constructor(floor: OciFloor, stream: StreamRequest, principal: Principal) {
    this.floor = floor;
    this.stream = stream;
    this.query = new URLSearchParams(stream.request.rawQuery);
    const { headers } = stream.request;
    const userAgent = headers['user-agent'];
    this.#context = {
      requestId: stream.requestId,
      principal,
      region: floor.region,
      endpoint: `http://${String(headers['host'])}`,
      sourceIp: stream.sourceIp,
      ...(typeof userAgent === 'string' && { userAgent }),
      signal: stream.signal,
    };
  }

  get method(): string {
    return this.stream.request.method;
  }

  header(name: string): string | string[] | undefined {
    return this.stream.request.headers[name];
  }

  /** What the client sends. That it broke off is no fault of ours. */
  async *body(): AsyncGenerator<Uint8Array, void> {
    try {
      yield* this.stream.body;
    } catch (cause) {
      throw new OciError('BLOB_UPLOAD_INVALID', 'The body broke off.', { cause });
    }
  }

  /** Throws a WireError unless the sender may do what ECR calls `operation`. */
  authorize(operation: string, repositoryName?: string): void {
    this.floor.authorize(operation, repositoryName === undefined ? {} : { repositoryName }, this.#context);
  }
}

export function answer(
  statusCode: number,
  headers: Readonly<Record<string, string>> = {},
  body?: HostAnswer['body'],
): HostAnswer {
  return { statusCode, headers: { 'docker-distribution-api-version': 'registry/2.0', ...headers }, body };
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): HostAnswer {
  return answer(200, { 'content-type': 'application/json', ...headers }, Buffer.from(JSON.stringify(value)));
}
