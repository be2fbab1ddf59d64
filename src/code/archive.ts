/**
 * Reads the directory of a zip archive and checks it, before any content is looked at: sizes, methods, names, kinds, and
 * that no two entries lie over one another (the trick of small archives that unpack to petabytes).
 *
 *   | header | data | header | data | ...... | directory of all entries | end record |
 *   '------ entries, disjoint -------'
 */
import { type Entry, type ZipFile, fromBufferPromise } from 'yauzl';
import { entryPath } from './entry-path.ts';
import { entriesMax, fetchedArchiveBytesMax, linkTargetBytesMax, unpackedBytesLimit } from './limits.ts';
import { emptyMessage, invalid, Refusal, tooLarge } from './refusal.ts';

export interface ArchiveEntry {
  /** Segments joined by `/`, without leading or trailing slash. */
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'link';
  readonly executable: boolean;
  readonly method: 'stored' | 'deflated';
  /** The packed bytes: a view into the archive. */
  readonly packed: Uint8Array;
  /** As the directory claims; checked while unpacking. */
  readonly claimedBytes: number;
  readonly crc32: number;
}

const unixHosts: ReadonlySet<number> = new Set([3, 19]);
const fileTypeMask = 0o170000;
const fileTypes = { regular: 0o100000, directory: 0o040000, link: 0o120000 } as const;
const localHeaderBytes = 30;
const localSignature = 0x04034b50;

/** The entries of an archive in its own order. Throws a Refusal. */
export async function readArchive(archive: Uint8Array): Promise<readonly ArchiveEntry[]> {
  if (archive.byteLength > fetchedArchiveBytesMax) {
    throw tooLarge(`an archive of ${archive.byteLength} bytes`);
  }
  const buffer = Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: ArchiveEntry[] = [];
  const spans: { readonly start: number; readonly end: number }[] = [];
  let claimedBytes = 0;
  try {
    const zip = await fromBufferPromise(buffer, { strictFileNames: true });
    if (zip.entryCount > entriesMax) throw invalid(`${zip.entryCount} entries`);
    const directoryStart = directoryOffset(zip);
    for await (const entry of zip.eachEntry()) {
      const span = spanOf(entry, buffer);
      if (span.end > directoryStart) throw invalid(`${entry.fileName} lies over the directory`);
      spans.push(span);
      claimedBytes += entry.uncompressedSize;
      if (claimedBytes >= unpackedBytesLimit) throw tooLarge(`claims ${claimedBytes} bytes`);
      const read = archiveEntry(entry, buffer.subarray(span.dataStart, span.end));
      if (read) entries.push(read);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  refuseOverlaps(spans);
  if (!entries.some(({ kind }) => kind !== 'directory')) {
    throw new Refusal('invalid', emptyMessage, 'no files');
  }
  return entries;
}

/** Where the directory starts: yauzl's cursor before the first entry (its type declares it wrongly as a boolean). */
function directoryOffset(zip: ZipFile): number {
  return Number(zip.readEntryCursor);
}

/** Finds an entry's bytes, and requires that its local header says what the directory says. */
function spanOf(
  entry: Entry,
  archive: Buffer,
): { readonly start: number; readonly dataStart: number; readonly end: number } {
  const start = entry.relativeOffsetOfLocalHeader;
  if (start + localHeaderBytes > archive.length)
    throw invalid(`${entry.fileName}: header outside the archive`);
  if (archive.readUInt32LE(start) !== localSignature) throw invalid(`${entry.fileName}: no header`);
  const nameBytes = archive.readUInt16LE(start + 26);
  const dataStart = start + localHeaderBytes + nameBytes + archive.readUInt16LE(start + 28);
  const name = archive.subarray(start + localHeaderBytes, start + localHeaderBytes + nameBytes);
  if (!name.equals(entry.fileNameRaw) || archive.readUInt16LE(start + 8) !== entry.compressionMethod) {
    throw invalid(`${entry.fileName}: header and directory differ`);
  }
  const end = dataStart + entry.compressedSize;
  if (end > archive.length) throw invalid(`${entry.fileName}: data outside the archive`);
  return { start, dataStart, end };
}

function archiveEntry(entry: Entry, packed: Uint8Array): ArchiveEntry | undefined {
  if (entry.isEncrypted()) throw invalid(`${entry.fileName} is encrypted`);
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw invalid(`${entry.fileName}: compression method ${entry.compressionMethod}`);
  }
  const mode = unixHosts.has(entry.versionMadeBy >>> 8) ? entry.externalFileAttributes >>> 16 : 0;
  const kind = kindOf(entry.fileName, mode & fileTypeMask);
  const path = entryPath(entry.fileName);
  if (path === '') {
    if (kind === 'directory') return undefined; // './'
    throw invalid('a file without a name');
  }
  if (kind === 'directory' && entry.uncompressedSize !== 0)
    throw invalid(`${path}: a directory with content`);
  if (kind === 'link' && entry.uncompressedSize > linkTargetBytesMax) throw invalid(`${path}: link too long`);
  return {
    path,
    kind,
    executable: (mode & 0o111) !== 0,
    method: entry.compressionMethod === 0 ? 'stored' : 'deflated',
    packed,
    claimedBytes: entry.uncompressedSize,
    crc32: entry.crc32,
  };
}

function kindOf(name: string, type: number): ArchiveEntry['kind'] {
  if (name.endsWith('/')) {
    if (type === 0 || type === fileTypes.directory) return 'directory';
  } else {
    if (type === 0 || type === fileTypes.regular) return 'file';
    if (type === fileTypes.link) return 'link';
  }
  throw invalid(`${name}: file type ${type.toString(8)}`);
}

function refuseOverlaps(spans: { readonly start: number; readonly end: number }[]): void {
  let reached = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start < reached) throw invalid(`entries overlap at ${start}`);
    reached = end;
  }
}
