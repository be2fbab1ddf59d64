/**
 * Access control lists: archives carry them as the kernel's calls give them, the format stores them shorter.
 *
 *     call   version 2 [4]; entries: tag[2] permissions[2] id[4]
 *     disk   version 1 [4]; entries: tag[2] permissions[2], and id[4] only where the tag names somebody
 */
import { malformed } from '../refusal.ts';

const namedUser = 0x02;
const namedGroup = 0x08;
const tags: ReadonlySet<number> = new Set([0x01, namedUser, 0x04, namedGroup, 0x10, 0x20]);

export function aclOnDisk(value: Buffer): Buffer {
  if (value.length < 12 || value.length % 8 !== 4 || value.readUInt32LE(0) !== 2) {
    throw malformed('an access control list is none');
  }
  const parts: Buffer[] = [Buffer.from([1, 0, 0, 0])];
  for (let at = 4; at < value.length; at += 8) {
    const tag = value.readUInt16LE(at);
    if (!tags.has(tag) || value.readUInt16LE(at + 2) > 7) throw malformed('an access control list is none');
    const named = tag === namedUser || tag === namedGroup;
    parts.push(value.subarray(at, at + (named ? 8 : 4)));
  }
  return Buffer.concat(parts);
}
