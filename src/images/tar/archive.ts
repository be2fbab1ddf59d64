/**
 * Reads a tar archive entry by entry. Extension headers (pax, GNU long names) are gathered until the entry that they are about.
 *
 *     const archive = new TarArchive(reader);
 *     for (let entry; (entry = await archive.next()); )       // skips contents that were not read
 *       for (let data; (data = await archive.content()); )    // data of a file, in the order of its pieces
 */
import { tarLimits } from '../limits.ts';
import { forbidden, malformed, shown, tooLarge } from '../refusal.ts';
import type { ByteReader } from './byte-reader.ts';
import type { Entry } from './entry.ts';
import { parseHeader, recordBytes, type Header } from './header.ts';
import { entryAttributes, overlay, type Extensions } from './overlay.ts';
import { parsePax, type PaxRecord } from './pax.ts';
import { paxSparse, readGnuMap, readMapInData, SparseMap, type Piece } from './sparse.ts';

export class TarArchive {
  readonly #reader: ByteReader;
  readonly #global = new Map<string, PaxRecord>();
  #globalBytes = 0;
  /** Of the current entry: content that was not read, and what fills its last block. */
  #contentBytes = 0;
  #paddingBytes = 0;

  constructor(reader: ByteReader) {
    this.#reader = reader;
  }

  /** undefined: the end of the archive; the stream is then read to its end. */
  async next(): Promise<Entry | undefined> {
    const extensions: { -readonly [Key in keyof Extensions]: Extensions[Key] } = {
      records: [],
      longName: undefined,
      longLink: undefined,
    };
    for (let inRow = 0; ; inRow += 1) {
      await this.#skipRest();
      const block = await this.#reader.read(recordBytes);
      const header = block && parseHeader(block);
      if (block === undefined || header === undefined) {
        if (inRow > 0) throw malformed('an archive ends with an extension header');
        if (block !== undefined) await this.#endOfArchive();
        return undefined;
      }
      if (inRow > tarLimits.extensionsInRowMax) throw tooLarge('an entry has too many extension headers');
      switch (header.type) {
        case 'x':
        case 'X':
          extensions.records = parsePax(await this.#extension(header));
          continue;
        case 'g':
          for (const record of parsePax(await this.#extension(header))) this.#remember(record);
          inRow -= 1;
          continue;
        case 'L':
          extensions.longName = untilNul(await this.#extension(header));
          continue;
        case 'K':
          extensions.longLink = untilNul(await this.#extension(header));
          continue;
        case 'V': // a volume's label
          this.#expect(header.sizeBytes);
          inRow -= 1;
          continue;
        default: {
          const map = header.type === 'S' ? Buffer.from(block) : block;
          return await this.#entry(header, map, extensions);
        }
      }
    }
  }

  /** The next bytes of the current file, good until the next call; undefined at its end. */
  async content(): Promise<Buffer | undefined> {
    if (this.#contentBytes === 0) return undefined;
    const some = await this.#reader.some(this.#contentBytes);
    if (some === undefined) throw malformed('the archive is cut short');
    this.#contentBytes -= some.length;
    return some;
  }

  async #entry(plain: Header, block: Buffer, extensions: Extensions): Promise<Entry> {
    const records =
      this.#global.size === 0 ? extensions.records : [...this.#global.values(), ...extensions.records];
    const { header, mtime } = overlay(plain, { ...extensions, records });
    const metadata = {
      path: header.name,
      mode: header.mode,
      uid: header.uid,
      gid: header.gid,
      mtime,
      attributes: records.length === 0 ? [] : entryAttributes(records),
    };
    switch (header.type) {
      case '0':
      case '\0':
      case '7':
      case 'S': {
        // Before POSIX, a directory was a file whose name ends so.
        if (header.type === '\0' && header.name.endsWith('/')) return { ...metadata, kind: 'directory' };
        const file = await this.#file(header, block, records);
        return { ...metadata, kind: 'file', ...file, path: file.name ?? metadata.path };
      }
      case '1':
        return { ...metadata, kind: 'link', target: header.linkName };
      case '2':
        return { ...metadata, kind: 'symlink', target: header.linkName };
      case '3':
      case '4':
        throw forbidden(`${shown(header.name)} is a device`);
      case '5':
        return { ...metadata, kind: 'directory' };
      case '6':
        return { ...metadata, kind: 'fifo' };
      default:
        throw forbidden(`${shown(header.name)} is of a type that is not known: ${shown(header.type)}`);
    }
  }

  async #file(
    header: Header,
    block: Buffer,
    records: readonly PaxRecord[],
  ): Promise<{ name: string | undefined; sizeBytes: number; pieces: readonly Piece[] | undefined }> {
    const dataBytes = header.sizeBytes;
    if (header.type === 'S') {
      const map = new SparseMap();
      const sizeBytes = await readGnuMap(block, this.#reader, map);
      this.#expect(dataBytes);
      return { name: undefined, sizeBytes, pieces: map.finish(sizeBytes, dataBytes) };
    }
    const sparse = records.length === 0 ? undefined : paxSparse(records);
    this.#expect(dataBytes);
    if (sparse === undefined) return { name: undefined, sizeBytes: dataBytes, pieces: undefined };
    if (sparse.mapInData) {
      const mapBytes = await readMapInData(this.#reader, sparse.map);
      if (mapBytes > dataBytes) throw malformed('the map of a sparse file is longer than its data');
      this.#contentBytes -= mapBytes;
    }
    return {
      name: sparse.name,
      sizeBytes: sparse.sizeBytes,
      pieces: sparse.map.finish(sparse.sizeBytes, this.#contentBytes),
    };
  }

  #expect(bytes: number): void {
    this.#contentBytes = bytes;
    this.#paddingBytes = (recordBytes - (bytes % recordBytes)) % recordBytes;
  }

  async #skipRest(): Promise<void> {
    if (this.#contentBytes > 0) await this.#reader.skip(this.#contentBytes);
    if (this.#paddingBytes > 0) await this.#reader.skip(this.#paddingBytes);
    this.#contentBytes = 0;
    this.#paddingBytes = 0;
  }

  async #extension({ sizeBytes }: Header): Promise<Buffer> {
    if (sizeBytes > tarLimits.extensionBytesMax) throw tooLarge('an extension header is too large');
    const bytes = await this.#reader.demand(sizeBytes);
    this.#expect(sizeBytes);
    this.#contentBytes = 0;
    return bytes;
  }

  #remember(record: PaxRecord): void {
    const before = this.#global.get(record.key);
    this.#globalBytes += record.value.length - (before?.value.length ?? 0);
    this.#global.set(record.key, record);
    const tooMany = this.#global.size > tarLimits.recordsPerHeaderMax;
    if (tooMany || this.#globalBytes > tarLimits.extensionBytesMax)
      throw tooLarge('too many global pax records');
  }

  /** A second block of zeros must follow, if anything does. */
  async #endOfArchive(): Promise<void> {
    const block = await this.#reader.read(recordBytes);
    if (block !== undefined && parseHeader(block) !== undefined) {
      throw malformed('an archive goes on after its end');
    }
    await this.#reader.drain();
  }
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end === -1 ? bytes.length : end);
}
