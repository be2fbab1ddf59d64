/** What every kind of sandbox promises, as tests. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { memoryPeakAgeMs } from '../../limits.ts';
import { processEntry, processIds, startedWith } from '../process/proc.ts';
import type { CredentialSource } from '../../runtime-api/credentials.ts';
import type { Sandbox, Side } from '../sandbox.ts';
import type { ContainerOptions } from '../container/container-host.ts';
import type { ExitStatus } from '../../environment/runtime.ts';
import { type Guest, Rooms, skipped, type Kind } from './rooms.ts';

const mebibyte = 2 ** 20;

export async function sandboxContract(kind: Kind, containers: ContainerOptions = {}): Promise<void> {
  const skip = await skipped(kind, containers);
  const { runtime } = containers;
  suite(`a sandbox (${runtime ?? kind})`, { skip }, () => {
    test('runs a program with its arguments, variables and directory, and nothing of ours', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      process.env['LAMBKIN_TEST_SECRET'] = 'not for functions';
      const plan = rooms.program('printf "%s|%s|%s|%s" "$1" "$GIVEN" "$PWD" "$LAMBKIN_TEST_SECRET"');
      const guest = await rooms.started({ ...plan, args: ['one word'], env: { ...plan.env, GIVEN: 'it' } });
      await guest.ended;
      assert.equal(guest.stdout, `one word|it|${rooms.taskRoot}|`);
      assert.deepEqual(guest.status, { kind: 'code', code: 0 });
      delete process.env['LAMBKIN_TEST_SECRET'];
    });

    test('says how it ended, after all that it printed', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const coded = await rooms.shell('echo last words; echo and these >&2; exit 41');
      assert.deepEqual([coded.stdout, coded.stderr], ['last words\n', 'and these\n']);
      assert.deepEqual(coded.status, { kind: 'code', code: 41 });
      const killed = await rooms.shell('kill -SEGV $$');
      assert.deepEqual(killed.status, { kind: 'signal', signal: 'SIGSEGV' });
      const shot = await rooms.shell('kill -9 $$');
      assert.deepEqual(shot.status, { kind: 'signal', signal: 'SIGKILL' });
      // The shell's own way to say "a signal", said by a program that got none.
      const claimed = await rooms.shell('exit 137');
      assert.deepEqual(claimed.status, { kind: 'code', code: 137 });
    });

    test('talks on the private channel, and has stdin at its end', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(rooms.channel());
      await guest.init('index.handler', rooms.taskRoot);
      assert.deepEqual(await guest.invoke({ hello: 'there' }), { hello: 'there' });
      const answer = (await guest.invoke({ do: 'environment' })) as { cwd: string; taskRoot: string };
      assert.equal(answer.cwd, rooms.taskRoot);
      await guest.invoke({ do: 'print' });
      await guest.until(() => guest.stdout.includes('to stdout') && guest.stderr.includes('to stderr'));
      await guest.sandbox.kill();
      const read = await rooms.shell('read -r line || echo nothing to read');
      assert.equal(read.stdout, 'nothing to read\n');
    });

    test('is reached at its Runtime API, and only then', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const script = `exec "$1" -e '
        const base = "http://" + process.env.AWS_LAMBDA_RUNTIME_API + "/2018-06-01/runtime/";
        const next = await fetch(base + "invocation/next");
        const event = await next.json();
        const id = next.headers.get("lambda-runtime-aws-request-id");
        await fetch(base + "invocation/" + id + "/response", { method: "POST", body: JSON.stringify({ got: event }) });
      ' --input-type=module`;
      const plan = rooms.program(script);
      const inside = rooms.sandboxes.inside?.programDirectory;
      const node = inside === undefined ? process.execPath : `${inside}/node`;
      const runtime = { program: process.execPath, bootstrap: undefined };
      const guest = await rooms.started({ ...plan, args: [node], runtime });
      const { sandbox } = guest;
      assert.match(sandbox.own['AWS_LAMBDA_RUNTIME_API'] ?? '', /^[\d.]+:\d+$/);
      sandbox.link.init({ env: {}, handler: '', taskRoot: '' });
      await guest.until(() => guest.said.some((message) => message.kind === 'ready'));
      assert.deepEqual(await guest.invoke({ n: 1 }), { got: { n: 1 } });
    });

    test('gives its processes the credentials that it was lent, and no others', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const ask = `exec python3 -c '
import os, urllib.request
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
for token in (os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"], "of another"):
    request.add_header("Authorization", token)
    try: print(urllib.request.urlopen(request, timeout=10).read().decode(), flush=True)
    except urllib.error.HTTPError as error: print(error.code, flush=True)'`;
      for (const name of ['one', 'another']) {
        const guest = await rooms.shell(ask, { credentials: lent(name) });
        const { AccessKeyId, Expiration } = JSON.parse(guest.stdout.split('\n')[0] ?? '') as Record<
          string,
          string
        >;
        assert.deepEqual([AccessKeyId, Expiration], [name, '1970-01-01T00:00:00.000Z']);
        assert.match(guest.stdout, name === 'another' ? /another[^]*another/ : /\n404\n$/);
      }
      const { room: _room, ...ahead } = rooms.channel({ ahead: true, workingDirectory: undefined });
      const waiting = await rooms.started(ahead);
      const variables = waiting.sandbox.lend(lent('late'));
      await waiting.init('index.handler', rooms.taskRoot);
      const seen = (await waiting.invoke({
        do: 'fetch',
        url: variables['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
        token: 'of late',
      })) as string;
      assert.match(seen, /"AccessKeyId":"late"/);
      await waiting.sandbox.kill();
    });

    test('has its layers at /opt, read-only, also when it was started ahead', async (context) => {
      await using rooms = await Rooms.open({ kind, containers });
      const { layers } = rooms.sandboxes;
      if (layers === 'elsewhere') return context.skip('this host cannot mount');
      const look = 'cat /opt/of-a-layer; echo x 2>/dev/null >/opt/new || echo refused';
      const guest = await rooms.shell(look, { opt: rooms.layers });
      assert.equal(guest.stdout, 'layeredrefused\n');
      if (layers === 'at-start') return context.skip('only at a start');
      const { room: _room, ...ahead } = rooms.channel({ ahead: true, workingDirectory: undefined });
      const waiting = await rooms.started(ahead);
      // Right after its start it may not be ready for them yet; a worker would start another.
      let isPut = false;
      for (let looks = 0; looks < 50 && !isPut; looks += 1)
        isPut = await rooms.sandboxes.putLayers(waiting.sandbox, rooms.layers);
      assert.ok(isPut);
      assert.ok(await rooms.sandboxes.furnish(waiting.sandbox, { code: rooms.code, storageBytes: mebibyte }));
      rooms.put('mine', '');
      waiting.sandbox.bind();
      await waiting.init('index.handler', rooms.taskRoot);
      const seen = (await waiting.invoke({ do: 'look', root: '/opt' })) as {
        files: string[];
        written: string;
      };
      assert.deepEqual([seen.files, seen.written], [['of-a-layer'], 'EROFS']);
      const task = (await waiting.invoke({ do: 'look', root: rooms.taskRoot })) as { files: string[] };
      assert.ok(task.files.includes('mine'));
      return undefined;
    });

    test('has further processes, which end when they are told to, or with it', async (context) => {
      await using rooms = await Rooms.open({ kind, containers });
      if (rooms.sandboxes.layers === 'elsewhere') return context.skip('this host cannot mount');
      const plan = rooms.program('echo first; exec sleep 9999');
      const guest = await rooms.started({ ...plan, opt: rooms.layers });
      await guest.until(() => guest.stdout.includes('first'));
      const [coded, stubborn, last] = await Promise.all([
        beside(rooms, guest, 'echo "$KEY"; echo there >&2; exit 3'),
        beside(rooms, guest, 'echo up; exec sleep 9999'),
        beside(rooms, guest, 'echo up; exec sleep 9999'),
      ]);
      await coded.ended;
      assert.deepEqual(coded.printed.trim().split('\n').sort(), ['there', 'value']);
      assert.deepEqual(coded.status, { kind: 'code', code: 3 });
      await guest.until(() => stubborn.printed !== '' && last.printed !== '');
      stubborn.side.kill();
      await stubborn.ended;
      assert.deepEqual(stubborn.status, { kind: 'signal', signal: 'SIGKILL' });
      const nothing = {
        command: '/opt/nothing',
        opt: rooms.layers,
        env: {},
        output: () => {},
        exited: () => {},
      };
      assert.deepEqual(await guest.sandbox.spawn(nothing), { kind: 'unstartable', code: 'ENOENT' });
      await guest.sandbox.kill();
      assert.deepEqual(leftIn(rooms.directory), []);
      return undefined;
    });

    test('holds its command back until it is let go, and asks it to end', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const script = 'trap "echo asked; exit 5" TERM; echo up; while :; do sleep 0.02; done';
      const guest = await rooms.started(rooms.program(script, { held: true }));
      await new Promise((resolve) => setTimeout(resolve, 100));
      assert.equal(guest.stdout, '');
      guest.sandbox.letGo();
      await guest.until(() => guest.stdout === 'up\n');
      guest.sandbox.signal('SIGTERM');
      await guest.ended;
      assert.deepEqual([guest.stdout, guest.status], ['up\nasked\n', { kind: 'code', code: 5 }]);
      const deaf = await rooms.started(rooms.program('trap "" TERM; echo up; sleep 9999'));
      await deaf.until(() => deaf.stdout === 'up\n');
      deaf.sandbox.signal('SIGKILL');
      await deaf.ended;
      assert.deepEqual(deaf.status, { kind: 'signal', signal: 'SIGKILL' });
    });

    test('is handed telemetry where its processes listen for it', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const listener = `exec python3 -c '
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        sys.stdout.write(self.path + self.rfile.read(int(self.headers["content-length"])).decode()); sys.stdout.flush()
        self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
server = http.server.HTTPServer(("0.0.0.0", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()'`;
      const guest = await rooms.started(rooms.program(listener));
      await guest.until(() => guest.stdout.includes('\n'));
      const port = Number(guest.stdout);
      const destination = { protocol: 'HTTP', port, path: '/logs', method: 'POST' } as const;
      assert.equal(await guest.sandbox.deliver(destination, '["one"]').done, true);
      assert.equal(await guest.sandbox.deliver({ ...destination, port: 1 }, '[]').done, false);
      assert.ok(guest.stdout.endsWith('/logs["one"]'), guest.stdout);
    });

    test('that cannot be started says why, and leaves nothing', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      rooms.put('not-executable', '#!/bin/sh\n', 0o644);
      rooms.put('no-interpreter', '#!/no/such/shell\n');
      const code = async (name: string): Promise<string> => {
        const plan = rooms.program('');
        const outcome = await rooms.sandboxes.start({ ...plan, command: `${rooms.taskRoot}/${name}` });
        return outcome.kind === 'unstartable' ? outcome.code : outcome.kind;
      };
      assert.equal(await code('not-there'), 'ENOENT');
      assert.equal(await code('not-executable'), 'EACCES');
      assert.equal(await code('no-interpreter'), 'ENOENT');
      assert.deepEqual(leftIn(rooms.directory), []);
    });

    test('is killed with everything that it started, and twice is once', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(
        rooms.program(
          'setsid sleep 9999 & sleep 9999 & (setsid sh -c "sleep 9999 & wait" &) ; echo up; wait',
        ),
      );
      await guest.until(() => guest.stdout.includes('up'));
      const family = processesOf(guest.sandbox, kind);
      assert.ok(family.length >= 3, `${family.length} processes`);
      assert.equal(guest.sandbox.kill(), guest.sandbox.kill());
      await guest.sandbox.kill();
      assert.deepEqual(
        family.filter((pid) => processEntry(pid) !== undefined),
        [],
      );
      assert.equal(guest.status, undefined, 'an end that was wanted is not reported');
      assert.equal(guest.sandbox.memoryUsedBytes(), 0);
      assert.equal(rooms.sandboxes.cpuTicks(guest.sandbox), undefined);
      assert.deepEqual(leftIn(rooms.directory), []);
    });

    test('hears when its function has too much memory, in one process or in several', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      for (const action of ['allocate', 'allocate-in-child']) {
        const guest = await rooms.started(rooms.channel());
        await guest.init('index.handler', rooms.taskRoot);
        guest.sandbox.run(160 * mebibyte);
        void guest.invoke({ do: action, mb: 400 });
        await guest.ended;
        assert.ok(guest.outOfMemory || guest.stderr !== '', action);
        assert.ok(guest.sandbox.memoryPeakBytes() >= 100 * mebibyte, `${guest.sandbox.memoryPeakBytes()}`);
        await guest.sandbox.kill();
      }
    });

    test('counts the memory of its processes, their programs once, and not what it stores', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(rooms.channel());
      guest.sandbox.run(512 * mebibyte);
      await guest.init('index.handler', rooms.taskRoot);
      const peak = (): number => guest.sandbox.memoryPeakBytes() / mebibyte;
      const plain = peak();
      // Node itself: its program's file is most of it.
      assert.ok(plain >= 30 && plain <= 120, `${plain} MB`);
      const path = `${guest.sandbox.places['TMPDIR'] ?? '/tmp'}/stored`;
      const stored = (await guest.invoke({ do: 'store', path, mb: 12 })) as number;
      await aged();
      assert.equal(stored, 12 * mebibyte);
      assert.ok(peak() < plain + 8, `${peak()} MB after storing, ${plain} before`);
      await guest.invoke({ do: 'allocate', mb: 96 });
      await aged();
      const [grown, alone] = [peak(), peak() - plain];
      assert.ok(alone >= 90 && alone <= 130, `${alone} MB more`);
      void guest.invoke({ do: 'allocate-in-child', mb: 64 });
      await guest.until(() => guest.stdout.includes('allocated'));
      await aged();
      // The child is a Node too: what it has of its own is added, the program is not.
      assert.ok(peak() >= grown + 60 && peak() <= grown + 110, `${peak()} MB with a child, ${grown} without`);
      await guest.sandbox.kill();
    });

    test('goes on after a rest as if there had been none', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(rooms.channel());
      await guest.init('index.handler', rooms.taskRoot);
      for (const pauseMs of [0, 20, 1_600]) {
        guest.sandbox.run(256 * mebibyte);
        assert.deepEqual(await guest.invoke({ pauseMs }), { pauseMs });
        guest.sandbox.rest();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      guest.sandbox.run(256 * mebibyte);
      assert.deepEqual(await guest.invoke('awake'), 'awake');
      await guest.sandbox.kill();
    });

    test('that prints without end is made to wait, and is still killed', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(rooms.program('exec yes'));
      await guest.until(() => guest.stdout.length > 2 * mebibyte);
      await guest.sandbox.kill();
    });

    test('goes with the others when the worker closes, also in the middle of a start', async () => {
      const rooms = await Rooms.open({ kind, containers });
      const guest = await rooms.started(rooms.program('sleep 9999 & sleep 9999'));
      await guest.until(() => processesOf(guest.sandbox, kind).length >= 2);
      const family = processesOf(guest.sandbox, kind);
      const late = rooms.sandboxes.start(rooms.program('sleep 9998'));
      await rooms.sandboxes.close();
      await late;
      assert.deepEqual(
        family.filter((pid) => processEntry(pid) !== undefined),
        [],
      );
      assert.deepEqual(leftIn(rooms.directory), []);
      await rooms[Symbol.asyncDispose]();
    });

    test('that an earlier run left behind is swept when the next one opens', async () => {
      await using rooms = await Rooms.open({ kind, containers });
      await rooms.sandboxes.close();
      writeFileSync(join(rooms.directory, 'left'), 'by an earlier run');
      await using next = await Rooms.open({ kind, containers, directory: rooms.directory });
      assert.deepEqual(leftIn(next.directory), []);
    });
  });
}

/** The figure of memory is not asked for at every invoke. */
function aged(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, memoryPeakAgeMs + 50));
}

/** Credentials that are never anybody's. */
function lent(name: string): CredentialSource {
  return {
    token: `of ${name}`,
    current: () => ({ accessKeyId: name, secretAccessKey: 'secret', expiresAtMs: 0 }),
    wallMs: () => 0,
  };
}

interface Beside {
  readonly side: Side;
  readonly ended: Promise<void>;
  printed: string;
  status?: ExitStatus;
}

async function beside(rooms: Rooms, guest: Guest, script: string): Promise<Beside> {
  const command = rooms.ofLayer(script);
  const { promise, resolve } = Promise.withResolvers<void>();
  const seen: { printed: string; status?: ExitStatus } = { printed: '' };
  const outcome = await guest.sandbox.spawn({
    command,
    opt: rooms.layers,
    env: { KEY: 'value', PATH: '/usr/bin:/bin' },
    output: (chunk) => (seen.printed += chunk.toString()),
    exited: (status) => {
      seen.status = status;
      resolve();
    },
  });
  assert.ok(outcome.kind === 'started', JSON.stringify(outcome));
  return Object.assign(seen, { side: outcome.side, ended: promise });
}

/** What stands in the sandboxes' directory, besides the OCI runtime's own records while the worker is open. */
function leftIn(directory: string): readonly string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory).filter(
    (name) => name !== 'state' || readdirSync(join(directory, name)).length > 0,
  );
}

/** All processes of a sandbox, as the host counts. */
function processesOf(sandbox: Sandbox, kind: Kind): readonly number[] {
  if (kind === 'process') {
    const mark = sandbox.own['LAMBKIN_ENVIRONMENT_ID'];
    return processIds().filter((pid) => startedWith(pid, 'LAMBKIN_ENVIRONMENT_ID') === mark);
  }
  const namespace = namespaceOf(sandbox.pid);
  return processIds().filter((pid) => namespaceOf(pid) === namespace);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // gone
  }
}
