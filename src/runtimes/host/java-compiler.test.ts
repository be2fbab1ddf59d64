/** Compiling the bootstrap of Java, by compilers of the test's own. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { JavaCompiler } from './java-compiler.ts';
import { javaVersion } from './java-version.ts';

function open(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'lambkin-compiler-'));
  t.after(() => rmSync(root, { recursive: true }));
  const sources = join(root, 'java');
  const directory = join(root, 'runtimes');
  mkdirSync(sources);
  writeFileSync(join(sources, 'Bootstrap.java'), 'class Bootstrap {}');
  const program = (name: string, script: string): string => {
    const path = join(root, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  /** What javac does: classes below the directory behind -d. */
  const compiles = `echo "$*" >>'${root}/calls'
while [ "$1" != -d ]; do shift; done
mkdir -p "$2/lambkin/bootstrap" && echo class >"$2/lambkin/bootstrap/Bootstrap.class"`;
  const calls = (): number => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n').length;
  return { root, sources, directory, program, compiles, calls };
}

test('sources are compiled once, and again when they are others; what an interrupted run left goes', async (t) => {
  const { sources, directory, program, compiles, calls } = open(t);
  mkdirSync(join(directory, 'compiling-left'), { recursive: true });
  const javac = program('javac', compiles);
  const compiler = new JavaCompiler(sources, directory);
  assert.equal(compiler.classes(), undefined);
  const outcomes = await Promise.all([compiler.compile(javac), compiler.compile(javac)]);
  assert.deepEqual(outcomes, [{ kind: 'installed' }, { kind: 'installed' }]);
  assert.equal(calls(), 1);
  const classes = compiler.classes();
  assert.ok(classes !== undefined && existsSync(join(classes, 'lambkin/bootstrap/Bootstrap.class')));
  assert.equal(readdirSync(directory).length, 1);
  writeFileSync(join(sources, 'Bootstrap.java'), 'class Bootstrap { int changed; }');
  assert.equal(new JavaCompiler(sources, directory).classes(), undefined);
});

test('a compiler that makes no classes for Java 8 makes its own; one that fails says why', async (t) => {
  const { sources, directory, program, compiles, calls } = open(t);
  const modern = program('modern', `case "$*" in *-target*) echo 'too old' >&2; exit 2;; esac\n${compiles}`);
  const compiler = new JavaCompiler(sources, directory);
  assert.deepEqual(await compiler.compile(modern), { kind: 'installed' });
  assert.equal(calls(), 1);
  rmSync(directory, { recursive: true });
  const failing = program('failing', "echo 'no space' >&2; exit 1");
  const failed = await compiler.compile(failing);
  assert.ok(failed.kind === 'failed');
  assert.match(failed.reason, /failing did not compile the bootstrap of Java: no space/);
  assert.deepEqual(readdirSync(directory), []);
  assert.equal((await compiler.compile('/nowhere/javac')).kind, 'failed');
  assert.deepEqual(await compiler.compile(program('good', compiles)), { kind: 'installed' });
});

test('the version of a Java stands beside it, or it is asked', async (t) => {
  const { root, program } = open(t);
  mkdirSync(join(root, 'old/bin'), { recursive: true });
  mkdirSync(join(root, 'new/bin'), { recursive: true });
  const old = program('old/bin/java', 'exit 1');
  writeFileSync(join(root, 'old/release'), 'JAVA_VERSION="1.8.0_402"\nOS_NAME="Linux"\n');
  assert.deepEqual(await javaVersion(old), { command: old, version: '1.8.0_402', feature: 8 });
  const newer = program('new/bin/java', "echo 'openjdk 21.0.4 2024-07-16'");
  assert.deepEqual(await javaVersion(newer), { command: newer, version: '21.0.4', feature: 21 });
  assert.equal(await javaVersion(program('broken', 'echo hello')), undefined);
});
