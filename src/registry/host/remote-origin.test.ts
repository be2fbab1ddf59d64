/** Pulling from other registries, good and bad ones. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { type Clock, FakeClock, systemClock } from '#platform';
import { imageSite } from '../fixtures/image-site.ts';
import { type Interfere, otherRegistry } from '../fixtures/other-registry.ts';
import { basicOf } from '../fixtures/rig.ts';
import { someImage, someIndex } from '../fixtures/some-image.ts';
import { ImageProblem } from '../image-source.ts';

/** Waits no longer than it must, and keeps the time limits. */
const hasty: Clock = {
  monotonicMs: () => systemClock.monotonicMs(),
  wallMs: () => systemClock.wallMs(),
  after: (ms, callback) => systemClock.after(ms > 300 && ms < 9000 ? 1 : ms, callback),
};

const problem = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ImageProblem, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, message);
  return true;
};

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
    const auths = (auth: object): void => writeFileSync(site.credentialsFile, JSON.stringify({ auths: { [other.host]: auth } }));
    auths({ auth: Buffer.from('me:wrong').toString('base64') });
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('ImageAccessDenied', /answered 401 as "me"/));
    auths({ auth: Buffer.from('me:pass:word').toString('base64') });
    await site.source.resolve(uri, 'x86_64');
    auths({ username: 'me', password: 'pass:word' });
    await site.source.resolve(uri, 'x86_64');
    auths({ identitytoken: 'x' });
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('ImageAccessDenied', /identity tokens/));
    writeFileSync(site.credentialsFile, JSON.stringify({ credHelpers: { [other.host]: 'ecr-login' } }));
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('ImageAccessDenied', /helpers are not run/));
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
    writeFileSync(site.credentialsFile, JSON.stringify({ auths: { [`http://${other.host}`]: { username: 'u', password: 'p' } } }));
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
    writeFileSync(site.credentialsFile, JSON.stringify({ auths: { [other.host]: { username: 'u', password: 'p' } } }));
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

suite('a bad registry', () => {
  const cases: readonly (readonly [string, Interfere, string, RegExp])[] = [
    [
      'that is always out of order',
      (_request, response) => (response.writeHead(500).end(), true),
      'InternalError',
      /could not be read: the registry answered 500/,
    ],
    [
      'that forbids',
      (_request, response) => (response.writeHead(403).end(), true),
      'ImageAccessDenied',
      /answered 403/,
    ],
    [
      'that redirects for ever',
      (_request, response, url) => (response.writeHead(302, { location: `${url.pathname}x` }).end(), true),
      'InvalidImage',
      /more than 5 redirects/,
    ],
    [
      'that redirects nowhere',
      (_request, response) => (response.writeHead(302).end(), true),
      'InvalidImage',
      /leads nowhere/,
    ],
    [
      'that redirects to a file',
      (_request, response) => (response.writeHead(302, { location: 'file:///etc/passwd' }).end(), true),
      'InvalidImage',
      /file: is not followed/,
    ],
    [
      "that redirects to the cloud's metadata without TLS",
      (_request, response) =>
        (response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(), true),
      'InvalidImage',
      /without TLS is not followed/,
    ],
    [
      "that redirects to the cloud's metadata",
      (_request, response) => (response.writeHead(302, { location: 'https://169.254.169.254/latest' }).end(), true),
      'ImageAccessDenied',
      /169\.254\.169\.254 must not be called/,
    ],
    [
      'whose token service is where nobody may call',
      (_request, response) =>
        (response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://[fe80::1]/token"' }).end(), true),
      'ImageAccessDenied',
      /must not be called/,
    ],
    [
      'whose token service is a riddle',
      (_request, response) => (response.writeHead(401, { 'www-authenticate': 'Bearer realm="::::"' }).end(), true),
      'InvalidImage',
      /no URL/,
    ],
    [
      'that challenges in an unknown way',
      (_request, response) => (response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end(), true),
      'ImageAccessDenied',
      /answered 401/,
    ],
    [
      'that answers with a page',
      (_request, response) =>
        (response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'), true),
      'InvalidImage',
      /the manifest is not JSON/,
    ],
    [
      'whose manifest has no end',
      (_request, response) => {
        response.writeHead(200);
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
        };
        response.on('drain', more);
        more();
        return true;
      },
      'InvalidImage',
      /larger than 4194304 bytes/,
    ],
    [
      'whose manifest breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 1000 });
        response.write('{', () => response.destroy());
        return true;
      },
      'InternalError',
      /could not be read/,
    ],
  ];
  for (const [title, interfere, code, message] of cases) {
    test(title, async () => {
      await using other = await otherRegistry();
      await using site = imageSite({ clock: hasty });
      other.interfere = interfere;
      await assert.rejects(site.source.resolve(`${other.host}/app:v1`, 'x86_64'), problem(code, message));
      assert.ok(other.requests.length <= 6, `${other.requests.length} requests`);
    });
  }

  test('whose token service refuses, or gives no token', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ clock: hasty });
    for (const [status, body, code, message] of [
      [403, '{}', 'ImageAccessDenied', /token service answered 403/],
      [500, '{}', 'InternalError', /token service answered 500/],
      [200, '{}', 'InvalidImage', /gave no token/],
      [200, '{"token":"a\\nb"}', 'InvalidImage', /gave no token/],
      [200, 'x', 'InvalidImage', /not answer with JSON/],
      [200, ' '.repeat(300_000), 'InvalidImage', /larger than/],
      [200, '{"token":"never good enough"}', 'InvalidImage', /gave no token/],
      [200, '{"token":"neverGoodEnough"}', 'ImageAccessDenied', /answered 401/],
    ] as const) {
      other.interfere = (_request, response, url) => {
        if (url.pathname === '/token') response.writeHead(status).end(body);
        else response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }).end();
        return true;
      };
      await assert.rejects(site.source.resolve(`${other.host}/app:v1`, 'x86_64'), problem(code, message), body);
    }
  });

  test('that gives other bytes than the digest says', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ clock: hasty });
    const image = await someImage();
    const another = await someImage({ layers: [{ other: 'x' }] });
    other.add('app', 'v1', image);
    const [layer = ''] = image.layers;
    const [otherLayer = ''] = another.layers;
    const uri = `${other.host}/app@${image.digest}`;
    const give = (what: string, bytes: Buffer | undefined): void => {
      other.interfere = (_request, response, url) => {
        if (!url.pathname.endsWith(what)) return false;
        response.end(bytes);
        return true;
      };
    };
    give(image.digest, another.manifest);
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('InvalidImage', /manifest of another digest/));
    give(image.config, Buffer.from('{}'));
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('InvalidImage', /config of another digest/));
    other.interfere = () => false;
    const resolved = await site.source.resolve(uri, 'x86_64');
    const bytes = image.blobs.get(layer) ?? Buffer.alloc(0);
    for (const [given, code, message] of [
      [another.blobs.get(otherLayer), 'In', /./],
      [Buffer.concat([bytes, Buffer.alloc(1)]), 'InvalidImage', /longer than its manifest says/],
      [Buffer.alloc(bytes.length, 7), 'InvalidImage', /is not valid/],
      [Buffer.from(bytes.map((byte, index) => (index === bytes.length - 2 ? byte ^ 1 : byte))), 'InvalidImage', /is not valid/],
      [bytes.subarray(0, -1), 'InternalError', /ended early/],
      [Buffer.alloc(0), 'InternalError', /ended early/],
    ] as const) {
      give(layer, given);
      const refused = await site.source.store(resolved, 'f').then(() => undefined, (error: unknown) => error);
      assert.ok(refused instanceof ImageProblem);
      assert.ok(refused.code.startsWith(code), `${refused.code}: ${refused.message}`);
      assert.match(refused.message, message);
    }
    assert.deepEqual((await site.documents.list('images/manifests/')).documents, []);
  });

  test('that never answers, or stops in the middle, is given up', async () => {
    await using other = await otherRegistry();
    const image = await someImage();
    other.add('app', 'v1', image);
    const limits = { answerMs: 40, idleMs: 40 };
    await using site = imageSite({ clock: hasty, httpLimits: limits });
    other.interfere = () => true;
    const uri = `${other.host}/app:v1`;
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('InternalError', /no answer within 40 ms/));
    other.interfere = (_request, response) => (response.writeHead(200).write('{'), true);
    await assert.rejects(site.source.resolve(uri, 'x86_64'), problem('InternalError', /nothing came for 40 ms/));
  });

  test('that is not there', async () => {
    await using site = imageSite({ clock: hasty });
    await assert.rejects(
      site.source.resolve('127.0.0.1:1/app:v1', 'x86_64'),
      problem('InternalError', /ECONNREFUSED/),
    );
  });
});

suite('where nobody may call', () => {
  for (const host of ['169.254.169.254', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '0.0.0.0', '100.100.100.200', '2852039166', '0xa9fea9fe']) {
    test(`an image at ${host} is refused without a request`, async () => {
      await using site = imageSite({ clock: hasty });
      const named = /^[0-9a-fx]+$/.test(host) ? `${host}:443` : host;
      await assert.rejects(
        site.source.resolve(`${named}/app:v1`, 'x86_64'),
        problem('ImageAccessDenied', /must not be called/),
      );
    });
  }
});

suite('giving up', () => {
  test('whoever aborts hears of it at once; who still waits gets the image', async () => {
    await using other = await otherRegistry();
    await using site = imageSite();
    const image = await someImage();
    other.add('app', 'v1', image);
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const [layer = ''] = image.layers;
    other.interfere = (_request, response, url) => {
      if (!url.pathname.endsWith(layer)) return false;
      arrived.resolve();
      void gate.promise.then(() => response.end(image.blobs.get(layer)));
      return true;
    };
    const abort = new AbortController();
    const first = site.source.store(resolved, 'first', abort.signal);
    const second = site.source.store(resolved, 'second');
    await arrived.promise;
    abort.abort(new Error('no more'));
    await assert.rejects(first, { message: 'no more' });
    gate.resolve();
    const { imageId } = await second;
    assert.deepEqual(await site.references(imageId), ['second']);
  });

  test('an import that nobody waits for ends, and closing ends all', async () => {
    await using other = await otherRegistry();
    await using site = imageSite({ importsMax: 1 });
    const image = await someImage();
    const another = await someImage({ layers: [{ x: 'x' }] });
    other.add('app', 'v1', image);
    other.add('app', 'v2', another);
    const resolved = await site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    const waiting = await site.source.resolve(`${other.host}/app:v2`, 'x86_64');
    const arrived = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    other.interfere = (_request, response, url) => {
      if (!image.layers.some((layer) => url.pathname.endsWith(layer))) return false;
      response.on('close', () => left.resolve());
      arrived.resolve();
      return true;
    };
    const abort = new AbortController();
    const alone = site.source.store(resolved, 'f', abort.signal);
    await arrived.promise;
    abort.abort(new Error('no more'));
    await assert.rejects(alone, { message: 'no more' });
    await left.promise;
    const last = site.source.store(resolved, 'f');
    const queued = site.source.store(waiting, 'g');
    last.catch(() => {});
    queued.catch(() => {});
    await site.source.close();
    await assert.rejects(last, problem('InternalError', /./));
    await assert.rejects(queued, problem('InternalError', /./));
    await assert.rejects(site.source.store(resolved, 'f'), problem('InternalError', /stopping/));
    assert.deepEqual((await site.documents.list('images/manifests/')).documents, []);
  });

  test('time passes by the clock that was given', async () => {
    await using other = await otherRegistry();
    const clock = new FakeClock();
    await using site = imageSite({ clock });
    other.interfere = () => true;
    const asked = site.source.resolve(`${other.host}/app:v1`, 'x86_64');
    asked.catch(() => {});
    const passing = setInterval(() => clock.advance(10_000), 5);
    await assert.rejects(asked, problem('InternalError', /no answer within 30000 ms/));
    clearInterval(passing);
  });
});
