/** What a folder is: the name, runtime and handler of the function in it, as far as its files tell. */
import { existsSync, openSync, readFileSync, readSync, closeSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { peekBytesMax } from './limits.ts';

export interface Project {
  readonly functionName: string;
  readonly runtime: string;
  readonly handler: string;
}

export interface Asked {
  readonly functionName?: string | undefined;
  readonly runtime?: string | undefined;
  readonly handler?: string | undefined;
}

type Language = 'node' | 'python' | 'ruby';

/** In the order in which they are looked for. */
const languages: readonly (readonly [
  language: Language,
  stems: readonly string[],
  endings: readonly string[],
])[] = [
  [
    'node',
    ['index', 'handler', 'app', 'lambda', 'src/index', 'src/handler', 'src/app'],
    ['.mjs', '.js', '.cjs'],
  ],
  ['python', ['lambda_function', 'app', 'main', 'handler', 'index', 'src/app'], ['.py']],
  ['ruby', ['lambda_function', 'app', 'handler', 'index'], ['.rb']],
];
const languageOf: Readonly<Record<string, Language>> = {
  '.mjs': 'node',
  '.js': 'node',
  '.cjs': 'node',
  '.py': 'python',
  '.rb': 'ruby',
};
/** What a handler's definition looks like, and what it is called where none is found. */
const definitions: Readonly<Record<Language, readonly [RegExp, string]>> = {
  node: [
    /\b(?:export\s+(?:const|let|var|(?:async\s+)?function)\s+|exports\.)(handler|lambdaHandler|main)\b/,
    'handler',
  ],
  python: [/^(?:async\s+)?def\s+(lambda_handler|handler|main)\s*\(/m, 'lambda_handler'],
  ruby: [/^\s*def\s+(?:self\.)?(lambda_handler|handler)\b/m, 'lambda_handler'],
};

/** `ready`: the runtimes of this host that can start, asked for only where the folder does not need the usual one. */
export async function projectOf(
  directory: string,
  asked: Asked,
  ready: () => Promise<readonly string[]>,
): Promise<Project> {
  const functionName = asked.functionName ?? nameOf(directory);
  const { runtime, handler } = asked;
  if (runtime !== undefined && handler !== undefined) return { functionName, runtime, handler };
  const bootstrap = join(directory, 'bootstrap');
  if (runtime?.startsWith('provided') || (runtime === undefined && isFile(bootstrap))) {
    return { functionName, runtime: runtime ?? 'provided.al2023', handler: handler ?? 'bootstrap' };
  }
  const file = handler === undefined ? mainFile(directory, runtime) : fileOf(directory, handler);
  if (file === undefined) {
    throw new Failure(
      `${directory} does not say what its function is: no index.mjs, index.js, lambda_function.py, lambda_function.rb, bootstrap or the like. Name it with --handler (file.function) and --runtime.`,
      2,
    );
  }
  const language = languageOf[extname(file)] ?? 'node';
  return {
    functionName,
    runtime: runtime ?? (await runtimeFor(language, ready)),
    handler:
      handler ?? `${file.slice(0, -extname(file).length)}.${definedIn(join(directory, file), language)}`,
  };
}

function nameOf(directory: string): string {
  const name = basename(directory)
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64);
  return name === '' ? 'function' : name;
}

function mainFile(directory: string, runtime: string | undefined): string | undefined {
  const kind = runtime === undefined ? undefined : /^[a-z]+/.exec(runtime)?.[0].replace('nodejs', 'node');
  const named = kind === undefined || kind === 'node' ? packageMain(directory) : undefined;
  const usual = languages
    .filter(([language]) => kind === undefined || kind === language)
    .flatMap(([, stems, endings]) => stems.flatMap((stem) => endings.map((ending) => `${stem}${ending}`)));
  return [...(named === undefined ? [] : [named]), ...usual].find((file) => isFile(join(directory, file)));
}

/** `main` of package.json, if it names a file. */
function packageMain(directory: string): string | undefined {
  try {
    const parsed = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      main?: unknown;
    } | null;
    const main = parsed?.main;
    if (typeof main !== 'string' || main.includes('..')) return undefined;
    return extname(main) in languageOf ? main.replace(/^\.\//, '') : undefined;
  } catch {
    return undefined; // there is none, or it is not valid now
  }
}

/** The file that a handler names. */
function fileOf(directory: string, handler: string): string | undefined {
  const stem = handler.replace(/\.[^./]*$/, '');
  const stems = [stem, stem.replace(/\.[^./]*$/, '')];
  return stems
    .flatMap((each) => Object.keys(languageOf).map((ending) => `${each}${ending}`))
    .find((file) => isFile(join(directory, file)));
}

function definedIn(path: string, language: Language): string {
  const [definition, usual] = definitions[language];
  const bytes = Buffer.alloc(peekBytesMax);
  const file = openSync(path, 'r');
  try {
    const text = bytes.toString('utf8', 0, readSync(file, bytes, 0, peekBytesMax, 0));
    return definition.exec(text)?.[1] ?? usual;
  } finally {
    closeSync(file);
  }
}

async function runtimeFor(language: Language, ready: () => Promise<readonly string[]>): Promise<string> {
  if (language === 'node') return 'nodejs24.x';
  const newest = (await ready())
    .filter((runtime) => runtime.startsWith(language))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))[0];
  if (newest !== undefined) return newest;
  throw new Failure(
    `this host has no ${language} that Lambkin serves: "lambkin runtimes" says how to get one.`,
  );
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
