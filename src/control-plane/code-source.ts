/** Takes archives out of requests: those that came with them, and those that they name in S3. Layers do so too. */
import { archiveBytesMax, type FetchOutcome, type OpenCodeStore } from '#code';
import { unreachable } from '#lib/assert';
import type { CodeRecord } from '#metadata';
import { type Input, WireError } from '#wire';
import { codeStorageExceeded, invalidParameter, notServed } from './answers.ts';
import type { Context } from './context.ts';
import { text } from './request.ts';

const s3Members = ['S3Bucket', 'S3Key', 'S3ObjectVersion', 'S3ObjectStorageMode'] as const;

/**
 * The archive that `source` carries or names in S3: CreateFunction's Code, UpdateFunctionCode's whole input, or
 * PublishLayerVersion's Content. Throws a WireError.
 */
export async function fetchArchive(
  { archives }: Pick<Context, 'archives'>,
  source: Input,
): Promise<Uint8Array> {
  const zipFile = source['ZipFile'];
  const fromS3 = s3Members.some((member) => text(source, member) !== undefined);
  if (text(source, 'S3ObjectStorageMode') === 'REFERENCE') {
    throw notServed('S3ObjectStorageMode REFERENCE (code that stays in S3)');
  }
  if (zipFile instanceof Uint8Array) {
    if (fromS3) {
      throw invalidParameter('Please do not provide other FunctionCode parameters when providing a ZipFile.');
    }
    if (zipFile.byteLength > archiveBytesMax) {
      throw invalidParameter(`Zip file must be at most ${archiveBytesMax} bytes; put a larger one into S3.`);
    }
    return zipFile;
  }
  if (!fromS3) throw invalidParameter('Please provide a source for function code.');
  const bucket = text(source, 'S3Bucket');
  const key = text(source, 'S3Key');
  if (bucket === undefined || key === undefined) {
    throw invalidParameter('Please provide both S3Bucket and S3Key for code that is in S3.');
  }
  const outcome = await archives.fetch({ bucket, key, version: text(source, 'S3ObjectVersion') });
  if (outcome.kind === 'fetched') return outcome.archive;
  throw fetchError(outcome, `${bucket}/${key}`);
}

/** Stores the archive, or only checks it. Throws a WireError for one that cannot be taken. */
export async function takeArchive(
  archive: Uint8Array,
  code: Pick<OpenCodeStore, 'store' | 'check'>,
  how: 'store' | 'check',
): Promise<CodeRecord> {
  const outcome = await code[how](archive);
  if (outcome.kind === 'refused') throw invalidParameter(outcome.message);
  return outcome.code;
}

/** Throws unless the account may store so much more. */
export function requireRoom({ limits, usage }: Context, accountId: string, archiveBytes: number): void {
  if (usage(accountId).codeSizeBytes + archiveBytes > limits.codeStorageBytesMax) throw codeStorageExceeded();
}

const denials: ReadonlySet<string> = new Set(['AccessDenied', 'InvalidAccessKeyId', 'SignatureDoesNotMatch']);

function fetchError(outcome: Exclude<FetchOutcome, { kind: 'fetched' }>, object: string): WireError {
  switch (outcome.kind) {
    case 'no-endpoint':
      return invalidParameter(
        'Lambkin does not know an S3 to read code from. Start it with --endpoint s3=http://host:port (or with AWS_ENDPOINT_URL_S3 in its environment), or send the archive as ZipFile.',
      );
    case 'no-credentials':
      return invalidParameter(
        'Lambkin has no credentials for S3. Start it with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or AWS_PROFILE) in its environment, or send the archive as ZipFile.',
      );
    case 'too-large':
      return invalidParameter(`The object ${object} is larger than ${outcome.bytesMax} bytes.`);
    case 'busy':
      return new WireError('TooManyRequestsException', 'Rate Exceeded.');
    case 'unavailable':
      return new WireError('ServiceException', `S3 cannot be read now. ${outcome.reason}`);
    case 'refused': {
      const cause = `S3 Error Code: ${outcome.code}. S3 Error Message: ${outcome.message}`;
      if (!denials.has(outcome.code)) return invalidParameter(`Error occurred while GetObject. ${cause}`);
      return new WireError(
        'AccessDeniedException',
        `Your access has been denied by S3, please make sure your request credentials have permission to GetObject for ${object}. ${cause}`,
      );
    }
    default:
      return unreachable(outcome);
  }
}
