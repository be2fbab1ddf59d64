/**
 * The enclave's way to the outside (`--network internet`): slirp4netns carries its connections as the host's own, so the host's addresses,
 * routes and firewall stay as they are. What sandboxes send through it is filtered in the enclave: never to the host itself, by whichever of
 * its addresses, never to link-local addresses (the metadata of clouds), never to each other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import type { Cancel, Clock } from '#platform';
import { line, type Enclave } from './enclave.ts';
import { addressLookMs, commandMsMax, hostAddressesMax } from './limits.ts';

const device = 'tap0';
/** slirp4netns's own: the network behind it, and its resolver, which asks the host's. */
const ownNetwork = '10.0.2.0/24';
export const resolver = '10.0.2.3';

export class Uplink {
  #slirp: ChildProcess;
  readonly #enclave: Enclave;
  readonly #clock: Clock;
  #hosts: readonly string[];
  #look: Cancel | undefined;

  /** Fails where it cannot be had. */
  static async open(enclave: Enclave, clock: Clock): Promise<Uplink> {
    const hosts = hostAddresses();
    await enclave.run('echo 1 >/proc/sys/net/ipv4/ip_forward', filterCommand(hosts));
    const slirp = await begun(enclave);
    return new Uplink(slirp, enclave, hosts, clock);
  }

  private constructor(slirp: ChildProcess, enclave: Enclave, hosts: readonly string[], clock: Clock) {
    this.#slirp = slirp;
    this.#enclave = enclave;
    this.#clock = clock;
    this.#hosts = hosts;
    this.#watch();
  }

  async close(): Promise<void> {
    this.#look?.();
    this.#look = undefined;
    if (hasEnded(this.#slirp)) return;
    this.#slirp.ref();
    const ended = once(this.#slirp, 'exit');
    this.#slirp.kill('SIGKILL');
    await ended;
  }

  #watch(): void {
    const look = this.#clock.after(addressLookMs, () => {
      void this.#mend().then(() => {
        if (this.#look === look && this.#enclave.isOpen) this.#watch();
      });
    });
    this.#look = look;
  }

  /** A host gets further addresses, which are as closed as those that it had at first; and slirp4netns may have been killed. */
  async #mend(): Promise<void> {
    const hosts = hostAddresses();
    if (hosts.some((address) => !this.#hosts.includes(address))) {
      this.#hosts = [...new Set([...this.#hosts, ...hosts])].slice(-hostAddressesMax);
      await this.#enclave.run(filterCommand(this.#hosts)).catch(() => {}); // the enclave has ended
    }
    if (!hasEnded(this.#slirp) || !this.#enclave.isOpen) return;
    const slirp = await begun(this.#enclave).catch(() => undefined); // tried again at the next look
    if (slirp === undefined) return;
    if (this.#look === undefined) slirp.kill('SIGKILL');
    else this.#slirp = slirp;
  }
}

/** slirp4netns, ready. Its end of the fifth stream closes with Lambkin, however that ends. */
async function begun(enclave: Enclave): Promise<ChildProcess> {
  const options = ['--configure', '--mtu=65520', '--disable-host-loopback', '--enable-seccomp'];
  const slirp = spawn(
    'slirp4netns',
    [...options, '--ready-fd=3', '--exit-fd=4', String(enclave.pid), device],
    { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } },
  );
  await ready(slirp);
  slirp.unref();
  for (const stream of slirp.stdio) {
    stream?.on('error', () => {});
    if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
  }
  slirp.stderr?.resume();
  return slirp;
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** Puts the rules in place of those before, in one step. */
function filterCommand(hosts: readonly string[]): string {
  const rules = ['table ip lambkin {}', 'delete table ip lambkin', ...filterLines(hosts)];
  return `${line('printf', '%s\\n', ...rules)} | ${line('nft', '-f', '-')}`;
}

/** The rules, as nft reads them. */
export function filterLines(hosts: readonly string[]): readonly string[] {
  const forbidden = ['127.0.0.0/8', '169.254.0.0/16', '0.0.0.0/8', '224.0.0.0/3', ownNetwork, ...hosts];
  return [
    'table ip lambkin {',
    'chain forward {',
    'type filter hook forward priority 0; policy drop;',
    'ct state established,related accept',
    `iifname "v*" oifname "${device}" ip daddr ${resolver} udp dport 53 accept`,
    `iifname "v*" oifname "${device}" ip daddr ${resolver} tcp dport 53 accept`,
    ...forbidden.map((address) => `ip daddr ${address} reject`),
    `iifname "v*" oifname "${device}" accept`,
    '}',
    'chain leave {',
    'type nat hook postrouting priority 100;',
    `oifname "${device}" masquerade`,
    '}',
    '}',
  ];
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).flatMap(({ family, address }) => (family === 'IPv4' ? [address] : [])),
  );
}

async function ready(slirp: ChildProcess): Promise<void> {
  let complaint = '';
  slirp.stderr?.on('data', (text: Buffer) => (complaint = (complaint + text.toString()).slice(-500)));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Only until it is ready: from then on it lives as long as the enclave.
  const timeout = AbortSignal.timeout(commandMsMax);
  const giveUp = (): void => void slirp.kill('SIGKILL');
  timeout.addEventListener('abort', giveUp);
  slirp.on('error', reject);
  slirp.on('exit', () =>
    reject(new Error(`slirp4netns ended: ${complaint.trim().split('\n').at(-1) ?? ''}`)),
  );
  slirp.stdio[3]?.once('data', () => resolve());
  await promise.finally(() => timeout.removeEventListener('abort', giveUp));
}
