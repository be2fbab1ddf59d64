/** The runtimes by name: which Lambkin serves, which AWS has besides, and what to say about those. */

export type RuntimeName =
  | { readonly kind: 'node'; readonly major: number }
  | { readonly kind: 'python'; readonly minor: number }
  | { readonly kind: 'java'; readonly feature: number }
  /** `3.4` */
  | { readonly kind: 'ruby'; readonly line: string }
  | { readonly kind: 'provided' }
  /** AWS takes it for no function any more. */
  | { readonly kind: 'retired'; readonly howToGet: string }
  /** AWS has it, Lambkin does not serve it. */
  | { readonly kind: 'unserved'; readonly howToGet: string }
  | { readonly kind: 'unknown' };

export const nodeMajors = [20, 22, 24, 26] as const;
export const pythonMinors = [8, 9, 10, 11, 12, 13, 14, 15] as const;
/** By name, the version of Java that it asks for; the operating system in some names is AWS's, not the host's. */
const javaFeatures: ReadonlyMap<string, number> = new Map([
  ['java25', 25],
  ['java21', 21],
  ['java17', 17],
  ['java17.al2023', 17],
  ['java11', 11],
  ['java11.al2023', 11],
  ['java8.al2', 8],
  ['java8.al2023', 8],
]);
export const rubyLines = ['3.2', '3.3', '3.4', '4.0'] as const;
const provided = ['provided.al2023', 'provided.al2'] as const;

/** In the order in which people want to see them. */
export const servedRuntimes: readonly string[] = [
  ...nodeMajors.map((major) => `nodejs${major}.x`),
  ...pythonMinors.map((minor) => `python3.${minor}`),
  ...javaFeatures.keys(),
  ...rubyLines.map((line) => `ruby${line}`),
  ...provided,
];

const useProvided = 'build it as an executable `bootstrap` and use runtime provided.al2023';
const families: readonly (readonly [pattern: RegExp, kind: 'retired' | 'unserved', howToGet: string])[] = [
  [
    /^nodejs(4\.3(-edge)?|6\.10|8\.10|10\.x|12\.x|14\.x|16\.x|18\.x)?$/,
    'retired',
    'use nodejs22.x or nodejs24.x',
  ],
  [/^python(2\.7|3\.6|3\.7)$/, 'retired', 'use python3.9 or later'],
  [/^java8$/, 'retired', 'use java8.al2 or later'],
  [/^ruby2\.[57]$/, 'retired', 'use ruby3.3 or later'],
  [/^dotnet(core1\.0|core2\.0|core2\.1|core3\.1|5\.0|6)$/, 'retired', useProvided],
  [/^dotnet(8|10)$/, 'unserved', `Lambkin does not serve .NET yet: ${useProvided}`],
  [/^go1\.x$/, 'retired', `Go runs on the provided runtimes: ${useProvided}`],
  [/^provided$/, 'retired', 'use runtime provided.al2023'],
];

export function runtimeName(runtime: string): RuntimeName {
  const node = /^nodejs(\d+)\.x$/.exec(runtime)?.[1];
  const major = nodeMajors.find((known) => String(known) === node);
  if (major !== undefined) return { kind: 'node', major };
  const python = /^python3\.(\d+)$/.exec(runtime)?.[1];
  const minor = pythonMinors.find((known) => String(known) === python);
  if (minor !== undefined) return { kind: 'python', minor };
  const feature = javaFeatures.get(runtime);
  if (feature !== undefined) return { kind: 'java', feature };
  const ruby = rubyLines.find((line) => runtime === `ruby${line}`);
  if (ruby !== undefined) return { kind: 'ruby', line: ruby };
  if (provided.some((name) => name === runtime)) return { kind: 'provided' };
  const family = families.find(([pattern]) => pattern.test(runtime));
  return family === undefined ? { kind: 'unknown' } : { kind: family[1], howToGet: family[2] };
}
