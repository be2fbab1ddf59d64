/**
 * Two networks of the test's own, in namespaces: a host, in which Lambkin's sandboxes run, and an outside, which that host reaches. No packet
 * leaves this machine. Needs root, util-linux and iproute2.
 *
 *   host  192.0.2.1 ────────── 192.0.2.2  outside  198.51.100.7, and a metadata service as clouds have it, 169.254.169.254
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hostAddress = '192.0.2.1';
export const gateway = '192.0.2.2';
export const outsideAddress = '198.51.100.7';
export const metadataAddress = '169.254.169.254';
export const outsideName = 'outside.test';
export const outsidePort = 8_080;

/** Why these cannot be made here; false: they can. */
export function withoutNetworks(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'network namespaces need root, on Linux';
  const lacking = ['unshare', 'nsenter', 'ip'].find(
    (name) => spawnSync(name, ['--version']).error !== undefined,
  );
  if (lacking !== undefined) return `${lacking} is not installed`;
  const { status, stderr } = spawnSync('unshare', ['--mount', '--net', 'true'], { encoding: 'utf8' });
  return status === 0 ? false : `no network namespaces here: ${stderr.trim()}`;
}

/** Answers `outside` on TCP at every address, and every question for a name (UDP, 53) with the outside's own address. */
const outsideProgram = `
  const { createServer } = require('node:net');
  const { createSocket } = require('node:dgram');
  const listen = (port) => createServer((s) => s.on('error', () => {}).end('outside')).listen(port, '0.0.0.0');
  listen(${outsidePort}); listen(80);
  const names = createSocket('udp4', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const isV4 = question.readUInt16BE(end - 4) === 1;
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2); head.writeUInt16BE(isV4 ? 1 : 0, 6); head.writeUInt16BE(0, 8); head.writeUInt16BE(0, 10);
    const answer = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ${outsideAddress.replaceAll('.', ',')}]);
    names.send(Buffer.concat([head, question.subarray(12, end), ...(isV4 ? [answer] : [])]), port, address);
  }).bind(53, '0.0.0.0', () => console.log('up'));
`;

export class TwoNetworks implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(tmpdir(), 'lambkin-networks-'));
  readonly #children: ChildProcess[] = [];
  #host = 0;

  static async open(): Promise<TwoNetworks> {
    const networks = new TwoNetworks();
    try {
      await networks.#begin();
      return networks;
    } catch (error) {
      await networks[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #begin(): Promise<void> {
    const resolver = join(this.#directory, 'resolv.conf');
    writeFileSync(resolver, `nameserver ${gateway}\n`);
    const outside = await this.#keeper('ip link set lo up');
    this.#host = await this.#keeper(`ip link set lo up && mount --bind '${resolver}' /etc/resolv.conf`);
    run(this.#host, `ip link add name wan type veth peer name lan netns ${outside}`);
    run(this.#host, `ip address add ${hostAddress}/24 dev wan && ip link set wan up`);
    run(
      outside,
      `ip address add ${gateway}/24 dev lan && ip address add ${outsideAddress}/32 dev lo && ip address add ${metadataAddress}/32 dev lo && ip link set lan up`,
    );
    run(this.#host, `ip route add default via ${gateway} && ip route add ${metadataAddress} via ${gateway}`);
    await this.#spawn(outside, [process.execPath, '-e', outsideProgram]);
  }

  /** The command that runs a program in the host's network. */
  inHost(program: string, ...args: readonly string[]): [string, string[]] {
    return ['nsenter', [...entering(this.#host), program, ...args]];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.stdin?.end();
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** A process that holds a namespace of networks, and one of mounts, until this one ends. */
  async #keeper(script: string): Promise<number> {
    const args = ['--mount', '--net', '--', 'sh', '-c', `${script} && echo up && exec cat`];
    const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    await isUp(child);
    return child.pid ?? 0;
  }

  async #spawn(keeper: number, command: readonly string[]): Promise<void> {
    const child = spawn('nsenter', [...entering(keeper), ...command], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#children.push(child);
    await isUp(child);
  }
}

function entering(keeper: number): readonly string[] {
  return ['--target', String(keeper), '--mount', '--net', '--'];
}

function run(keeper: number, script: string): void {
  const { status, stderr } = spawnSync('nsenter', [...entering(keeper), 'sh', '-c', script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
}

async function isUp(child: ChildProcess): Promise<void> {
  const stdout = child.stdout;
  if (stdout === null) throw new Error('it has no output');
  const [said] = (await Promise.race([once(stdout, 'data'), once(child, 'exit')])) as [unknown];
  if (!Buffer.isBuffer(said)) throw new Error(`a network could not be made: ${String(said)}`);
}

/** Where this very process's network is: for tests that must not be in the machine's own. */
export function ownNetwork(): string {
  return readFileSync('/proc/self/net/fib_trie', 'latin1').includes(hostAddress) ? 'host' : 'another';
}
