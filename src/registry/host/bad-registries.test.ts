/** Pulling from registries that do what they should not. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { hasty, problem } from '../fixtures/image-problems.ts';
import { imageSite } from '../fixtures/image-site.ts';
import { type Interfere, otherRegistry } from '../fixtures/other-registry.ts';
import { someImage } from '../fixtures/some-image.ts';
import { ImageProblem } from '../image-source.ts';

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
      (_request, response) => (
        response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(),
        true
      ),
      'InvalidImage',
      /without TLS is not followed/,
    ],
    [
      "that redirects to the cloud's metadata",
      (_request, response) => (
        response.writeHead(302, { location: 'https://169.254.169.254/latest' }).end(),
        true
      ),
      'ImageAccessDenied',
      /169\.254\.169\.254 must not be called/,
    ],
    [
      'whose token service is where nobody may call',
      (_request, response) => (
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="https://[fe80::1]/token"' }).end(),
        true
      ),
      'ImageAccessDenied',
      /must not be called/,
    ],
    [
      'whose token service is a riddle',
      (_request, response) => (
        response.writeHead(401, { 'www-authenticate': 'Bearer realm="::::"' }).end(),
        true
      ),
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
      (_request, response) => (
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'),
        true
      ),
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
        else
          response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${other.host}/token"` }).end();
        return true;
      };
      await assert.rejects(
        site.source.resolve(`${other.host}/app:v1`, 'x86_64'),
        problem(code, message),
        body,
      );
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
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('InvalidImage', /manifest of another digest/),
    );
    give(image.config, Buffer.from('{}'));
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('InvalidImage', /config of another digest/),
    );
    other.interfere = () => false;
    const resolved = await site.source.resolve(uri, 'x86_64');
    const bytes = image.blobs.get(layer) ?? Buffer.alloc(0);
    for (const [given, code, message] of [
      [another.blobs.get(otherLayer), 'In', /./],
      [Buffer.concat([bytes, Buffer.alloc(1)]), 'InvalidImage', /longer than its manifest says/],
      [Buffer.alloc(bytes.length, 7), 'InvalidImage', /is not valid/],
      [
        Buffer.from(bytes.map((byte, index) => (index === bytes.length - 2 ? byte ^ 1 : byte))),
        'InvalidImage',
        /is not valid/,
      ],
      [bytes.subarray(0, -1), 'InternalError', /ended early/],
      [Buffer.alloc(0), 'InternalError', /ended early/],
    ] as const) {
      give(layer, given);
      const refused = await site.source.store(resolved, 'f').then(
        () => undefined,
        (error: unknown) => error,
      );
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
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('InternalError', /no answer within 40 ms/),
    );
    other.interfere = (_request, response) => (response.writeHead(200).write('{'), true);
    await assert.rejects(
      site.source.resolve(uri, 'x86_64'),
      problem('InternalError', /nothing came for 40 ms/),
    );
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
  for (const host of [
    '169.254.169.254',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '0.0.0.0',
    '100.100.100.200',
    '2852039166',
    '0xa9fea9fe',
  ]) {
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
