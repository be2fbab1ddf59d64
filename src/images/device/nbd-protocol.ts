/**
 * The numbers of the network block device protocol, fixed newstyle, as far as a read-only export needs them.
 * Source: github.com/NetworkBlockDevice/nbd, doc/proto.md. All numbers are big-endian.
 *
 *     server  "NBDMAGIC" "IHAVEOPT" flags[2]                     client  flags[4]
 *     client  "IHAVEOPT" option[4] length[4] data[length]        server  magic[8] option[4] type[4] length[4] data[length]
 *             ... until EXPORT_NAME or GO was granted, then
 *     client  magic[4] flags[2] type[2] cookie[8] offset[8] length[4], and data where it writes
 *     server  magic[4] error[4] cookie[8], and data where it was read
 */
export const greeting = Buffer.from('NBDMAGICIHAVEOPT\x00\x03', 'latin1');
export const optionMagic = 0x49_48_41_56_45_4f_50_54n;
export const optionReplyMagic = 0x00_03_e8_89_04_55_65_a9n;
export const requestMagic = 0x25_60_95_13;
export const replyMagic = 0x67_44_66_98;

export const clientFlags = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const options = { exportName: 1, abort: 2, list: 3, info: 6, go: 7 } as const;

export const optionReplies = {
  ack: 1,
  server: 2,
  info: 3,
  unsupported: 0x80_00_00_01,
  invalid: 0x80_00_00_03,
  unknownExport: 0x80_00_00_06,
} as const;

export const infoTypes = { export: 0, blockSize: 3 } as const;

export const commands = { read: 0, write: 1, disconnect: 2, trim: 4, writeZeroes: 6 } as const;

export const errors = { none: 0, notPermitted: 1, io: 5, invalid: 22, overflow: 75 } as const;

/** Has flags, read-only, and several connections see the same. */
export const transmissionFlags = 0x01 | 0x02 | 0x1_00;

export function optionReply(option: number, type: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(optionReplyMagic, 0);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.byteLength, 16);
  return Buffer.concat([head, data]);
}

/** What EXPORT_NAME is answered with; older clients want zeros after it. */
export function exportAnswer(sizeBytes: number, zeros: boolean): Buffer {
  const bytes = Buffer.alloc(zeros ? 134 : 10);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 0);
  bytes.writeUInt16BE(transmissionFlags, 8);
  return bytes;
}

export function exportInfo(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(infoTypes.export, 0);
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 2);
  bytes.writeUInt16BE(transmissionFlags, 10);
  return bytes;
}

export function blockSizeInfo(preferredBytes: number, payloadBytesMax: number): Buffer {
  const bytes = Buffer.alloc(14);
  bytes.writeUInt16BE(infoTypes.blockSize, 0);
  bytes.writeUInt32BE(1, 2);
  bytes.writeUInt32BE(preferredBytes, 6);
  bytes.writeUInt32BE(payloadBytesMax, 10);
  return bytes;
}

/** A name with its length before it. */
export function named(name: string): Buffer {
  const bytes = Buffer.from(`\0\0\0\0${name}`);
  bytes.writeUInt32BE(bytes.length - 4, 0);
  return bytes;
}

export function reply(cookie: bigint, error: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(replyMagic, 0);
  bytes.writeUInt32BE(error, 4);
  bytes.writeBigUInt64BE(cookie, 8);
  return bytes;
}
