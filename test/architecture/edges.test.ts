/**
 * The architecture, as a test: which component may import which, and where real I/O and real time may appear.
 * To change the architecture, change these tables, and say why in the commit.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { circlesIn } from './circles.ts';

/** component → the components whose public face it may import. `lib` is open to all. */
const edges: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  platform: [],
  engines: ['platform'],
  identity: ['platform'],
  metadata: ['platform'],
  wire: ['identity', 'platform'],
  access: ['identity', 'metadata', 'wire'],
  iam: ['identity', 'platform', 'wire'],
  counting: ['platform'],
  placement: ['metadata', 'platform', 'worker'],
  runtimes: ['platform'],
  code: ['metadata', 'platform'],
  images: ['platform'],
  registry: ['identity', 'images', 'platform', 'wire'],
  logs: ['platform', 'wire'],
  metrics: ['platform', 'wire'],
  sqs: ['identity', 'platform', 'wire'],
  worker: ['code', 'identity', 'images', 'logs', 'metadata', 'platform', 'runtimes'],
  assignment: ['counting', 'metadata', 'placement', 'platform', 'worker'],
  autoscaling: ['platform', 'wire'],
  frontend: ['assignment', 'counting', 'identity', 'metadata', 'platform', 'wire', 'worker'],
  'event-sources': ['frontend', 'metadata', 'platform', 'sqs', 'wire'],
  'control-plane': [
    'code',
    'event-sources',
    'identity',
    'metadata',
    'platform',
    'registry',
    'runtimes',
    'wire',
  ],
  'event-invoke': ['frontend', 'identity', 'metadata', 'platform', 'wire'],
  roles: [
    'access',
    'assignment',
    'autoscaling',
    'code',
    'control-plane',
    'counting',
    'engines',
    'event-sources',
    'event-invoke',
    'frontend',
    'iam',
    'identity',
    'images',
    'logs',
    'metadata',
    'metrics',
    'placement',
    'platform',
    'registry',
    'runtimes',
    'sqs',
    'wire',
    'worker',
  ],
  cli: ['identity', 'logs', 'platform', 'roles', 'runtimes', 'wire'],
};

/** Node's modules that touch the world, and the places that may import them. */
const worldModules = new Set([
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'fs/promises',
  'http',
  'https',
  'net',
  'os',
  'sqlite',
  'tls',
  'worker_threads',
]);
const worldPlaces: readonly RegExp[] = [
  // Of lib this alone: how commands and the platform take Node's HTTP. Whoever uses it stands in this table too.
  /^src\/lib\/node-http\.ts$/,
  /^src\/platform\//,
  /^src\/worker\/sandbox\//,
  /^src\/roles\//,
  /^src\/cli\//,
  // The listener and the Runtime API are HTTP servers by nature.
  /^src\/wire\/listener\//,
  // Services at other addresses, for whoever calls them.
  /^src\/wire\/calls\//,
  /^src\/worker\/runtime-api\//,
  // Finding, fetching and unpacking runtimes and code is work on the host's files.
  /^src\/runtimes\/host\//,
  /^src\/code\/host\//,
  // Sources that are elsewhere are called over the network.
  /^src\/event-sources\/host\//,
  // The worker's cache of chunks on disk, the master key's file, block devices and mounts, and the zone cache.
  /^src\/images\/host\//,
  // Images are pulled over the network, and unpacked in a thread.
  /^src\/registry\/host\//,
  // The bootstraps run inside the sandbox, not in Lambkin.
  /^src\/runtimes\/(nodejs|python|java|ruby)\//,
];

/** Real time and chance, outside the platform's clock, random and entropy. */
const ambient =
  /\b(Date\.now|performance\.now|process\.hrtime|Math\.random|setTimeout|setInterval|new Date\(\)|randomUUID|randomBytes)\b/;
const ambientPlaces: readonly RegExp[] = [
  /^src\/platform\//,
  /^src\/worker\/sandbox\//,
  /^src\/roles\//,
  /^src\/cli\//,
  /^src\/runtimes\/(nodejs|python|java|ruby)\//,
];

const files = globSync('src/**/*.{ts,mjs}')
  .filter((file) => !file.includes('/generated/'))
  .sort();
const product = files.filter(
  (file) => !file.endsWith('.test.ts') && !file.includes('/contract/') && !file.includes('/fixtures/'),
);

interface Import {
  readonly file: string;
  readonly specifier: string;
}

const imports: readonly Import[] = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => ({
    file,
    specifier: match[1] ?? '',
  })),
);

function componentOf(file: string): string {
  if (file.startsWith('src/platform/engines/')) return 'engines';
  return file.split('/')[1] ?? '';
}

test('every component stands in the table', () => {
  const found = new Set(files.map(componentOf));
  assert.deepEqual(
    [...found].filter((component) => !(component in edges)),
    [],
  );
});

test('components import each other only through their aliases, and only along the edges', () => {
  const refused = imports.filter(({ file, specifier }) => {
    // A test, and what tests share, may bring engines and neighbours.
    if (file.endsWith('.test.ts') || file.includes('/fixtures/')) return false;
    if (!specifier.startsWith('#')) return false;
    const target = specifier.slice(1).split('/')[0] ?? '';
    const from = componentOf(file);
    return target !== 'lib' && target !== from && !(edges[from] ?? []).includes(target);
  });
  assert.deepEqual(refused, []);
});

test('relative imports stay inside their component', () => {
  const escaping = imports.filter(({ file, specifier }) => {
    if (!specifier.startsWith('.')) return false;
    const folder = componentOf(file) === 'engines' ? '/src/platform/' : `/src/${file.split('/')[1]}/`;
    return !new URL(specifier, `file:///${file}`).pathname.startsWith(folder);
  });
  assert.deepEqual(escaping, []);
});

test('nothing imports itself by way of others, neither files nor components', () => {
  const within = new Map<string, string[]>(files.map((file) => [file, []]));
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith('.')) continue;
    within.get(file)?.push(new URL(specifier, `file:///${file}`).pathname.slice(1));
  }
  assert.deepEqual(circlesIn(within), []);
  assert.deepEqual(circlesIn(new Map(Object.entries(edges))), []);
});

test('what is for tests alone is imported by tests alone', () => {
  const wrong = imports.filter(
    ({ file, specifier }) => product.includes(file) && /\/(fixtures|contract)(\/|$)/.test(specifier),
  );
  assert.deepEqual(wrong, []);
});

test('the world is touched only where the design allows it', () => {
  const touching = imports.filter(({ file, specifier }) => {
    if (!product.includes(file) || worldPlaces.some((place) => place.test(file))) return false;
    return worldModules.has(specifier.replace(/^node:/, ''));
  });
  assert.deepEqual(touching, []);
});

test('nor is it touched past the imports', () => {
  const past = /\b(getBuiltinModule|nodeHttps?)\b/;
  const touching = product.filter(
    (file) => !worldPlaces.some((place) => place.test(file)) && past.test(readFileSync(file, 'utf8')),
  );
  assert.deepEqual(touching, []);
});

test('time and chance come through the ports', () => {
  const ambientUses = product
    .filter((file) => !ambientPlaces.some((place) => place.test(file)))
    .flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) => {
          const code = line.replace(/\/\/.*$/, '').replace(/^\s*\*.*$/, '');
          return ambient.test(code) ? [`${file}:${index + 1}: ${line.trim()}`] : [];
        }),
    );
  assert.deepEqual(ambientUses, []);
});

test('pure cores import nothing of the world at all', () => {
  const cores = new Set(
    product.filter((file) => /\/(state|state-[a-z-]+)\.ts$/.test(file) || file.startsWith('src/lib/')),
  );
  const impure = imports.filter(
    ({ file, specifier }) => cores.has(file) && specifier.startsWith('node:') && specifier !== 'node:assert',
  );
  assert.deepEqual(impure, []);
});

test('every component has a README and a public face', () => {
  const components = [...new Set(files.map((file) => file.split('/')[1] ?? ''))].filter(
    (name) => name !== 'lib',
  );
  const missing = components.flatMap((name) =>
    ['README.md', 'index.ts'].map((file) => `src/${name}/${file}`).filter((path) => !existsSync(path)),
  );
  assert.deepEqual(missing, []);
});
