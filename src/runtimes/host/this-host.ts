/** The host that Lambkin runs on, as the catalogue sees it. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Turns } from '#lib/turns';
import type { Clock } from '#platform';
import type { InstallOutcome, Runtimes } from '../catalogue.ts';
import type { Host, Interpreter } from '../host.ts';
import { probesMax, probeTimeoutMs } from '../limits.ts';
import type { Pack } from '../packs.ts';
import { Catalogue } from '../service.ts';
import { type Fetch, Installer } from './installer.ts';
import { JavaCompiler } from './java-compiler.ts';
import { javaVersion } from './java-version.ts';
import { javaPlaces, nodePlaces, pythonPlaces, rubyPlaces, type Surroundings } from './places.ts';
import { ask } from './program.ts';

export interface RuntimesOptions {
  /** Where runtime packs are kept; made when the first one is installed. */
  readonly directory: string;
  readonly clock: Clock;
  /** The npm registry's address. Default: `npm_config_registry`, else the public registry. */
  readonly registry?: string;
  /** Default: Node's own. It follows HTTPS_PROXY only when Lambkin is started with NODE_USE_ENV_PROXY=1. */
  readonly fetch?: Fetch;
  /** Where to look for interpreters. Default: PATH, HOME, PYENV_ROOT and JAVA_HOME of this process. */
  readonly surroundings?: Surroundings;
}

const publicRegistry = 'https://registry.npmjs.org';

/** Opens the catalogue of this host. A runtime is looked for when it is asked for, all of them by `list`. */
export function openRuntimes(options: RuntimesOptions): Runtimes {
  return new Catalogue(new ThisHost(options), options.clock);
}

class ThisHost implements Host {
  readonly platform = process.platform;
  readonly arch = process.arch;
  readonly ownNode: Interpreter = {
    command: process.execPath,
    version: process.versions.node,
    origin: 'bundled',
  };
  readonly bootstraps = fileURLToPath(new URL('..', import.meta.url));
  readonly pythonCache: string;
  readonly #directory: string;
  readonly #around: Surroundings;
  readonly #installer: Installer;
  readonly #compiler: JavaCompiler;
  readonly #turns = new Turns(probesMax);
  /** One answer per program: several runtimes may look at the same `node` or `python3`. */
  readonly #asked = new Map<string, Promise<string | undefined>>();

  constructor(options: RuntimesOptions) {
    this.#directory = options.directory;
    this.pythonCache = join(options.directory, 'python-cache');
    this.#around = options.surroundings ?? ownSurroundings();
    this.#compiler = new JavaCompiler(join(this.bootstraps, 'java'), options.directory);
    this.#installer = new Installer({
      directory: options.directory,
      clock: options.clock,
      registry: options.registry ?? process.env['npm_config_registry'] ?? publicRegistry,
      // Node loads its HTTP client when the name is first used.
      fetch: options.fetch ?? ((...request) => fetch(...request)),
    });
  }

  async findNode(major: number): Promise<Interpreter | undefined> {
    for (const place of nodePlaces(major, this.#around)) {
      const version = (await this.#ask(place, ['--version']))?.trim().replace(/^v/, '');
      if (version?.startsWith(`${major}.`)) return { command: place, version, origin: place };
    }
    return undefined;
  }

  async findPython(minor: number): Promise<Interpreter | undefined> {
    const question = 'import sys; print("%d.%d.%d" % sys.version_info[:3]); print(sys.executable)';
    for (const place of pythonPlaces(minor, this.#around)) {
      const said = await this.#ask(place, ['-I', '-S', '-c', question]);
      const [version, command] = said?.split('\n') ?? [];
      // The program itself, not the shim that led to it.
      if (version?.startsWith(`3.${minor}.`) && command) return { command, version, origin: command };
    }
    return undefined;
  }

  async findJava(feature: number): Promise<Interpreter | undefined> {
    for (const place of javaPlaces(this.#around)) {
      const found = await this.#turns.run(() => javaVersion(place));
      if (found?.feature === feature)
        return { command: found.command, version: found.version, origin: found.command };
    }
    return undefined;
  }

  async findRuby(line: string): Promise<Interpreter | undefined> {
    for (const place of rubyPlaces(line, this.#around)) {
      const said = await this.#ask(place, [
        '--disable-gems',
        '-rrbconfig',
        '-e',
        'puts RUBY_VERSION, RbConfig.ruby',
      ]);
      const [version, command] = said?.split('\n') ?? [];
      if (version?.startsWith(`${line}.`) && command) return { command, version, origin: command };
    }
    return undefined;
  }

  javaClasses(): string | undefined {
    return this.#compiler.classes();
  }

  async findJavaCompiler(): Promise<string | undefined> {
    for (const place of javaPlaces(this.#around)) {
      const found = await this.#turns.run(() => javaVersion(place));
      const compiler = found && join(dirname(found.command), 'javac');
      if (compiler !== undefined && existsSync(compiler)) return compiler;
    }
    return undefined;
  }

  compileJava(compiler: string): Promise<InstallOutcome> {
    return this.#compiler.compile(compiler);
  }

  installed(pack: Pack): Interpreter | undefined {
    const command = join(this.#directory, `${pack.name}-${pack.version}`, 'bin', 'node');
    return existsSync(command) ? { command, version: pack.version, origin: 'runtime pack' } : undefined;
  }

  install(pack: Pack): Promise<InstallOutcome> {
    return this.#installer.install(pack);
  }

  #ask(command: string, args: readonly string[]): Promise<string | undefined> {
    const known = this.#asked.get(command);
    if (known !== undefined) return known;
    const answer = this.#turns.run(() => ask(command, args, probeTimeoutMs));
    this.#asked.set(command, answer);
    // A program that did not answer may do so later; one that did stays what it is.
    void answer.then((said) => (said === undefined ? this.#asked.delete(command) : undefined));
    return answer;
  }
}

function ownSurroundings(): Surroundings {
  const pyenvRoot = process.env['PYENV_ROOT'];
  const javaHome = process.env['JAVA_HOME'];
  return {
    path: process.env['PATH'] ?? '',
    home: process.env['HOME'] ?? '/nonexistent',
    ...(pyenvRoot === undefined ? {} : { pyenvRoot }),
    ...(javaHome === undefined ? {} : { javaHome }),
  };
}
