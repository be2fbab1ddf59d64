/** Where interpreters are looked for. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { test } from 'node:test';
import { javaPlaces, nodePlaces, pythonPlaces, rubyPlaces } from './places.ts';

test('the PATH comes first, then version managers with their newest version, then shims; each program once', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'lambkin-places-'));
  t.after(() => rmSync(root, { recursive: true }));
  const program = (name: string): string => {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, '');
    chmodSync(path, 0o755);
    return path;
  };
  const inPath = program('bin/python3.77');
  symlinkSync(inPath, join(root, 'bin/python3'));
  const shim = program('pyenv/shims/python3.77');
  const older = program('pyenv/versions/3.77.9/bin/python3.77');
  const newer = program('pyenv/versions/3.77.10/bin/python3.77');
  program('pyenv/versions/3.7.1/bin/python3.7');
  const uv = program('home/.local/share/uv/python/cpython-3.77.1-linux/bin/python3.77');
  const nvm = program('home/.nvm/versions/node/v77.1.0/bin/node');
  const node = program('bin/node');
  const jdk = program('jdk/bin/java');
  const sdkman = program('home/.sdkman/candidates/java/77-tem/bin/java');
  const ruby = program('bin/ruby');
  const rbenv = program('home/.rbenv/versions/7.7.1/bin/ruby');
  const around = {
    javaHome: join(root, 'jdk'),
    path: [join(root, 'pyenv/shims'), join(root, 'bin'), '/nowhere', ''].join(delimiter),
    home: join(root, 'home'),
    pyenvRoot: join(root, 'pyenv'),
  };
  const ours = (places: readonly string[]) => places.filter((place) => place.startsWith(root));
  assert.deepEqual(ours(pythonPlaces(77, around)), [inPath, newer, older, uv, shim]);
  assert.deepEqual(ours(nodePlaces(77, around)), [node, nvm]);
  assert.deepEqual(ours(javaPlaces(around)), [jdk, sdkman]);
  assert.deepEqual(ours(rubyPlaces('7.7', around)), [rbenv, ruby]);
});
