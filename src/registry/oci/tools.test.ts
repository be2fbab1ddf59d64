/** The registry with the tools that people push and pull with. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { registryRig, root } from '../fixtures/rig.ts';
import { someImage, writeLayout } from '../fixtures/some-image.ts';

const run = promisify(execFile);
const timeout = 60_000;

const missing = (program: string): string | false =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
    ? false
    : `${program} is not installed`;

/** The files of a layout's blobs, by name. */
function blobsIn(layout: string): Readonly<Record<string, Buffer>> {
  const directory = join(layout, 'blobs', 'sha256');
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]),
  );
}

suite('with skopeo', { skip: missing('skopeo') }, () => {
  test('what is copied in is what is copied out', async () => {
    await using rig = await registryRig();
    const directory = mkdtempSync(join(tmpdir(), 'lambkin-skopeo-'));
    try {
      const image = await someImage({
        layers: [{ bootstrap: '#!/bin/sh\n', large: Buffer.alloc(3_000_000, 'skopeo') }, { 'app/a': 'x' }],
      });
      const source = join(directory, 'in');
      const target = join(directory, 'out');
      writeLayout(source, 'v1', image);
      const place = `docker://127.0.0.1:${rig.port}/team/app`;
      const as = `${root.id}:${root.secret}`;
      const skopeo = async (...args: readonly string[]): Promise<string> =>
        (await run('skopeo', ['--insecure-policy', ...args], { timeout })).stdout;
      await skopeo('copy', '--dest-tls-verify=false', '--dest-creds', as, `oci:${source}:v1`, `${place}:v1`);
      await skopeo('copy', '--dest-tls-verify=false', '--dest-creds', as, `oci:${source}:v1`, `${place}:v2`);
      await skopeo('copy', '--src-tls-verify=false', '--src-creds', as, `${place}:v1`, `oci:${target}:v1`);
      assert.deepEqual(blobsIn(target), blobsIn(source));
      const tags = await skopeo('list-tags', '--tls-verify=false', '--creds', as, place);
      assert.deepEqual((JSON.parse(tags) as Record<string, unknown>)['Tags'], ['v1', 'v2']);
      const { authorizationData } = await rig.operate('GetAuthorizationToken', {});
      const [data] = authorizationData as readonly { readonly authorizationToken: string }[];
      const password = Buffer.from(data?.authorizationToken ?? '', 'base64').toString();
      const raw = await skopeo('inspect', '--raw', '--tls-verify=false', '--creds', password, `${place}:v1`);
      assert.equal(raw, image.manifest.toString());
      await skopeo(
        'copy',
        '--format',
        'v2s2',
        '--src-tls-verify=false',
        '--dest-tls-verify=false',
        '--src-creds',
        as,
        '--dest-creds',
        as,
        `${place}:v1`,
        `${place}:docker`,
      );
      await skopeo('delete', '--tls-verify=false', '--creds', as, `${place}:v1`);
      assert.equal((await rig.call('GET', '/v2/team/app/manifests/v2')).status, 404, 'it was the same image');
      assert.equal((await rig.call('GET', '/v2/team/app/manifests/docker')).status, 200);
      await assert.rejects(
        skopeo('copy', '--dest-tls-verify=false', '--dest-creds', 'a:b', `oci:${source}:v1`, `${place}:v3`),
        /authentication required|unauthorized/i,
      );
      assert.deepEqual(rig.faults, []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

const noBuildah = missing('buildah') || (process.getuid?.() === 0 ? false : 'buildah is tried as root only');

suite('with buildah', { skip: noBuildah }, () => {
  test('an image that it built is pushed and pulled', async () => {
    await using rig = await registryRig();
    const directory = mkdtempSync(join(tmpdir(), 'lambkin-buildah-'));
    const buildah = async (...args: readonly string[]): Promise<string> => {
      const places = [
        '--storage-driver',
        'vfs',
        '--root',
        join(directory, 'root'),
        '--runroot',
        join(directory, 'run'),
      ];
      return (await run('buildah', [...places, ...args], { timeout, cwd: directory })).stdout;
    };
    try {
      writeFileSync(join(directory, 'bootstrap'), '#!/bin/sh\n', { mode: 0o755 });
      const container = (await buildah('from', 'scratch')).trim();
      await buildah('copy', container, join(directory, 'bootstrap'), '/bootstrap');
      await buildah('config', '--entrypoint', '["/bootstrap"]', container);
      await buildah('commit', '--format', 'docker', container, 'lambkin-test');
      const place = `127.0.0.1:${rig.port}/built/app:v1`;
      const as = `${root.id}:${root.secret}`;
      await buildah('push', '--tls-verify=false', '--creds', as, 'lambkin-test', `docker://${place}`);
      const manifest = (await rig.call('GET', '/v2/built/app/manifests/v1')).json();
      assert.equal(manifest['mediaType'], 'application/vnd.docker.distribution.manifest.v2+json');
      await buildah('pull', '--tls-verify=false', '--creds', as, `docker://${place}`);
      assert.deepEqual(rig.faults, []);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
