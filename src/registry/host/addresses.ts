/**
 * Where a registry may be. Whoever may create functions may name any host, and a registry may send its readers anywhere: never to link-local addresses,
 * where clouds serve their machines' secrets, and to this machine only where the image itself is named so.
 */
import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const never = new BlockList();
never.addSubnet('0.0.0.0', 8, 'ipv4');
never.addSubnet('169.254.0.0', 16, 'ipv4');
never.addAddress('100.100.100.200', 'ipv4');
never.addSubnet('224.0.0.0', 4, 'ipv4');
never.addSubnet('240.0.0.0', 4, 'ipv4');
never.addAddress('::', 'ipv6');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('fd00:ec2::', 32, 'ipv6');
never.addSubnet('fd20:ce::', 32, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
// Translated from IPv4: whatever is meant is not told.
never.addSubnet('64:ff9b::', 96, 'ipv6');
never.addSubnet('2002::', 16, 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';
}

export function isForbidden(address: string, allowed: { readonly loopback: boolean }): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  // BlockList sees IPv4 also inside of `::ffff:`.
  return never.check(address, family) || (!allowed.loopback && loopback.check(address, family));
}

/** Names of this machine, which are called without TLS. */
export function isLocalName(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** Throws for a URL whose host is an address that must not be called. Names are looked at by `guardedLookup`. */
export function checkLiteral(url: URL, allowed: { readonly loopback: boolean }): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if ((isIP(host) > 0 && isForbidden(host, allowed)) || (!allowed.loopback && host === 'localhost')) {
    throw new ForbiddenAddressError(`${url.hostname} must not be called`);
  }
}

/** For `http.request`: looks at every address that a name has, so that the one that is called was looked at. */
export function guardedLookup(allowed: { readonly loopback: boolean }): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const bad = addresses.find(({ address }) => isForbidden(address, allowed));
      if (bad !== undefined) {
        return callback(
          new ForbiddenAddressError(`${hostname} is ${bad.address}, which must not be called`),
          [],
        );
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
