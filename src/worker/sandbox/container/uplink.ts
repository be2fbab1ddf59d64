/**
 * The enclave's way to the outside (`--network internet`): slirp4netns carries its connections as the host's own, so the host's addresses,
 * routes and firewall stay as they are. What sandboxes send through it is filtered in the enclave: never to the host itself, by whichever of
 * its addresses, never to link-local addresses (the metadata of clouds), never to each other.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { line, type Enclave } from './enclave.ts';
import { commandMsMax } from './limits.ts';

const device = 'tap0';
/** slirp4netns's own: the network behind it, and its resolver, which asks the host's. */
const ownNetwork = '10.0.2.0/24';
export const resolver = '10.0.2.3';

export class Uplink {
  readonly #slirp: ChildProcess;

  /** Fails where it cannot be had. */
  static async open(enclave: Enclave): Promise<Uplink> {
    await enclave.run(
      'echo 1 >/proc/sys/net/ipv4/ip_forward',
      `${line('printf', '%s\\n', ...filterLines(hostAddresses()))} | ${line('nft', '-f', '-')}`,
    );
    const options = ['--configure', '--mtu=65520', '--disable-host-loopback', '--enable-seccomp'];
    // Its end of the fourth stream closes with Lambkin, however that ends.
    const slirp = spawn(
      'slirp4netns',
      [...options, '--ready-fd=3', '--exit-fd=4', String(enclave.pid), device],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } },
    );
    await ready(slirp);
    return new Uplink(slirp);
  }

  private constructor(slirp: ChildProcess) {
    this.#slirp = slirp;
    slirp.unref();
    for (const stream of slirp.stdio) {
      stream?.on('error', () => {});
      if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
    }
    slirp.stderr?.resume();
  }

  async close(): Promise<void> {
    if (this.#slirp.exitCode !== null || this.#slirp.signalCode !== null) return;
    this.#slirp.ref();
    const ended = once(this.#slirp, 'exit');
    this.#slirp.kill('SIGKILL');
    await ended;
  }
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
  const timeout = AbortSignal.timeout(commandMsMax);
  timeout.addEventListener('abort', () => slirp.kill('SIGKILL'));
  slirp.on('error', reject);
  slirp.on('exit', () =>
    reject(new Error(`slirp4netns ended: ${complaint.trim().split('\n').at(-1) ?? ''}`)),
  );
  slirp.stdio[3]?.once('data', () => resolve());
  await promise;
}
