/**
 * Runtimes that talk to the Runtime API as nobody should, in every kind of sandbox. After each the same API serves a runtime that behaves, and
 * Lambkin has grown by no more than one answer may be large.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Guest, type Kind, Rooms, skipped } from '../../src/worker/sandbox/contract/rooms.ts';

const mebibyte = 2 ** 20;

/** What every runtime here begins with: raw connections, whole requests, and a good invoke at the end. */
const prelude = `
import http.client, os, random, socket, sys
host, port = os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')
base = '/2018-06-01/runtime/'
def connect():
    s = socket.create_connection((host, int(port)), timeout=10)
    return s
def raw(data):
    """Sends this, and says how it was answered: the status, 'cut', or 'silence'."""
    try:
        s = connect()
        s.settimeout(0.2)
        s.sendall(data)
        got = s.recv(100)
        return got.split(b' ')[1].decode() if got else 'cut'
    except socket.timeout: return 'silence'
    except OSError: return 'cut'
    finally: s.close()
def call(method, path, body=None, headers={}):
    c = http.client.HTTPConnection(host, int(port), timeout=30)
    c.request(method, base + path, body, headers)
    r = c.getresponse()
    return r.status, dict((k.lower(), v) for k, v in r.getheaders()), r.read()
def take():
    # Refused as long as an upload that was cut has not been noticed.
    while True:
        status, headers, _ = call('GET', 'invocation/next')
        if status == 200: return headers['lambda-runtime-aws-request-id']
def well():
    print('over', flush=True)
    while True:
        id = take()
        call('POST', 'invocation/' + id + '/response', b'"well"')
`;

interface Attack {
  readonly what: string;
  readonly program: string;
  /** What the program prints. */
  readonly prints?: RegExp;
  /** What the first invoke, if the program takes one, is answered. */
  readonly answer?: RegExp;
}

const attacks: readonly Attack[] = [
  {
    what: 'garbage of every kind is refused or cut, and random bytes are',
    program: `
random.seed(7)
said = [raw(data) for data in [
    b'\\0' * 100, b'GET\\r\\n\\r\\n', b'GET / HTTP/9.9\\r\\n\\r\\n', b'\\x16\\x03\\x01\\x02\\x00\\x01\\x00',
    b'GET /' + b'x' * 2000000 + b' HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n',
    b'GET / HTTP/1.1\\r\\n' + b'x: ' + b'y' * 2000000 + b'\\r\\n\\r\\n',
    b'GET / HTTP/1.1\\r\\nHost: x\\r\\n' + b''.join(b'h%d: v\\r\\n' % i for i in range(50000)) + b'\\r\\n',
    b'POST ' + base.encode() + b'init/error HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: -5\\r\\n\\r\\n{}',
    b'POST ' + base.encode() + b'init/error HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1\\r\\nContent-Length: 2\\r\\n\\r\\n{}',
    b'POST ' + base.encode() + b'init/error HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 2\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n',
    b'GET ' + base.encode() + b'invocation/next HTTP/1.1\\r\\nHost: x\\r\\nbad header\\r\\n\\r\\n',
]] + [raw(random.randbytes(random.randrange(1, 4000))) for _ in range(100)]
print(sorted(set(said)))
well()`,
    prints: /^\['4\d\d'(, '4\d\d')*(, 'cut')?(, 'silence')?\]\nover/,
  },
  {
    what: 'an answer of 10 GB is cut before it is read',
    program: `
id = take()
def pieces():
    for _ in range(10 * 1024): yield b'x' * (1 << 20)
sent = 0
s = connect()
try:
    s.sendall(('POST %sinvocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n' % (base, id, 10 << 30)).encode())
    for piece in pieces():
        s.sendall(piece)
        sent += len(piece)
except OSError: pass
print('cut' if sent < 100 << 20 else 'took %d' % sent)
well()`,
    prints: /^cut\nover/,
    answer: /too-large/,
  },
  {
    what: 'an answer that stops half-way, of which it said the length, is truncated',
    program: `
id = take()
s = connect()
s.sendall(('POST %sinvocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 1000\\r\\n\\r\\n{"half' % (base, id)).encode())
s.close()
well()`,
    prints: /^over/,
    answer: /Runtime\.TruncatedResponse/,
  },
  {
    what: 'chunks that are none are truncated',
    program: `
id = take()
raw(('POST %sinvocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nzz\\r\\nabc\\r\\n' % (base, id)).encode())
well()`,
    prints: /^over/,
    answer: /Runtime\.TruncatedResponse/,
  },
  {
    what: 'a second answer, one to a wrong id, and one in advance are refused',
    program: `
said = [call('POST', 'invocation/none/response', b'1')[0]]
id = take()
said += [call('POST', 'invocation/../%s/response' % id, b'1')[0], call('POST', 'invocation/other/response', b'1')[0]]
said += [call('POST', 'invocation/' + id + '/response', b'"first"')[0], call('POST', 'invocation/' + id + '/response', b'"second"')[0]]
print(said)
well()`,
    prints: /^\[40\d, 40\d, 400, 202, 40\d\]\nover/,
    answer: /^"first"$/,
  },
  {
    what: 'thousands of connections are bounded, and given back',
    program: `
held = []
for _ in range(600):
    try: held.append(connect())
    except OSError: break
for s in held: s.close()
well()`,
    prints: /^over/,
  },
  {
    what: 'requests one behind the other in one packet are answered in order, or refused',
    program: `
s = connect()
one = b'GET ' + b'/2018-06-01/ping HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'
try:
    s.sendall(one * 5000)
    s.settimeout(1)
    while s.recv(65536): pass
except OSError: pass
s.close()
well()`,
    prints: /^over/,
  },
];

async function attacked(rooms: Rooms, kind: Kind, { program, prints, answer }: Attack): Promise<void> {
  rooms.put('runtime.py', prelude + program);
  const grownFrom = process.memoryUsage().rss;
  const guest = await rooms.started(rooms.program(`exec python3 ${rooms.taskRoot}/runtime.py`));
  guest.sandbox.link.init({ env: {}, handler: '', taskRoot: '' });
  if (answer !== undefined) assert.match(shown(await invoked(guest)), answer);
  if (prints !== undefined) await guest.until(() => prints.test(guest.stdout)).catch(() => {});
  assert.match(guest.stdout, prints ?? /^/, guest.stderr);
  assert.equal(guest.stderr, '');
  assert.equal(await invoked(guest), 'well', `${kind}: it serves on`);
  await guest.sandbox.kill();
  const grownBytes = process.memoryUsage().rss - grownFrom;
  assert.ok(grownBytes < 256 * mebibyte, `grown by ${grownBytes} bytes`);
}

async function invoked(guest: Guest): Promise<unknown> {
  const before = guest.said.length;
  await guest.until(() => guest.said.some(({ kind }, at) => kind === 'ready' && at >= before - 1));
  return guest.invoke({ n: 1 });
}

/** A whole answer as JSON; what else the link said with its payload as text. */
function shown(answer: unknown): string {
  return JSON.stringify(answer, (_, value: unknown) =>
    value instanceof Uint8Array || (typeof value === 'object' && value !== null && 'data' in value)
      ? Buffer.from(value as Uint8Array).toString()
      : value,
  );
}

for (const kind of ['process', 'container'] as const) {
  const skip = await skipped(kind);
  suite(`a hostile runtime in a ${kind}`, { skip }, () => {
    for (const attack of attacks) {
      test(attack.what, async () => {
        await using rooms = await Rooms.open({ kind });
        await attacked(rooms, kind, attack);
        assert.deepEqual(rooms.warnings, []);
      });
    }
  });
}
