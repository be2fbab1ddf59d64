/**
 * The records of a pax extended header: `<length> <key>=<value>\n`, where the length counts the whole record. Values are bytes (latin1 text),
 * because extended attributes are. Source: POSIX pax, "pax Header Block".
 */
import { tarLimits } from '../limits.ts';
import { malformed, tooLarge } from '../refusal.ts';

export interface PaxRecord {
  readonly key: string;
  readonly value: string;
}

export function parsePax(bytes: Buffer): readonly PaxRecord[] {
  const records: PaxRecord[] = [];
  for (let at = 0; at < bytes.length;) {
    // Some writers fill the rest with NUL.
    if (bytes[at] === 0) break;
    const space = bytes.indexOf(0x20, at);
    const digits = space === -1 || space - at > 8 ? '' : bytes.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) {
      throw malformed('a pax header has a record of a wrong length');
    }
    const equals = bytes.indexOf(0x3d, space + 1);
    if (equals <= space + 1 || equals >= end) throw malformed('a pax header has a record without a key');
    if (records.length >= tarLimits.recordsPerHeaderMax && !isSparsePiece(bytes, space + 1)) {
      throw tooLarge('a pax header has too many records');
    }
    records.push({
      key: bytes.toString('latin1', space + 1, equals),
      value: bytes.toString('latin1', equals + 1, end - 1),
    });
    if (records.length > 2 * tarLimits.sparsePiecesMax) throw tooLarge('a pax header has too many records');
    at = end;
  }
  return records;
}

/** Sparse files of pax form 0.0 have two records for each piece. */
function isSparsePiece(bytes: Buffer, at: number): boolean {
  return bytes.toString('latin1', at, at + 11) === 'GNU.sparse.';
}

/** A decimal number, possibly with sign and fraction (times have both). */
export function decimal({ key, value }: PaxRecord): number {
  if (!/^-?\d{1,20}(\.\d{1,30})?$/.test(value)) throw malformed(`the pax record ${key} is no number`);
  return Number(value);
}

/** A whole number from 0. */
export function whole(record: PaxRecord): number {
  const value = decimal(record);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw malformed(`the pax record ${record.key} is out of range`);
  }
  return value;
}
