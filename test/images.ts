/** Container images for tests: made of the host's files, and pushed to a Lambkin as clients do (OCI distribution API). */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { imageMountsProblem } from '#images';
import { ImageTree } from '../src/worker/fixtures/image-tree.ts';
import { skipped } from '../src/worker/sandbox/contract/rooms.ts';
import { credentials, type Service } from './service.ts';

const mountsProblem = await imageMountsProblem();

/** Why functions of images cannot run here; false: they can. */
export const imagesSkip: string | false =
  mountsProblem === undefined ? await skipped('container') : `no images here: ${mountsProblem}`;

/** A layer, as a tar archive, of what `lay` puts into a tree. */
export function layerOf(lay: (tree: ImageTree) => void): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'lambkin-layer-'));
  try {
    const tree = new ImageTree(join(directory, 'tree'));
    lay(tree);
    const archive = join(directory, 'layer.tar');
    execFileSync('tar', ['--owner=0', '--group=0', '-C', tree.directory, '-cf', archive, '.']);
    return readFileSync(archive);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

export interface ImageParts {
  /** Tar archives, the base first. */
  readonly layers: readonly Buffer[];
  /** `config` of the image's config: Entrypoint, Cmd, WorkingDir, Env. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface Pushed {
  /** `host:port/repository:tag` */
  readonly uri: string;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const type = 'application/vnd.oci.image';

export async function pushImage(
  service: Pick<Service, 'endpoint' | 'host' | 'port'>,
  repository: string,
  tag: string,
  { layers, config }: ImageParts,
): Promise<Pushed> {
  const packed = layers.map((layer) => gzipSync(layer, { level: 1 }));
  const described = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(digestOf) },
    }),
  );
  const base = `${service.endpoint}/v2/${repository}`;
  for (const blob of [described, ...packed]) await pushBlob(base, blob);
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: { mediaType: `${type}.config.v1+json`, digest: digestOf(described), size: described.length },
      layers: packed.map((layer) => ({
        mediaType: `${type}.layer.v1.tar+gzip`,
        digest: digestOf(layer),
        size: layer.length,
      })),
    }),
  );
  await put(`${base}/manifests/${tag}`, manifest, `${type}.manifest.v1+json`);
  return { uri: `${service.host}:${service.port}/${repository}:${tag}`, digest: digestOf(manifest) };
}

async function pushBlob(base: string, blob: Buffer): Promise<void> {
  const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers });
  assert.equal(begun.status, 202, await begun.text());
  const place = new URL(begun.headers.get('location') ?? '', base);
  place.searchParams.set('digest', digestOf(blob));
  await put(place.href, blob, 'application/octet-stream');
}

async function put(url: string, body: Buffer, contentType: string): Promise<void> {
  const answer = await fetch(url, {
    method: 'PUT',
    body: new Uint8Array(body),
    headers: { ...headers, 'content-type': contentType },
  });
  assert.equal(answer.status, 201, await answer.text());
}

const login = Buffer.from(`${credentials.accessKeyId}:${credentials.secretAccessKey}`).toString('base64');
const headers = { authorization: `Basic ${login}` };

/** A base of a shell and what a bootstrap in shell needs. */
export function shellBase(): Buffer {
  return layerOf((tree) => {
    for (const name of ['sh', 'cat', 'sed', 'tr', 'curl', 'id']) tree.program(whereIs(name), `/bin/${name}`);
  });
}

/** A layer with the code: a bootstrap that answers with what it is. */
export function shellCode(says: string): Buffer {
  return layerOf((tree) => {
    tree.put('/var/task/says', says, 0o644);
    tree.put('/var/task/bootstrap', bootstrap);
  });
}

const bootstrap = `#!/bin/sh
runtime="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while :; do
  curl -sS -D /tmp/headers -o /tmp/event "$runtime/next"
  id=$(tr -d '\\r' < /tmp/headers | sed -n 's/^lambda-runtime-aws-request-id: *//Ip')
  echo "works on $(cat /tmp/event)"
  curl -sS -o /dev/null -d "{\\"says\\":\\"$(cat /var/task/says)\\",\\"args\\":\\"$*\\",\\"cwd\\":\\"$(pwd)\\",\\"uid\\":$(id -u),\\"from\\":\\"$FROM\\",\\"event\\":$(cat /tmp/event)}" "$runtime/$id/response"
done
`;

/** What such an image says of itself. */
export const shellConfig = {
  Entrypoint: ['/var/task/bootstrap'],
  Cmd: ['one', 'two'],
  WorkingDir: '/var/task',
  Env: ['PATH=/bin', 'FROM=image'],
} as const;

function whereIs(program: string): string {
  return execFileSync('sh', ['-c', `command -v ${program}`], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  }).trim();
}
