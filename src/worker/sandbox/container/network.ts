/**
 * The network of the sandboxes: point-to-point links, no shared segment.
 *
 *   sandbox n                     enclave                                host
 *   eth0 169.254.1.n ───────── vn 169.254.100.1
 *                                  :9001  Runtime API ───────────────▶ Lambkin
 *                                  :9000  Lambkin's own endpoint ────▶ Lambkin
 *                   169.254.170.2  :9001  credentials of its role ───▶ Lambkin
 *                                  uplink (internet only) ── slirp4netns ─▶ what is outside
 *
 * The listeners are sockets of the enclave's network, in Lambkin's hands; nothing else listens there, and a sandbox has no other way. So it
 * reaches neither the host's ports nor other sandboxes nor the metadata address.
 */
import { line } from './enclave.ts';

export const gatewayAddress = '169.254.100.1';
export const runtimeApiPort = 9_001;
/** SDKs take credentials over plain HTTP from a few addresses only: the loopback's, which is each sandbox's own, and this one. */
const lender = '169.254.170.2';
export const credentialsAddress = `${lender}:${runtimeApiPort}`;
/** Of the first address that sandboxes may reach; the others follow behind the Runtime API's. */
export const endpointPort = 9_000;

/** Of the sandbox in this slot, counted from 0: 169.254.1.0 and on, below the gateway's. */
export function sandboxAddress(slot: number): string {
  return `169.254.${1 + (slot >> 8)}.${slot & 255}`;
}

/** Commands that prepare an enclave. */
export function gatewayLines(): readonly string[] {
  return [
    line('ip', 'address', 'add', `${gatewayAddress}/32`, 'dev', 'lo'),
    line('ip', 'address', 'add', `${lender}/32`, 'dev', 'lo'),
    line('ip', 'link', 'set', 'lo', 'up'),
    // An answer to an address leaves by the link that it belongs to, so nobody can speak for another.
    'echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter',
    'echo 1 >/proc/sys/net/ipv4/conf/default/rp_filter',
    'if [ -d /proc/sys/net/ipv6 ]; then echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; fi',
  ];
}

export function unlinkLine(slot: number): string {
  return line('ip', 'link', 'delete', `v${slot}`);
}

/** Commands that connect the sandbox whose first process, as the enclave counts, is `pid`. */
export function linkLines(slot: number, pid: number, outside: boolean): readonly string[] {
  const [name, address] = [`v${slot}`, sandboxAddress(slot)];
  const inside = [
    `address add ${address} peer ${gatewayAddress}/32 dev eth0`,
    'link set eth0 up',
    `route add ${lender} dev eth0`,
    ...(outside ? [`route add default via ${gatewayAddress}`] : []),
  ];
  return [
    line('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', pid),
    line('ip', 'address', 'add', gatewayAddress, 'peer', `${address}/32`, 'dev', name),
    line('ip', 'link', 'set', name, 'up'),
    `${line('printf', '%s\\n', ...inside)} | ${line('nsenter', '--target', pid, '--net', '--', 'ip', '-batch', '-')}`,
  ];
}
