/** The formats of references, challenges and configs, with what strangers may send. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import * as fc from 'fast-check';
import { parseChallenge } from './challenge.ts';
import { parseConfig } from './config.ts';
import { FormatError } from './format-error.ts';
import { parseManifest } from './manifest.ts';
import { ecrPlace, parseReference, repositoryPart } from './reference.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

suite('references', () => {
  for (const [uri, registry, repository, tag, pinned] of [
    ['ubuntu', 'docker.io', 'library/ubuntu', 'latest', undefined],
    ['team/app:v1', 'docker.io', 'team/app', 'v1', undefined],
    ['localhost/app', 'localhost', 'app', 'latest', undefined],
    ['localhost:9000/a/b:1', 'localhost:9000', 'a/b', '1', undefined],
    ['[::1]:9000/a', '[::1]:9000', 'a', 'latest', undefined],
    ['Registry.Example.com/a@' + digest, 'registry.example.com', 'a', undefined, digest],
    ['r.example.com:443/a:v1@' + digest, 'r.example.com:443', 'a', 'v1', digest],
  ] as const) {
    test(uri.slice(0, 60), () => {
      assert.deepEqual(parseReference(uri), { registry, repository, tag, digest: pinned });
    });
  }

  test('what is none is refused', () => {
    for (const uri of [
      '',
      '/',
      'a/',
      '/a',
      'a:',
      'a@',
      'a@sha256:12',
      `a@${digest}@${digest}`,
      'http://r.example.com/a',
      'r.example.com/A',
      'r.example.com/a:b:c',
      'r.example.com:port/a',
      'r.example.com/../a',
      'r.example.com/a?x',
      'r..example.com@evil/a',
      'user@r.example.com/a',
      'r.example.com/a b',
      'a\n',
    ]) {
      assert.throws(() => parseReference(uri), FormatError, uri);
    }
  });

  test('any text is a reference or a FormatError', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aB1:/@.[]-_ %\n'.split('')) }), (uri) => {
        try {
          const { registry, repository } = parseReference(uri);
          assert.ok(URL.canParse(`https://${registry}/v2/${repository}/`) || registry.includes('['));
        } catch (error) {
          assert.ok(error instanceof FormatError);
        }
      }),
    );
  });

  test('the repository is kept as it was written', () => {
    assert.equal(repositoryPart('localhost:9000/a/b:v1'), 'localhost:9000/a/b');
    assert.equal(repositoryPart('localhost:9000/a/b'), 'localhost:9000/a/b');
    assert.equal(repositoryPart(`a:v1@${digest}`), 'a');
  });

  test("ECR's names say account and region", () => {
    assert.deepEqual(ecrPlace('123456789012.dkr.ecr.eu-west-1.amazonaws.com'), {
      accountId: '123456789012',
      region: 'eu-west-1',
    });
    assert.equal(ecrPlace('123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example'), undefined);
    assert.equal(ecrPlace('123456789012.dkr.ecr.eu-west-1.amazonaws.com:9000'), undefined);
  });
});

const bearer = (realm: string, service?: string, scope?: string) => ({
  scheme: 'bearer',
  realm,
  service,
  scope,
});

suite('challenges', () => {
  for (const [header, challenge] of [
    ['Basic realm="x"', { scheme: 'basic' }],
    ['basic', { scheme: 'basic' }],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
      bearer('https://a/t', 's', 'repository:a:pull,push'),
    ],
    ['bearer service=s, realm=https://a/t', bearer('https://a/t', 's')],
    ['Basic realm="x", Bearer realm="https://a/t"', bearer('https://a/t')],
    ['Bearer realm="a\\"b"', bearer('a"b')],
    ['Bearer realm="x",realm="y"', bearer('x')],
    ['Bearer service="s"', undefined],
    ['Negotiate', undefined],
    ['', undefined],
    [undefined, undefined],
    [`Bearer realm="${'x'.repeat(5000)}"`, undefined],
  ] as const) {
    test(String(header).slice(0, 60), () => {
      assert.deepEqual(parseChallenge(header), challenge);
    });
  }

  test('any text is read in no time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 4096 }), (text) => void parseChallenge(`Bearer ${text}`)));
  });
});

const parse = (value: unknown) => parseConfig(Buffer.from(JSON.stringify(value)));

suite('configs', () => {
  const good = { os: 'linux', architecture: 'amd64', rootfs: { diff_ids: [digest] } };

  test('what is left out, or null, is as if it was empty', () => {
    for (const config of [
      undefined,
      null,
      {},
      { Entrypoint: null, Cmd: null, Env: null, WorkingDir: '', User: null },
    ]) {
      assert.deepEqual(parse({ ...good, config }).defaults, {
        entryPoint: [],
        command: [],
        workingDirectory: undefined,
        environment: {},
        user: undefined,
      });
    }
  });

  test('what is of another form is refused', () => {
    for (const bad of [
      [],
      { ...good, os: undefined },
      { ...good, architecture: 7 },
      { ...good, rootfs: undefined },
      { ...good, rootfs: { diff_ids: 'x' } },
      { ...good, rootfs: { diff_ids: ['sha256:x'] } },
      { ...good, config: [] },
      { ...good, config: { Entrypoint: '/bin/sh' } },
      { ...good, config: { Cmd: [1] } },
      { ...good, config: { Env: ['novalue'] } },
      { ...good, config: { Env: ['=x'] } },
      { ...good, config: { Env: ['A=\0'] } },
      { ...good, config: { Env: [`A=${'x'.repeat(2 ** 20)}`] } },
      { ...good, config: { WorkingDir: {} } },
      { ...good, config: { User: 1000 } },
    ]) {
      assert.throws(() => parse(bad), FormatError, JSON.stringify(bad).slice(0, 100));
    }
  });
});

test('any JSON is a manifest or a FormatError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.option(fc.string(), { nil: undefined }), (value, type) => {
      try {
        parseManifest(
          Buffer.from(JSON.stringify({ schemaVersion: 2, layers: value, config: value, manifests: value })),
          type,
        );
        assert.fail('such a thing is no manifest');
      } catch (error) {
        assert.ok(error instanceof FormatError);
      }
    }),
  );
});
