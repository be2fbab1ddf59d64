/**
 * Signatures inside archives. AWS does not publish how AWS Signer marks the archives that it signs, so Lambkin has a form of
 * its own, which `sha256sum` and `openssl` can make (README). Two files of the archive carry it:
 *
 *   META-INF/lambkin/manifest      lambkin-signature 1
 *                                  profile arn:aws:signer:us-east-1:000000000000:/signing-profiles/release/0123456789
 *                                  job <ARN>                          (may be left out)
 *                                  expires 2030-01-01T00:00:00Z       (may be left out)
 *                                                                     (an empty line)
 *                                  f <SHA-256 in hex> <path>          a file
 *                                  x <SHA-256 in hex> <path>          an executable file
 *                                  l <SHA-256 of its target> <path>   a symbolic link
 *   META-INF/lambkin/signature     the signature of the manifest's bytes: Ed25519, or ECDSA (DER) over their SHA-256
 *
 * The manifest names every file and link of the archive but these two, and nothing else: a signature says nothing of directories,
 * which hold nothing of their own.
 */
import { createHash, type KeyObject, verify } from 'node:crypto';
import { type ArchiveEntry, readArchive } from './archive.ts';
import { Contents } from './contents.ts';
import { entriesMax, manifestBytesMax, signatureBytesMax } from './limits.ts';
import { Refusal } from './refusal.ts';

export const manifestPath = 'META-INF/lambkin/manifest';
export const signaturePath = 'META-INF/lambkin/signature';

export type ArchiveSignature =
  | { readonly kind: 'unsigned' }
  /** By a profile that nobody gave a key for: it may be good or bad. */
  | { readonly kind: 'unknown-profile'; readonly profileVersionArn: string }
  /** Not the archive that was signed, or not signed by whom it says. */
  | { readonly kind: 'broken'; readonly reason: string }
  | ({ readonly kind: 'verified' } & SignedBy);

export interface SignedBy {
  readonly profileVersionArn: string;
  readonly jobArn?: string;
  /** Epoch milliseconds after which the signature is worth nothing. */
  readonly expiresAtMs?: number;
}

/** Public keys (Ed25519 or elliptic curve) by the version of the signing profile that they belong to. */
export type SigningKeys = ReadonlyMap<string, KeyObject>;

interface Manifest extends SignedBy {
  /** Path to `<kind> <digest>`. */
  readonly entries: ReadonlyMap<string, string>;
}

class Broken extends Error {
  override readonly name = 'Broken';
}

/** Verifies the signature of an archive. Its contents are read only when the signature of the manifest is good. */
export async function readSignature(archive: Uint8Array, keys: SigningKeys): Promise<ArchiveSignature> {
  try {
    return await examine(await readArchive(archive), keys);
  } catch (error) {
    if (error instanceof Broken) return { kind: 'broken', reason: error.message };
    if (error instanceof Refusal) return { kind: 'broken', reason: error.detail };
    throw error;
  }
}

async function examine(entries: readonly ArchiveEntry[], keys: SigningKeys): Promise<ArchiveSignature> {
  const contents = new Contents();
  const manifestEntries = entries.filter(({ path }) => path === manifestPath);
  const signatureEntries = entries.filter(({ path }) => path === signaturePath);
  if (manifestEntries.length === 0 && signatureEntries.length === 0) return { kind: 'unsigned' };
  const manifestBytes = await onlyFile(manifestEntries, manifestPath, manifestBytesMax, contents);
  const signature = await onlyFile(signatureEntries, signaturePath, signatureBytesMax, contents);
  const { entries: expected, ...signedBy } = parseManifest(manifestBytes);
  const key = keys.get(signedBy.profileVersionArn);
  if (key === undefined) return { kind: 'unknown-profile', profileVersionArn: signedBy.profileVersionArn };
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  if (!verify(algorithm, manifestBytes, key, signature)) throw new Broken('the signature does not fit');

  const named = new Set<string>();
  for (const entry of entries) {
    if (entry.kind === 'directory' || entry.path === manifestPath || entry.path === signaturePath) continue;
    if (expected.get(entry.path) !== (await lineOf(entry, contents))) {
      throw new Broken(`${entry.path} is not as it was signed`);
    }
    named.add(entry.path);
  }
  if (named.size !== expected.size) throw new Broken('files that were signed are missing');
  return { kind: 'verified', ...signedBy };
}

async function onlyFile(
  found: readonly ArchiveEntry[],
  path: string,
  bytesMax: number,
  contents: Contents,
): Promise<Buffer> {
  const [entry, ...more] = found;
  if (entry === undefined || more.length > 0 || entry.kind !== 'file') throw new Broken(`no sound ${path}`);
  if (entry.claimedBytes > bytesMax) throw new Broken(`${path} is larger than ${bytesMax} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of contents.chunks(entry)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function lineOf(entry: ArchiveEntry, contents: Contents): Promise<string> {
  const hash = createHash('sha256');
  if (Contents.isSmall(entry)) hash.update(contents.whole(entry));
  else for await (const chunk of contents.chunks(entry)) hash.update(chunk);
  await contents.turn();
  const kind = entry.kind === 'link' ? 'l' : entry.executable ? 'x' : 'f';
  return `${kind} ${hash.digest('hex')}`;
}

/** Throws Broken. */
function parseManifest(bytes: Buffer): Manifest {
  const lines = bytes.toString('utf8').split('\n');
  const take = (pattern: RegExp): string | undefined => {
    const match = pattern.exec(lines[at] ?? '');
    if (match) at += 1;
    return match?.[1] ?? match?.[0];
  };
  let at = 0;
  if (take(/^lambkin-signature 1$/) === undefined) throw new Broken('the manifest is of another version');
  const profileVersionArn = take(/^profile (arn:\S{1,2000})$/);
  const jobArn = take(/^job (arn:\S{1,2000})$/);
  const expires = take(/^expires (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/);
  const expiresAtMs = expires === undefined ? undefined : Date.parse(expires);
  if (profileVersionArn === undefined || Number.isNaN(expiresAtMs) || take(/^()$/) === undefined) {
    throw new Broken('the head of the manifest is not sound');
  }
  const entries = new Map<string, string>();
  if (lines.length - at - 1 > entriesMax) throw new Broken('the manifest names too many files');
  for (const line of lines.slice(at, -1)) {
    const [, signed, path] = /^([fxl] [0-9a-f]{64}) (.{1,4096})$/.exec(line) ?? [];
    if (signed === undefined || path === undefined || entries.has(path)) {
      throw new Broken(`line ${at + entries.size + 1} of the manifest is not sound`);
    }
    entries.set(path, signed);
  }
  if (lines.at(-1) !== '') throw new Broken('the manifest ends within a line');
  return {
    profileVersionArn,
    ...(jobArn !== undefined && { jobArn }),
    ...(expiresAtMs !== undefined && { expiresAtMs }),
    entries,
  };
}
