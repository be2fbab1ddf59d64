/** Takes the code out of a request. */
import type { OpenCodeStore, StoreOutcome } from '#code';
import type { CodeRecord } from '#metadata';
import type { Input } from '#wire';
import { invalidParameter, notServed } from './answers.ts';
import { text } from './request.ts';

/** `source` is CreateFunction's Code, or UpdateFunctionCode's whole input. Throws a WireError. */
export function archiveOf(source: Input): Uint8Array {
  if (text(source, 'ImageUri') !== undefined) throw notServed('container images (ImageUri)');
  if (text(source, 'SourceKMSKeyArn')) throw notServed('SourceKMSKeyArn');
  const zipFile = source.ZipFile;
  const fromS3 = ['S3Bucket', 'S3Key', 'S3ObjectVersion', 'S3ObjectStorageMode'].find(
    (member) => text(source, member) !== undefined,
  );
  if (zipFile instanceof Uint8Array) {
    if (fromS3 !== undefined) {
      throw invalidParameter('Please do not provide other FunctionCode parameters when providing a ZipFile.');
    }
    return zipFile;
  }
  if (fromS3 !== undefined) throw notServed(`code from S3 (${fromS3}); send the archive as ZipFile`);
  throw invalidParameter('Please provide a source for function code.');
}

/** Stores the archive, or only checks it. Throws a WireError for one that cannot be taken. */
export async function takeArchive(
  archive: Uint8Array,
  code: Pick<OpenCodeStore, 'store' | 'check'>,
  how: 'store' | 'check',
): Promise<CodeRecord> {
  const outcome: StoreOutcome = await code[how](archive);
  if (outcome.kind === 'refused') throw invalidParameter(outcome.message);
  return outcome.code;
}
