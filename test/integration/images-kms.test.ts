/** Images under a key of a KMS that is not ours: Moto's. The store of images alone, and Lambkin with functions of them. */
import assert from 'node:assert/strict';
import { CreateFunctionCommand, InvokeCommand, waitUntilFunctionActiveV2 } from '@aws-sdk/client-lambda';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryBlobs, memoryDocuments } from '#engines/memory';
import { ChunkError, ChunkSource, flatten, ImageStore, kmsService, openKeyring } from '#images';
import { systemClock as clock, systemEntropy as entropy, systemRandom as random } from '#platform';
import { SignedJsonCalls } from '#wire';
import { FakeKms, kmsCredentials, kmsRegion, openKmsServer } from '../../src/images/fixtures/kms.ts';
import { imagesSkip, layerOf, pushImage, shellBase, shellCode, shellConfig } from '../images.ts';
import { type Moto, motoSkip, openMoto } from '../moto.ts';
import { region, role, type Service, startService } from '../service.ts';

const keys = { accessKeyId: 'AKIAFROMENVIRONMENT1', secretAccessKey: 'secret' };
const environment = {
  AWS_ACCESS_KEY_ID: keys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
};

/** Looks for ten seconds at most. */
async function until(seen: () => boolean): Promise<void> {
  for (let look = 0; !seen() && look < 500; look += 1) await sleep(20);
}

async function answer({ client }: Service): Promise<unknown> {
  await waitUntilFunctionActiveV2({ client, maxWaitTime: 60, minDelay: 1 }, { FunctionName: 'app' });
  const { Payload } = await client.send(new InvokeCommand({ FunctionName: 'app', Payload: '{}' }));
  return (JSON.parse(Payload?.transformToString() ?? '{}') as { says?: string }).says;
}

suite('images under a key of KMS', { skip: motoSkip }, () => {
  let moto: Moto;
  before(async () => {
    moto = await openMoto();
  });
  after(() => moto.close());

  /** Makes a key with an alias; gives its id. */
  async function key(alias: string): Promise<string> {
    const { KeyMetadata } = await moto.json('kms', 'TrentService.CreateKey', {});
    const { KeyId } = KeyMetadata as { readonly KeyId: string };
    await moto.json('kms', 'TrentService.CreateAlias', { AliasName: alias, TargetKeyId: KeyId });
    return KeyId;
  }

  test('an image is stored under one process and read back by another', async (t) => {
    const id = await key('alias/store');
    const calls = new SignedJsonCalls({
      ...kmsService,
      endpoint: moto.endpoint,
      region,
      callMsMax: 60_000,
      clock,
    });
    t.after(() => calls.close());
    const [documents, blobs] = [memoryDocuments(), memoryBlobs()];
    const opened = (...keyIds: readonly string[]): ImageStore => {
      const keyring = openKeyring({
        kind: 'kms',
        keyIds,
        call: (operation, input) => calls.call({ operation, input, keys }),
        clock,
        random,
        entropy,
      });
      return new ImageStore({ documents, blobs, keyring, clock, entropy });
    };
    const text = 'what an image has in it\n';
    const archive = layerOf((tree) => tree.put('/greeting', text, 0o644));
    const layer = {
      open: async function* () {
        yield archive;
      },
    };
    const { image } = await opened('alias/store').upload({
      account: '123456789012',
      reference: 'test',
      produce: (sink) => flatten([layer], sink),
    });
    const source = new ChunkSource({ memoryBytesMax: 2 ** 24, tiers: [] });
    const reader = await opened(id).open('123456789012', image, source);
    assert.ok(reader !== undefined);
    const bytes: Buffer[] = [];
    for (let at = 0; at < reader.sizeBytes; at += 2 ** 20) {
      bytes.push(Buffer.from(await reader.read(at, Math.min(2 ** 20, reader.sizeBytes - at))));
    }
    assert.notEqual(Buffer.concat(bytes).indexOf(text), -1);
    // Another key, one that is disabled, and none: withheld, each told by name.
    await key('alias/other');
    for (const [keyId, why] of [
      ['alias/other', /AccessDeniedException/],
      ['alias/none', /NotFoundException/],
    ] as const) {
      await assert.rejects(
        opened(keyId).open('123456789012', image, source),
        (error) => error instanceof ChunkError && error.reason === 'withheld' && why.test(error.message),
      );
    }
  });

  test(
    'a function of an image runs, also after a restart, and there is no master key',
    { skip: imagesSkip },
    async (t) => {
      await key('alias/images');
      const dataDirectory = mkdtempSync(join(tmpdir(), 'lambkin-test-'));
      const started: Service[] = [];
      t.after(async () => {
        await started.at(-1)?.stop();
        rmSync(dataDirectory, { recursive: true, force: true });
      });
      const start = async (args: readonly string[]): Promise<Service> => {
        const service = await startService({
          dataDirectory,
          environment: { ...environment, LAMBKIN_ISOLATION: 'container' },
          args,
        });
        started.push(service);
        return service;
      };
      const withKms = ['--images-kms-key', 'alias/images', '--endpoint', `kms=${moto.endpoint}`];
      const first = await start(withKms);
      const image = { layers: [shellBase(), shellCode('sealed')], config: shellConfig };
      const { uri } = await pushImage(first, 'app', 'latest', image);
      const Code = { ImageUri: uri };
      await first.client.send(
        new CreateFunctionCommand({ FunctionName: 'app', PackageType: 'Image', Code, Role: role }),
      );
      assert.equal(await answer(first), 'sealed');
      assert.equal(existsSync(join(dataDirectory, 'images.key')), false);
      await first.kill();
      const second = await start(withKms);
      assert.equal(await answer(second), 'sealed');
      assert.doesNotMatch(second.output(), /cannot be used/);
    },
  );

  test('a key that KMS does not have is told at start, and everything else runs', async (t) => {
    const service = await startService({
      environment,
      args: ['--images-kms-key', 'alias/nobody', '--endpoint', `kms=${moto.endpoint}`],
    });
    t.after(() => service.stop());
    await until(() => service.output().includes('cannot be used'));
    assert.match(service.output(), /the key of images in KMS cannot be used/);
    assert.match(service.output(), /NotFoundException/);
  });
});

test('calls are signed with the credentials of the environment, for the region of the key', async (t) => {
  const keyId = `arn:aws:kms:${kmsRegion}:123456789012:key/one`;
  const kms = new FakeKms(keyId);
  const server = await openKmsServer(kms);
  t.after(() => server.close());
  const service = await startService({
    environment: {
      ...environment,
      AWS_ACCESS_KEY_ID: kmsCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: kmsCredentials.secretAccessKey,
      AWS_SESSION_TOKEN: kmsCredentials.sessionToken,
      LAMBKIN_IMAGES_KMS_KEY: keyId,
      LAMBKIN_ENDPOINT_KMS: server.endpoint,
    },
  });
  t.after(() => service.stop());
  await until(() => kms.asked.length > 0 || service.output().includes('cannot be used'));
  assert.doesNotMatch(service.output(), /cannot be used/);
  assert.deepEqual(
    kms.asked.map(({ operation, input }) => [operation, input.KeyId]),
    [['GenerateDataKey', keyId]],
  );
});

test('a key of KMS without a KMS, or without credentials for it, is refused at start', async () => {
  const args = ['--images-kms-key', 'alias/images'];
  await assert.rejects(startService({ environment, args }), /ended with 2:.*--endpoint kms=/s);
  const without = {
    AWS_ACCESS_KEY_ID: '',
    AWS_SECRET_ACCESS_KEY: '',
    AWS_PROFILE: 'none-such',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  await assert.rejects(
    startService({ environment: without, args: [...args, '--endpoint', 'kms=http://127.0.0.1:1'] }),
    // And nothing besides.
    /ended with 1:\nlambkin: --images-kms-key needs credentials for KMS[^\n]*\n$/,
  );
});
