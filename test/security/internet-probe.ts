/** Run by `internet.test.ts` in a network of its own: what a function in a container reaches from there, as JSON. The argument is `none` or `internet`. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { addressLookMs, commandMsMax } from '../../src/worker/sandbox/container/limits.ts';
import { Rooms } from '../../src/worker/sandbox/contract/rooms.ts';
import { childrenOf } from '../../src/worker/sandbox/process/proc.ts';
import {
  gateway,
  hostAddress,
  metadataAddress,
  outsideAddress,
  outsideName,
  outsidePort,
  ownNetwork,
} from './two-networks.ts';

const [, , network] = process.argv;
assert.ok(network === 'none' || network === 'internet');
assert.equal(ownNetwork(), 'host', 'only in the network that was made for this');

const laterAddress = '203.0.113.9';
const server = createServer((socket) => socket.on('error', () => {}).end('host'));
await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
const { port } = server.address() as AddressInfo;

await using rooms = await Rooms.open({ kind: 'container', containers: { network } });
const neighbour = await rooms.started(
  rooms.program('exec python3 -c "$LISTENER"', {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LISTENER: listener() },
  }),
);
await neighbour.until(() => neighbour.stdout.includes('up'));
const neighbourAddress = neighbour.stdout.trim().split(' ')[1] ?? '';

if (network === 'internet') {
  process.kill(uplinkPid(), 'SIGKILL'); // it comes back
  // An address that the host gets while functions run is as closed as the others.
  execFileSync('ip', ['address', 'add', laterAddress, 'dev', 'lo']);
  // Long enough for both, and for what bounds a start to be over.
  await new Promise((resolve) => setTimeout(resolve, addressLookMs + commandMsMax + 500));
}

const targets: readonly (readonly [string, string, number])[] = [
  ['outside', outsideAddress, outsidePort],
  ['outside by name', outsideName, outsidePort],
  ['the gateway', gateway, outsidePort],
  ['metadata', metadataAddress, 80],
  ['host', hostAddress, port],
  ['host, a later address', laterAddress, port],
  ['loopback', '127.0.0.1', port],
  ['host by the uplink', '10.0.2.2', port],
  ['host by the enclave', '169.254.100.1', port],
  ['neighbour', neighbourAddress, 8_000],
];
rooms.put('targets.json', JSON.stringify(targets));
rooms.put('try.py', trial());
const guest = await rooms.shell('exec python3 /var/task/try.py');
await neighbour.sandbox.kill();
server.close();
process.stdout.write(
  `${JSON.stringify({ reached: guest.stdout.trim().split('\n').filter(Boolean).sort(), said: guest.stderr })}\n`,
);

function uplinkPid(): number {
  const found = childrenOf(process.pid).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'latin1').startsWith('slirp4netns'),
  );
  assert.ok(found !== undefined, 'there is an uplink');
  return found;
}

function listener(): string {
  return [
    'import socket, os',
    's = socket.create_server(("0.0.0.0", 8000))',
    'address = open("/etc/hosts").read().split("\\n")[1].split(" ")[0]',
    'print("up", address, flush=True)',
    'while True:',
    '    c, _ = s.accept(); c.send(b"neighbour"); c.close()',
  ].join('\n');
}

/** Each in a thread of its own: what is dropped takes its time. */
function trial(): string {
  return [
    'import json, socket, threading',
    'def attempt(name, host, port):',
    '    try:',
    '        s = socket.create_connection((host, port), timeout=5)',
    '        print(name + ": " + s.recv(20).decode(), flush=True)',
    '    except OSError: pass',
    'threads = [threading.Thread(target=attempt, args=t) for t in json.load(open("/var/task/targets.json"))]',
    'for t in threads: t.start()',
    'for t in threads: t.join()',
  ].join('\n');
}
