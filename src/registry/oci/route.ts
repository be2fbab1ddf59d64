/** The distribution API under `/v2/`: who it is, what is wanted, whether it is allowed; then the work, and errors in the API's own form. */
import { StoreUnavailableError } from '#platform';
import {
  type HostAnswer,
  type ReportFault,
  type StreamRequest,
  type StreamRoute,
  WireError,
  type WireResponse,
} from '#wire';
import type { Passwords } from '../ecr/passwords.ts';
import { workOnBlob } from './blobs.ts';
import { listReferrers, listRepositories, listTags, workOnManifest } from './manifests.ts';
import { type OciCode, OciError } from './oci-error.ts';
import { apiPrefix, type OciTarget, targetOf } from './paths.ts';
import { answer, type OciFloor, OciRequest } from './request.ts';
import { beginUpload, workOnUpload } from './uploads.ts';

export interface OciRouteOptions {
  readonly floor: OciFloor;
  readonly passwords: Passwords;
  readonly reportFault: ReportFault;
}

export function ociRoute({ floor, passwords, reportFault }: OciRouteOptions): StreamRoute {
  const serve = async (stream: StreamRequest): Promise<HostAnswer> => {
    const principal = passwords.principal(stream.request.headers['authorization']);
    if (principal === undefined) {
      throw new OciError(
        'UNAUTHORIZED',
        'Authentication is required: an access key, or the user AWS with its password.',
        {
          headers: {
            'www-authenticate': `Basic realm="http://${realmOf(stream)}/",service="ecr.amazonaws.com"`,
          },
        },
      );
    }
    const request = new OciRequest(floor, stream, principal);
    const target = targetOf(stream.request.rawPath);
    return work(request, target);
  };
  return {
    pathPrefix: apiPrefix,
    async serve(stream) {
      try {
        return await serve(stream);
      } catch (error) {
        if (isFault(error) && !stream.signal.aborted) {
          reportFault(error, `${stream.request.method} ${apiPrefix}`, stream.requestId);
        }
        throw error;
      }
    },
    encodeError: encodeOciError,
  };
}

async function work(request: OciRequest, target: OciTarget): Promise<HostAnswer> {
  switch (target.kind) {
    case 'version':
      only(request, 'GET', 'HEAD');
      return answer(200, { 'content-type': 'application/json' }, Buffer.from('{}'));
    case 'catalog':
      only(request, 'GET');
      return listRepositories(request);
    case 'uploads':
      only(request, 'POST');
      return beginUpload(request, target.repository);
    case 'upload':
      return workOnUpload(request, target.repository, target.upload);
    case 'blob':
      return workOnBlob(request, target.repository, target.digest);
    case 'manifest':
      return workOnManifest(request, target.repository, target.reference);
    case 'tags':
      only(request, 'GET');
      return listTags(request, target.repository);
    case 'referrers':
      only(request, 'GET');
      return listReferrers(request, target.repository, target.digest);
    default:
      return target satisfies never;
  }
}

function only({ method }: OciRequest, ...methods: readonly string[]): void {
  if (!methods.includes(method)) {
    throw new OciError('UNSUPPORTED', `This path is served by ${methods.join(' and ')}.`);
  }
}

function isFault(error: unknown): boolean {
  return !(error instanceof OciError || error instanceof WireError);
}

/** What is no error of the API says nothing of what it was. */
export function encodeOciError(error: unknown, requestId: string): WireResponse {
  const told = ociErrorOf(error);
  const { code, message, detail } = told;
  return {
    statusCode: told.statusCode,
    headers: {
      'content-type': 'application/json',
      'docker-distribution-api-version': 'registry/2.0',
      'x-amzn-RequestId': requestId,
      ...told.headers,
    },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message, ...(detail && { detail }) }] })),
  };
}

function ociErrorOf(error: unknown): OciError {
  if (error instanceof OciError) return error;
  if (error instanceof WireError) return new OciError(codeOf(error), error.message);
  if (error instanceof StoreUnavailableError) {
    return new OciError('UNAVAILABLE', 'The registry cannot serve this now. Try again later.');
  }
  return new OciError('UNKNOWN', 'The request could not be processed.');
}

function codeOf({ errorName }: WireError): OciCode {
  if (errorName === 'AccessDeniedException') return 'DENIED';
  return errorName === 'ServiceUnavailableException' ? 'UNAVAILABLE' : 'UNSUPPORTED';
}

/** The host that the client used, if it can stand in a header's quotes. */
function realmOf({ request }: StreamRequest): string {
  const { host } = request.headers;
  return typeof host === 'string' && /^[\w.:[\]-]+$/.test(host) ? host : 'localhost';
}
