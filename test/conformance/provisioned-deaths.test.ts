/** Provisioned environments that are killed under load: replaced at once, with others in their place meanwhile. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService, type Service } from '../service.ts';
import { provisionedCalls, type Seen } from './provisioned-calls.ts';

let service: Service;
before(async () => {
  service = await startService();
});
after(() => service.stop());

const { get, invoke, publish, put, settled } = provisionedCalls(() => service);

test('killed one after the other under load, they are replaced; meanwhile others step in', async () => {
  await publish('doomed');
  const count = 4;
  const kills = 8;
  await put('doomed', 'live', count);
  assert.equal((await settled('doomed', 'live')).Status, 'READY');
  const killed = new Set<number>();
  const seen: Seen[] = [];
  const failures: string[] = [];
  const over = new AbortController();
  const caller = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const Payload = Buffer.from(JSON.stringify({ sleepMs: 5 }));
      const answer = await service.client.send(
        new InvokeCommand({ FunctionName: 'doomed', Qualifier: 'live', Payload }),
      );
      const text = Buffer.from(answer.Payload ?? []).toString();
      if (answer.FunctionError === undefined) seen.push(JSON.parse(text) as Seen);
      else failures.push(text);
    }
  };
  const watcher = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { Status, ...found } = await get('doomed', 'live');
      assert.equal(Status, 'READY');
      assert.equal(found.RequestedProvisionedConcurrentExecutions, count);
      assert.equal(found.AllocatedProvisionedConcurrentExecutions, count);
      assert.ok((found.AvailableProvisionedConcurrentExecutions ?? -1) <= count);
      await sleep(5);
    }
  };
  const killer = async (): Promise<void> => {
    while (killed.size < kills) {
      const from = seen.length;
      while (seen.length < from + 20) await sleep(5);
      const victim = seen
        .slice(from)
        .find(({ type, pid }) => type === 'provisioned-concurrency' && !killed.has(pid));
      if (victim === undefined) continue;
      killed.add(victim.pid);
      process.kill(victim.pid, 'SIGKILL');
    }
    over.abort();
  };
  await Promise.all([killer(), watcher(), ...Array.from({ length: count }, caller)]);
  // An invoke that was under way fails as its runtime does; no other.
  assert.ok(failures.length <= kills, `${failures.length} failures`);
  for (const each of failures) assert.match(each, /Runtime\.ExitError.*signal: killed/);
  // The last one's death may not have been noticed yet.
  for (;;) {
    const { AvailableProvisionedConcurrentExecutions: available } = await get('doomed', 'live');
    const now = await Promise.all(
      Array.from({ length: count }, () => invoke('doomed', 'live', { sleepMs: 300 })),
    );
    assert.ok(now.every(({ pid }) => !killed.has(pid)));
    if (available === count && now.every(({ type }) => type === 'provisioned-concurrency')) break;
  }
});
