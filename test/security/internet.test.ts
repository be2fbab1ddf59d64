/**
 * `--network internet`: a function in a container reaches what is outside, and nothing of the host, of others, or of the cloud. The outside is
 * one of the test's own, in a network namespace: no packet leaves this machine.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { skipped } from '../../src/worker/sandbox/contract/rooms.ts';
import { metadataAddress, TwoNetworks, withoutNetworks } from './two-networks.ts';

const execute = promisify(execFile);
const skip = withoutNetworks() || (await skipped('container', { network: 'internet' }));
const probe = join(import.meta.dirname, 'internet-probe.ts');

async function reachedWith(networks: TwoNetworks, network: string): Promise<readonly string[]> {
  const [command, args] = networks.inHost(process.execPath, probe, network);
  const { stdout } = await execute(command, args, { timeout: 60_000 });
  const { reached, said } = JSON.parse(stdout) as { reached: readonly string[]; said: string };
  assert.equal(said, '');
  return reached;
}

suite('a container with a network', { skip }, () => {
  test('reaches what is outside, by address and by name, and nothing else', async () => {
    await using networks = await TwoNetworks.open();
    // From the host itself all of it can be reached: what is refused below is refused by Lambkin.
    const [command, args] = networks.inHost(
      process.execPath,
      '-e',
      `require('node:net').connect(80, '${metadataAddress}').on('data', (b) => console.log(String(b))).setTimeout(5000)`,
    );
    assert.equal((await execute(command, args)).stdout, 'outside\n');
    assert.deepEqual(await reachedWith(networks, 'internet'), [
      'outside by name: outside',
      'outside: outside',
      'the gateway: outside',
    ]);
  });

  test('reaches nothing at all where that is not wanted', async () => {
    await using networks = await TwoNetworks.open();
    assert.deepEqual(await reachedWith(networks, 'none'), []);
  });
});
