/** What all container sandboxes of a worker stand on: the enclave, its files, its gateway, and the OCI runtime. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Socket } from 'node:net';
import type { Clock } from '#platform';
import type { RuntimeFiles } from '../sandbox.ts';
import type { Network } from './container-host.ts';
import { Dialer } from './dialer.ts';
import { Enclave, line } from './enclave.ts';
import { Gateway } from './gateway.ts';
import { gatewayLines, linkLines, sandboxAddress, unlinkLine } from './network.ts';
import { ImageRoots } from './image-roots.ts';
import { OciRuntime } from './oci-runtime.ts';
import { etcTexts, hostsText, rootLines } from './root.ts';
import { resolver, Uplink } from './uplink.ts';

export interface HouseParts {
  /** Path of the OCI runtime, and where it keeps its records. */
  readonly program: string;
  readonly state: string;
  readonly clock: Clock;
  readonly network: Network;
  readonly baseImage: string;
  /** Letters and digits that nobody can guess. */
  readonly token: string;
  readonly thaws: { readonly pattern: string; readonly value: string };
  readonly reached: readonly (() => string)[];
  readonly api: (socket: Socket, from: string) => void;
}

interface Built {
  readonly enclave: Enclave;
  readonly gateway: Gateway;
  readonly uplink: Uplink | undefined;
  readonly base: string;
  readonly parts: HouseParts;
}

/** The enclave's own files are in memory, over one of these folders of the host: nothing that Lambkin needs may lie below it. */
export const bases = ['/media', '/mnt', '/srv', '/home'];
const baseBytes = 64 * 2 ** 20;

/**
 * Hosts that count by version 1 may have a tree of version 2 beside it. crun refuses to work on those, and nobody needs that tree: in the
 * enclave, and only there, it is not to be seen.
 */
const hybridLines = ['{ umount -n -l /sys/fs/cgroup/unified 2>/dev/null || true; }'];

export class House {
  readonly enclave: Enclave;
  readonly runtime: OciRuntime;
  readonly dialer: Dialer;
  readonly #gateway: Gateway;
  readonly #uplink: Uplink | undefined;
  readonly #baseImage: string;
  readonly #base: string;
  readonly #roots = new Map<string, Promise<string>>();
  readonly #views = new Map<string, Promise<string>>();
  /** Roots of functions that bring their own. */
  readonly images: ImageRoots;

  static async open(parts: HouseParts): Promise<House> {
    const needed = [parts.state, parts.program, process.execPath, import.meta.dirname];
    const base = bases.find(
      (path) => existsSync(path) && !needed.some((each) => each.startsWith(`${path}/`)),
    );
    if (base === undefined) throw new Error(`none of ${bases.join(', ')} is free to stand sandboxes on`);
    const enclave = await Enclave.open(parts.thaws);
    try {
      const size = `mode=711,nosuid,nodev,size=${baseBytes}`;
      await enclave.run(
        line('mount', '-n', '-t', 'tmpfs', '-o', size, 'lambkin', base),
        // What is mounted below later is seen by sandboxes that are up already.
        line('mount', '-n', '--make-shared', base),
        line('mkdir', ...['roots', 'live', 'views', 'images'].map((name) => join(base, name))),
        ...hybridLines,
        ...gatewayLines(),
      );
      const [gateway, uplink] = await Promise.all([
        Gateway.open(enclave, parts),
        parts.network === 'internet' ? Uplink.open(enclave, parts.clock) : undefined,
      ]);
      return new House({ enclave, gateway, uplink, base, parts });
    } catch (error) {
      await enclave.close();
      throw error;
    }
  }

  private constructor({ enclave, gateway, uplink, base, parts }: Built) {
    this.enclave = enclave;
    this.#gateway = gateway;
    this.#uplink = uplink;
    this.#base = base;
    this.#baseImage = parts.baseImage;
    this.images = new ImageRoots({
      enclave,
      directory: join(base, 'images'),
      resolvConf: etcTexts(uplink === undefined ? undefined : resolver)['resolv.conf'],
      starterName: `.lambkin-${parts.token}`,
    });
    this.dialer = new Dialer(enclave, `${parts.state}.sock`);
    this.runtime = new OciRuntime(parts.program, parts.state, enclave);
  }

  /** Commands that connect the sandbox in this slot, whose first process, as the enclave counts, is `pid`. */
  linkLines(slot: number, pid: number): readonly string[] {
    return linkLines(slot, pid, this.#uplink !== undefined);
  }

  /** The place of a sandbox's own mount points. */
  place(id: string, name: 'task' | 'opt' | 'hosts'): string {
    return join(this.#base, 'live', id, name);
  }

  /** Commands that make these. */
  placeLines(id: string, slot: number): readonly string[] {
    return [
      line('mkdir', '-p', this.place(id, 'task'), this.place(id, 'opt')),
      `${line('printf', '%s', hostsText(sandboxAddress(slot)))} >${line(this.place(id, 'hosts'))}`,
    ];
  }

  /** Commands that show the directories there: also inside, where they appear at once. */
  async showLines(
    id: string,
    shown: { readonly task?: string; readonly opt?: string },
  ): Promise<readonly string[]> {
    const lines: string[] = [];
    for (const name of ['task', 'opt'] as const) {
      const directory = shown[name];
      if (directory === undefined) continue;
      const view = join(await this.#viewOf(dirname(directory)), basename(directory));
      lines.push(line('mount', '-n', '--bind', '--', view, this.place(id, name)));
    }
    return lines;
  }

  /** Takes the mount points and the link away again. */
  async clear(id: string, slot: number): Promise<void> {
    const [task, opt] = [this.place(id, 'task'), this.place(id, 'opt')];
    const steps = [
      unlinkLine(slot), // it would go with its namespace, but later, and its name is needed again
      line('umount', '-n', '-l', task),
      line('umount', '-n', '-l', opt),
      line('rm', this.place(id, 'hosts')),
      line('rmdir', task, opt, dirname(opt)),
    ];
    await this.enclave.run(`{ ${steps.join('; ')}; true; }`);
    this.enclave.gather();
  }

  /** The root directory for a runtime. */
  rootOf(runtime: RuntimeFiles | undefined): Promise<string> {
    const files = runtime ?? { program: '/bin/sh', bootstrap: undefined };
    return this.#once(this.#roots, `${files.program}\n${files.bootstrap ?? ''}`, async () => {
      const etc = etcTexts(this.#uplink === undefined ? undefined : resolver);
      const root = join(this.#base, 'roots', String(this.#roots.size));
      await this.enclave.run(line('mkdir', root), ...rootLines(root, files, etc, this.#baseImage));
      return root;
    });
  }

  async close(): Promise<void> {
    this.#gateway.close();
    this.dialer.close();
    await this.#uplink?.close();
    await this.enclave.close();
  }

  /**
   * A read-only view of a folder, by which all that is shown of it is read-only from its first moment: making a mount read-only takes a
   * second step, which a sandbox that sees the mount would not see.
   */
  #viewOf(folder: string): Promise<string> {
    return this.#once(this.#views, folder, async () => {
      const view = join(this.#base, 'views', String(this.#views.size));
      const flags = 'bind,ro,nosuid,nodev';
      await this.enclave.run(
        line('mkdir', view),
        line('mount', '-n', '-o', flags, '--', folder, view),
        line('mount', '-n', '--make-private', view),
      );
      return view;
    });
  }

  #once(made: Map<string, Promise<string>>, key: string, make: () => Promise<string>): Promise<string> {
    const known = made.get(key);
    if (known !== undefined) return known;
    const making = make();
    made.set(key, making);
    making.catch(() => made.delete(key));
    return making;
  }
}
