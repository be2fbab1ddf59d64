/** What the first bytes of a file say about how the kernel would execute it. ELF as of the System V gABI: class, machine, program headers. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { programHeadersMax } from './limits.ts';

export type ProgramHead =
  /** `interpreter`: what has to be there too. Undefined: nothing. */
  | { readonly kind: 'program'; readonly interpreter: string | undefined }
  /** Nothing that this host executes. */
  | { readonly kind: 'not-a-program' };

const headBytes = 256;
const elf = { wide: 2, little: 1, interpreter: 3, headerBytes: 56 } as const;
/** e_machine. */
const machines: Readonly<Record<string, number>> = { x64: 62, arm64: 183 };

const notAProgram: ProgramHead = { kind: 'not-a-program' };

/** Rejects where the file cannot be read. `arch` as in `process.arch`. */
export async function readProgramHead(path: string, arch: string): Promise<ProgramHead> {
  const file = await open(path, 'r');
  try {
    const head = await bytesAt(file, 0, headBytes);
    const script = /^#![ \t]*([^\s\0]+)/.exec(head.toString('latin1'));
    if (script !== null) return { kind: 'program', interpreter: script[1] };
    if (head.length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return notAProgram;
    if (head[4] !== elf.wide || head[5] !== elf.little || head.readUInt16LE(18) !== machines[arch]) {
      return notAProgram;
    }
    return { kind: 'program', interpreter: await elfInterpreter(file, head) };
  } finally {
    await file.close();
  }
}

async function elfInterpreter(file: FileHandle, head: Buffer): Promise<string | undefined> {
  const offset = Number(head.readBigUInt64LE(32));
  const entryBytes = head.readUInt16LE(54);
  const count = Math.min(head.readUInt16LE(56), programHeadersMax);
  if (entryBytes < elf.headerBytes || !Number.isSafeInteger(offset)) return undefined;
  const table = await bytesAt(file, offset, entryBytes * count);
  for (let at = 0; at + elf.headerBytes <= table.length; at += entryBytes) {
    if (table.readUInt32LE(at) !== elf.interpreter) continue;
    const place = Number(table.readBigUInt64LE(at + 8));
    const bytes = Math.min(Number(table.readBigUInt64LE(at + 32)), 4_096);
    if (!Number.isSafeInteger(place)) return undefined;
    return (await bytesAt(file, place, bytes)).toString('latin1').replace(/\0.*$/s, '');
  }
  return undefined;
}

async function bytesAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
