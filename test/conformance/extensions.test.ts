/** Functions with extensions in real layers, through the public API, on a Lambkin as its users start it. */
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  InvokeCommand,
  PublishLayerVersionCommand,
  type Runtime,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { archive } from '../archive.ts';
import { role, type Service, startService } from '../service.ts';

const python = spawnSync('python3', ['-c', 'import sys; print("python%d.%d" % sys.version_info[:2])'])
  .stdout?.toString()
  .trim() as Runtime | undefined;
const curl = spawnSync('curl', ['--version']).status === 0 ? false : 'this host has no curl';
const notes = mkdtempSync(join(tmpdir(), 'lambkin-extensions-'));
let service: Service;
before(async () => {
  service = await startService();
});
after(async () => {
  await service.stop();
  rmSync(notes, { recursive: true, force: true });
});

/** An extension as people write it: a shell script. It notes each event in a file. */
const shellExtension = (file: string, events: string): string => `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
id=$(curl -sS -D - -o /dev/null -X POST "$api/register" -H "Lambda-Extension-Name: $(basename "$0")" \\
  -H 'Content-Type: application/json' -d '{"events":[${events}]}' | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Ee]xtension-[Ii]dentifier: //p')
while :; do
  event=$(curl -sS "$api/event/next" -H "Lambda-Extension-Identifier: $id") || exit 1
  echo "$event" >> ${file}
  case "$event" in *SHUTDOWN*) exit 0;; esac
done
`;

async function create(
  FunctionName: string,
  code: Readonly<Record<string, string>>,
  layer: Readonly<Record<string, string>>,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<void> {
  const { client } = service;
  const Content = { ZipFile: await archive(layer) };
  const { LayerVersionArn } = await client.send(
    new PublishLayerVersionCommand({ LayerName: FunctionName, Content }),
  );
  await client.send(
    new CreateFunctionCommand({
      FunctionName,
      Role: role,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: await archive(code) },
      Layers: [LayerVersionArn ?? ''],
      ...more,
    }),
  );
  const fast = { client, maxWaitTime: 60, minDelay: 0.05, maxDelay: 0.05 };
  await waitUntilFunctionActiveV2(fast, { FunctionName });
}

async function invoke(
  FunctionName: string,
): Promise<{ answer: unknown; log: string; error: string | undefined }> {
  const output = await service.client.send(new InvokeCommand({ FunctionName, LogType: 'Tail' }));
  return {
    answer: JSON.parse(Buffer.from(output.Payload ?? []).toString()),
    log: Buffer.from(output.LogResult ?? '', 'base64').toString(),
    error: output.FunctionError,
  };
}

async function untilNoted(file: string, pattern: RegExp): Promise<string> {
  for (let looks = 0; looks < 5_000; looks += 1) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (pattern.test(text)) return text;
    await pause(2);
  }
  throw new Error(`waited in vain for ${pattern} in ${existsSync(file) ? readFileSync(file, 'utf8') : file}`);
}

for (const [runtime, skip] of [
  ['nodejs24.x', curl],
  [python ?? 'python3', curl || (python === undefined && 'this host has no Python')],
] as const) {
  test(
    `a shell script as extension of a function in ${runtime}; its own SIGTERM handler runs at the end`,
    { skip },
    async () => {
      const file = join(notes, `${runtime}.events`);
      const ending = join(notes, `${runtime}.ending`);
      const code =
        runtime === 'nodejs24.x'
          ? {
              'index.js': `process.on('SIGTERM', () => { require('fs').writeFileSync('${ending}', 'node'); process.exit(0); });
              exports.handler = async (event) => ({ trace: process.env._X_AMZN_TRACE_ID });`,
            }
          : {
              'index.py': `import os, signal, sys
def ending(number, frame):
    open('${ending}', 'w').write('python')
    sys.exit(0)
signal.signal(signal.SIGTERM, ending)
def handler(event, context):
    return {'trace': os.environ['_X_AMZN_TRACE_ID']}`,
            };
      const name = `shell-${runtime.replace('.', '-')}`;
      await create(
        name,
        code,
        { 'extensions/watch': shellExtension(file, '"INVOKE","SHUTDOWN"') },
        { Runtime: runtime as Runtime },
      );
      const { answer, log } = await invoke(name);
      const { trace } = answer as { trace: string };
      assert.match(trace, /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}/);
      assert.match(log, /START RequestId: .*\nEND RequestId: .*\nREPORT/);
      const [first] = (await untilNoted(file, /INVOKE/)).split('\n');
      const event = JSON.parse(first ?? '') as { tracing: { value: string }; invokedFunctionArn: string };
      assert.equal(event.tracing.value, trace);
      assert.match(event.invokedFunctionArn, new RegExp(`:function:${name}$`));
      await invoke(name);
      await service.client.send(new DeleteFunctionCommand({ FunctionName: name }));
      const told = await untilNoted(file, /SHUTDOWN/);
      assert.equal(told.match(/"INVOKE"/g)?.length, 2);
      assert.match(told, /"shutdownReason":"spindown"/);
      assert.match(await untilNoted(ending, /./), /^(node|python)$/);
    },
  );
}

test('an extension that crashes fails the invoke with AWS’s words, and the function recovers without it', async () => {
  const extension = '#!/bin/sh\nexit 3\n';
  await create('crash', { 'index.js': 'exports.handler = async () => 1' }, { 'extensions/crash': extension });
  const { answer, error, log } = await invoke('crash');
  assert.equal(error, 'Unhandled');
  assert.equal((answer as { errorType: string }).errorType, 'Extension.Crash');
  assert.match(
    (answer as { errorMessage: string }).errorMessage,
    /^RequestId: [0-9a-f-]+ Error: exit status 3$/,
  );
  assert.match(log, /Error Type: Extension\.Crash/);
});

test('a log of format JSON, through the API', async () => {
  const source =
    'exports.handler = async () => { console.info("hidden"); console.warn("shown", { a: 1 }); return 1 }';
  await create(
    'json',
    { 'index.js': source },
    { 'readme.txt': 'no extension' },
    {
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'WARN', SystemLogLevel: 'INFO' },
    },
  );
  const { log } = await invoke('json');
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string>);
  assert.deepEqual(
    events.map(({ type, level }) => type ?? level),
    ['platform.start', 'WARN', 'platform.report'],
  );
  assert.equal(events[1]?.['message'], 'shown { a: 1 }');
});

test('an internal extension inside of a Node function sees every invoke', async () => {
  const file = join(notes, 'internal');
  const source = `
    const { appendFileSync } = require('node:fs');
    const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension';
    const registered = fetch(api + '/register', { method: 'POST', headers: { 'Lambda-Extension-Name': 'inner' }, body: '{"events":["INVOKE"]}' })
      .then((response) => response.headers.get('lambda-extension-identifier'));
    const next = async () => {
      const id = await registered;
      for (;;) {
        const response = await fetch(api + '/event/next', { headers: { 'Lambda-Extension-Identifier': id } });
        appendFileSync('${file}', (await response.text()) + '\\n');
      }
    };
    void registered.then(() => next());
    await registered;
    let calls = 0;
    export const handler = async () => { calls += 1; if (calls === 3) setTimeout(() => process.exit(0), 20); return calls; };`;
  await create(
    'internal',
    {
      'index.mjs': source.replace(
        "const { appendFileSync } = require('node:fs');",
        "import { appendFileSync } from 'node:fs';",
      ),
    },
    { 'readme.txt': 'x' },
  );
  assert.equal((await invoke('internal')).answer, 1);
  assert.equal((await invoke('internal')).answer, 2);
  await untilNoted(file, /INVOKE[^]*INVOKE/);
  assert.equal((await invoke('internal')).answer, 3);
  // It ends itself while it waits awake: another takes its place.
  let answer: unknown = 3;
  for (let looks = 0; answer !== 1 && looks < 500; looks += 1) {
    await pause(5);
    ({ answer } = await invoke('internal'));
  }
  assert.equal(answer, 1);
});
