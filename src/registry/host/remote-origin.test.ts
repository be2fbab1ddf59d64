/** Pulling from other registries: good ones, and such as are in trouble. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { hasty, problem } from '../fixtures/image-problems.ts';
import { imageSite } from '../fixtures/image-site.ts';
import { otherRegistry } from '../fixtures/other-registry.ts';
import { basicOf } from '../fixtures/rig.ts';
import { someImage, someIndex } from '../fixtures/some-image.ts';

suite('a good registry', () => {
  for (const form of ['oci', 'docker'] as const) {
    test(`gives an image of ${form}, through its index`, async () => {
      await using other = await otherRegistry();
      await using site = imageSite();
      const image = await someImage({ form, layers: [{ a: 'a' }, { b: Buffer.alloc(2_000_000, 2) }] });
      other.add('team/app', image.digest, image);
      other.add('team/app', 'v1', someIndex([['amd64', image]], form));
      const resolved = await site.source.resolve(`${other.host}/team/app:v1`, 'x86_64');
      assert.equal(resolved.resolvedImageUri, `${other.host}/team/app@${image.digest}`);
      const { imageId } = await site.source.store(resolved, 'f');
      assert.equal(imageId, await site.expected(image));
    });
  }

  test('asks for Basic, and gets what the file of credentials says', async () => {
    await using other = await otherRegistry();
    await using site = imageSite();
    other.add('app', 'latest', await someImage());
    other.interfere = (request, response) => {
      if (request.headers.authorization === basicOf('me', 'pass:word')) return false;
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    };
    const uri = `${other.host}/app`;
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('ImageAccessDenied', /its registry answered 401 without credentials/),
    );
    const auths = (auth: object): void =>
      writeFileSync(site.credentialsFile, JSON.stringify({ auths: { [other.host]: auth } }));
    auths({ auth: Buffer.from('me:wrong').toString('base64') });
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('ImageAccessDenied', /answered 401 as "me"/),
    );
    auths({ auth: Buffer.from('me:pass:word').toString('base64') });
    await site.source.resolve(uri, 'x86_64');
    auths({ username: 'me', password: 'pass:word' });
    await site.source.resolve(uri, 'x86_64');
    auths({ identitytoken: 'x' });
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('ImageAccessDenied', /identity tokens/));
    writeFileSync(site.credentialsFile, JSON.stringify({ credHelpers: { [other.host]: 'ecr-login' } }));
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('ImageAccessDenied', /helpers are not run/),
    );
    writeFileSync(site.credentialsFile, '{');
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('ImageAccessDenied', /not JSON/));
  });

  test('asks for a token of its service, which is used until its end', async () => {
    await using other = await otherRegistry();
    await using site = imageSite();
    const image = await someImage();
    other.add('team/app', 'v1', image);
    const asked: string[] = [];
    other.interfere = (request, response, url) => {
      if (url.pathname === '/token') {
        asked.push(`${url.search} ${request.headers.authorization}`);
        response.end(JSON.stringify({ token: 'the-token', expires_in: 300 }));
        return true;
      }
      if (request.headers.authorization === 'Bearer the-token') return false;
      const challenge = `Bearer realm="http://${other.host}/token",service="reg \\"x\\"",scope="repository:team/app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return true;
    };
    writeFileSync(
      site.credentialsFile,
      JSON.stringify({ auths: { [`http://${other.host}`]: { username: 'u', password: 'p' } } }),
    );
    const resolved = await site.source.resolve(`${other.host}/team/app:v1`, 'x86_64');
    await site.source.store(resolved, 'f');
    assert.deepEqual(asked, [
      `?service=reg+%22x%22&scope=repository%3Ateam%2Fapp%3Apull ${basicOf('u', 'p')}`,
    ]);
  });

  test('sends its readers elsewhere, without their credentials', async () => {
    await using other = await otherRegistry();
    await using storage = await otherRegistry();
    await using site = imageSite();
    const image = await someImage();
    other.add('app', 'v1', image);
    const [layer = ''] = image.layers;
    let seen: string | undefined = 'none yet';
    storage.interfere = (request, response) => {
      seen = request.headers.authorization;
      response.end(image.blobs.get(layer));
      return true;
    };
    other.interfere = (request, response, url) => {
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic' }).end();
        return true;
      }
      if (!url.pathname.endsWith(layer)) return false;
      response.writeHead(307, { location: `http://${storage.host}/somewhere?signed=1` }).end();
      return true;
    };
    writeFileSync(
      site.credentialsFile,
      JSON.stringify({ auths: { [other.host]: { username: 'u', password: 'p' } } }),
    );
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const { imageId } = await site.source.store(resolved, 'f');
    assert.equal(imageId, await site.expected(image));
    assert.equal(seen, undefined);
  });
});

suite('a registry in trouble', () => {
  test('is asked again, and a layer goes on where it broke off', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ clock: hasty });
    const image = await someImage({ compression: 'none', layers: [{ a: Buffer.alloc(400_000, 'abcdefg') }] });
    other.add('app', 'v1', image);
    const [layer = ''] = image.layers;
    const bytes = image.blobs.get(layer) ?? Buffer.alloc(0);
    const ranges: (string | undefined)[] = [];
    let failures = 0;
    other.interfere = (request, response, url) => {
      if (!url.pathname.endsWith(layer)) {
        failures += 1;
        if (failures > 2) return false;
        response.writeHead(failures === 1 ? 503 : 429).end();
        return true;
      }
      ranges.push(request.headers.range);
      if (ranges.length > 2) return false;
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      response.writeHead(start === 0 ? 200 : 206, {
        'content-length': bytes.length - start,
        'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      });
      response.write(bytes.subarray(start, start + 100_000), () => setTimeout(() => response.destroy(), 30));
      return true;
    };
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const { imageId } = await site.source.store(resolved, 'f');
    assert.equal(imageId, await site.expected(image));
    assert.deepEqual(ranges, [undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  test('that knows no ranges begins again', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ clock: hasty });
    const image = await someImage({ compression: 'none', layers: [{ a: Buffer.alloc(400_000, 'abcdefg') }] });
    other.add('app', 'v1', image);
    const [layer = ''] = image.layers;
    const bytes = image.blobs.get(layer) ?? Buffer.alloc(0);
    let reads = 0;
    other.interfere = (_request, response, url) => {
      if (!url.pathname.endsWith(layer)) return false;
      reads += 1;
      response.writeHead(200, { 'content-length': bytes.length });
      if (reads > 1) response.end(bytes);
      else response.write(bytes.subarray(0, 50_001), () => setTimeout(() => response.destroy(), 30));
      return true;
    };
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    assert.equal((await site.source.store(resolved, 'f')).imageId, await site.expected(image));
    assert.equal(reads, 2);
  });
});
