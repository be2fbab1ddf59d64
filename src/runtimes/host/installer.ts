/**
 * Installs a runtime pack: fetches the npm package, checks its digest while it streams, keeps nothing of it but the Node
 * binary and its licence, lets the binary tell its version, and only then gives it its name. What is under its name is good.
 */
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { chmod, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import type { Cancel, Clock } from '#platform';
import type { InstallOutcome } from '../catalogue.ts';
import {
  binaryBytesMax,
  downloadStallMs,
  metadataBytesMax,
  packBytesMax,
  probeTimeoutMs,
} from '../limits.ts';
import type { Pack } from '../packs.ts';
import { ask } from './program.ts';

export type Fetch = (url: string, options: { readonly signal: AbortSignal }) => Promise<Response>;

export interface InstallerOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly registry: string;
  readonly fetch: Fetch;
}

const unfinished = 'installing-';
/** What is kept of a package, and where it goes. */
const keptFiles: ReadonlyMap<string, string> = new Map([
  ['package/bin/node', 'bin/node'],
  ['package/LICENSE', 'LICENSE'],
]);

/** Something that a user can be told as it is. */
class Refused extends Error {}

export class Installer {
  readonly #options: InstallerOptions;
  #swept = false;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  async install(pack: Pack): Promise<InstallOutcome> {
    const label = `${pack.name}@${pack.version}`;
    try {
      await this.#install(pack);
      return { kind: 'installed' };
    } catch (error) {
      return { kind: 'failed', reason: `${label} could not be installed: ${reasonOf(error)}.` };
    }
  }

  async #install(pack: Pack): Promise<void> {
    const { directory } = this.#options;
    mkdirSync(directory, { recursive: true });
    if (!this.#swept) this.#sweep();
    const folder = mkdtempSync(join(directory, unfinished));
    try {
      await this.#fetchInto(folder, pack);
      const command = join(folder, 'bin', 'node');
      await chmod(command, 0o755);
      const said = (await ask(command, ['--version'], probeTimeoutMs))?.trim();
      if (said !== `v${pack.version}`) {
        throw new Refused('its Node does not run on this host (it needs glibc 2.28 or later on Linux)');
      }
      await chmod(folder, 0o755);
      await publish(folder, join(directory, `${pack.name}-${pack.version}`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Removes what an installation that was killed has left. */
  #sweep(): void {
    this.#swept = true;
    for (const entry of readdirSync(this.#options.directory)) {
      if (entry.startsWith(unfinished)) {
        rmSync(join(this.#options.directory, entry), { recursive: true, force: true });
      }
    }
  }

  async #fetchInto(folder: string, pack: Pack): Promise<void> {
    const stall = new AbortController();
    const registry = this.#options.registry.replace(/\/+$/, '');
    const metadata = await this.#text(`${registry}/${pack.name}/${pack.version}`, stall);
    const url = tarballOf(metadata);
    if (url === undefined) throw new Refused(`${registry} does not say where to download it`);
    // Loaded here, since few Lambkins install anything.
    const { extract } = await import('tar-stream');
    const body = await this.#body(url, stall);
    const digest = createHash('sha512');
    const unpack = extract();
    const checked = this.#metered(packBytesMax, stall, (chunk) => digest.update(chunk));
    await Promise.all([pipeline(body, checked, createGunzip(), unpack), keep(unpack, folder)]);
    if (`sha512-${digest.digest('base64')}` !== pack.integrity) {
      throw new Refused(`what ${url} sent does not have the expected sha512 digest`);
    }
  }

  async #text(url: string, stall: AbortController): Promise<string> {
    const chunks: Buffer[] = [];
    const metered = this.#metered(metadataBytesMax, stall, (chunk) => chunks.push(chunk));
    await pipeline(await this.#body(url, stall), metered, async (source) => {
      for await (const chunk of source) void chunk; // already taken
    });
    return Buffer.concat(chunks).toString('utf8');
  }

  async #body(url: string, stall: AbortController): Promise<Readable> {
    const cancel = this.#watch(stall);
    try {
      const response = await this.#options.fetch(url, { signal: stall.signal });
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new Refused(`${url} answered ${response.status}`);
      }
      return Readable.fromWeb(response.body);
    } catch (error) {
      if (error instanceof Refused || stall.signal.aborted) throw error;
      throw new Refused(`${url} could not be reached (${causeOf(error)})`);
    } finally {
      cancel();
    }
  }

  /** Passes bytes on, up to `bytesMax`, and ends the download when none come for a while. */
  #metered(bytesMax: number, stall: AbortController, see: (chunk: Buffer) => void): Transform {
    let count = 0;
    let cancel = this.#watch(stall);
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        cancel();
        count += chunk.length;
        if (count > bytesMax) return done(new Refused(`it is larger than ${bytesMax} bytes`));
        see(chunk);
        cancel = this.#watch(stall);
        done(null, chunk);
      },
      destroy: (error, done) => {
        cancel();
        done(error);
      },
    });
  }

  #watch(stall: AbortController): Cancel {
    const reason = new Refused(`the registry sent nothing for ${downloadStallMs / 1000} s`);
    return this.#options.clock.after(downloadStallMs, () => stall.abort(reason));
  }
}

/** Gives a finished folder its name. Another Lambkin may have been faster: its folder is as good. */
async function publish(folder: string, target: string): Promise<void> {
  try {
    await rename(folder, target);
  } catch (error) {
    if (!existsSync(join(target, 'bin', 'node'))) throw error;
  }
}

async function keep(unpack: Extract, folder: string): Promise<void> {
  let found = false;
  for await (const entry of unpack) {
    const target = entry.header.type === 'file' ? keptFiles.get(entry.header.name) : undefined;
    if (target === undefined) {
      entry.resume();
      continue;
    }
    if ((entry.header.size ?? 0) > binaryBytesMax) {
      throw new Refused(`${entry.header.name} is larger than ${binaryBytesMax} bytes`);
    }
    mkdirSync(dirname(join(folder, target)), { recursive: true });
    await pipeline(entry, createWriteStream(join(folder, target)));
    found ||= target === 'bin/node';
  }
  if (!found) throw new Refused('the package has no bin/node');
}

function tarballOf(metadata: string): string | undefined {
  try {
    const parsed = JSON.parse(metadata) as { dist?: { tarball?: unknown } } | null;
    const url = parsed?.dist?.tarball;
    return typeof url === 'string' && /^https?:\/\//.test(url) ? url : undefined;
  } catch {
    return undefined;
  }
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}

function reasonOf(error: unknown): string {
  if (error instanceof Refused) return error.message;
  const { code = '', path = '' } = (error ?? {}) as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left on the disk';
    case 'Z_BUF_ERROR':
    case 'Z_DATA_ERROR':
      return 'the download was cut short or damaged';
    case 'EACCES':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EPERM':
    case 'EROFS':
      return `its folder cannot be written (${path})`;
    default:
      return causeOf(error);
  }
}
