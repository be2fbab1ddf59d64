/**
 * Sparse files: which pieces of the file the data in the archive are. Four forms: GNU's own (type S), and in pax headers 0.0 (records in a
 * row), 0.1 (one record with a list) and 1.0 (a list before the data). Source: GNU tar manual, "Storing Sparse Files".
 */
import { tarLimits } from '../limits.ts';
import { malformed, tooLarge } from '../refusal.ts';
import type { ByteReader } from './byte-reader.ts';
import { count, recordBytes } from './header.ts';
import { whole, type PaxRecord } from './pax.ts';

/** Where in the file data stand. */
export interface Piece {
  readonly offset: number;
  readonly bytes: number;
}

/** Gathers the pieces of one file, and holds them to what they must be. */
export class SparseMap {
  readonly #pieces: Piece[] = [];
  #end = 0;
  #dataBytes = 0;

  add(offset: number, bytes: number): void {
    // Writers end the map with an empty piece, so that the file's size shows.
    if (bytes === 0) return;
    if (offset < this.#end || !Number.isSafeInteger(offset + bytes)) {
      throw malformed('a sparse file has pieces that overlap');
    }
    if (this.#pieces.length === tarLimits.sparsePiecesMax)
      throw tooLarge('a sparse file has too many pieces');
    this.#pieces.push({ offset, bytes });
    this.#end = offset + bytes;
    this.#dataBytes += bytes;
  }

  /** The pieces, in order and apart, for a file of `sizeBytes` with `dataBytes` in the archive. */
  finish(sizeBytes: number, dataBytes: number): readonly Piece[] {
    if (this.#end > sizeBytes) throw malformed('a sparse file has pieces beyond its end');
    if (this.#dataBytes !== dataBytes) throw malformed('a sparse file has other data than its map says');
    if (sizeBytes > tarLimits.sparseBytesMax) throw tooLarge('a sparse file is too large');
    return this.#pieces;
  }
}

/** The map of type S: four pieces in the header, 21 in each block that follows it. */
export async function readGnuMap(header: Buffer, reader: ByteReader, map: SparseMap): Promise<number> {
  const sizeBytes = count(header, 483, 12);
  addPieces(header, 386, 4, map);
  let more = header[482] !== 0;
  while (more) {
    const block = await reader.demand(recordBytes);
    addPieces(block, 0, 21, map);
    more = block[504] !== 0;
    // An endless row of empty pieces is no map.
    if (more && block[0] === 0) throw malformed('a sparse file has an empty map block');
  }
  return sizeBytes;
}

function addPieces(block: Buffer, start: number, pieces: number, map: SparseMap): void {
  for (let index = 0; index < pieces; index += 1) {
    const at = start + index * 24;
    if (block[at] === 0) return;
    map.add(count(block, at, 12), count(block, at + 12, 12));
  }
}

/** What pax records say about a sparse file. */
export interface PaxSparse {
  readonly name: string | undefined;
  readonly sizeBytes: number;
  /** The map stands before the data (1.0) rather than in `map`. */
  readonly mapInData: boolean;
  readonly map: SparseMap;
}

/** undefined: no sparse file. */
export function paxSparse(records: readonly PaxRecord[]): PaxSparse | undefined {
  const map = new SparseMap();
  let name: string | undefined;
  let sizeBytes: number | undefined;
  let offset = 0;
  let major = 0;
  for (const record of records) {
    switch (record.key) {
      case 'GNU.sparse.major':
        major = whole(record);
        break;
      case 'GNU.sparse.size':
      case 'GNU.sparse.realsize':
        sizeBytes = whole(record);
        break;
      case 'GNU.sparse.name':
        name = record.value;
        break;
      case 'GNU.sparse.offset':
        offset = whole(record);
        break;
      case 'GNU.sparse.numbytes':
        map.add(offset, whole(record));
        break;
      case 'GNU.sparse.map':
        addList(record, map);
        break;
      default:
        break;
    }
  }
  if (sizeBytes === undefined) return undefined;
  if (major > 1) throw malformed(`sparse files of form ${major} are not known`);
  return { name, sizeBytes, mapInData: major === 1, map };
}

function addList(record: PaxRecord, map: SparseMap): void {
  if (record.value === '') return;
  const numbers = record.value.split(',', 2 * tarLimits.sparsePiecesMax + 3);
  if (numbers.length % 2 !== 0) throw malformed('the map of a sparse file has an odd number');
  for (let index = 0; index < numbers.length; index += 2) {
    const [offset = '', bytes = ''] = numbers.slice(index, index + 2);
    map.add(whole({ key: record.key, value: offset }), whole({ key: record.key, value: bytes }));
  }
}

/** Reads the map before the data: a count, then offset and size of each piece, one number a line, filled up to whole blocks. Resolves with its bytes. */
export async function readMapInData(reader: ByteReader, map: SparseMap): Promise<number> {
  let bytes = 0;
  let line = '';
  let pieces: number | undefined;
  const numbers: number[] = [];
  for (;;) {
    const block = await reader.demand(recordBytes);
    bytes += recordBytes;
    if (bytes > tarLimits.sparseMapBytesMax) throw tooLarge('the map of a sparse file is too large');
    for (const character of block.toString('latin1')) {
      if (character !== '\n') {
        line += character;
        continue;
      }
      const value = whole({ key: 'GNU.sparse.map', value: line });
      line = '';
      if (pieces === undefined) pieces = value;
      else numbers.push(value);
      if (numbers.length === 2) map.add(numbers[0] ?? 0, numbers[1] ?? 0);
      if (numbers.length === 2) {
        numbers.length = 0;
        pieces -= 1;
      }
      if (pieces === 0) return bytes;
    }
    if (line.length > 2 * recordBytes) throw malformed('the map of a sparse file has a number that is none');
  }
}
