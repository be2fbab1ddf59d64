/** The catalogue over a host: remembers what was found, shares searches and installations. */
import { join } from 'node:path';
import { unreachable } from '#lib/assert';
import type { Clock } from '#platform';
import type { Availability, InstallOutcome, Launch, Runtimes, RuntimeStatus } from './catalogue.ts';
import type { Host, Interpreter } from './host.ts';
import { howToGetJava, javaLaunch } from './java-launch.ts';
import { heapFlags, memoryClassMb } from './memory-class.ts';
import { startEnv } from './start-variables.ts';
import { nodeMajors, type RuntimeName, runtimeName, servedRuntimes } from './names.ts';
import { packOf } from './packs.ts';

/** A runtime that was not found is looked for again when it is asked for, but not more often than this. */
const searchAgainMs = 2_000;

interface Search {
  readonly startedMs: number;
  readonly done: Promise<Interpreter | undefined>;
}

export class Catalogue implements Runtimes {
  readonly #host: Host;
  readonly #clock: Clock;
  /** By runtime; only what can start. */
  readonly #found = new Map<string, Interpreter>();
  readonly #searches = new Map<string, Search>();
  readonly #installations = new Map<string, Promise<InstallOutcome>>();

  constructor(host: Host, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
    for (const major of nodeMajors) this.#rememberNode(major);
  }

  async availability(runtime: string): Promise<Availability> {
    const name = runtimeName(runtime);
    switch (name.kind) {
      case 'provided':
        return { kind: 'ready' };
      case 'unknown':
        return { kind: 'unknown' };
      case 'retired':
        return { kind: 'retired', howToGet: `It has reached the end of its life: ${name.howToGet}.` };
      case 'unserved':
        return { kind: 'missing', howToGet: `${name.howToGet}.` };
      case 'java': {
        const java = await this.#find(runtime, name);
        return java === undefined ? howToGetJava(name.feature) : this.#javaBootstrap(java);
      }
      case 'node':
      case 'python':
      case 'ruby': {
        if ((await this.#find(runtime, name)) !== undefined) return { kind: 'ready' };
        return this.#howToGet(name);
      }
      default:
        return unreachable(name);
    }
  }

  install(runtime: string): Promise<InstallOutcome> {
    const running = this.#installations.get(runtime);
    if (running !== undefined) return running;
    const installation = this.#install(runtime).finally(() => this.#installations.delete(runtime));
    this.#installations.set(runtime, installation);
    return installation;
  }

  launch(runtime: string, memoryMb: number): Launch | undefined {
    const name = runtimeName(runtime);
    if (name.kind === 'provided') return { kind: 'runtime-api', entrypoint: 'bootstrap' };
    const interpreter = this.#found.get(runtime);
    if (interpreter === undefined) return undefined;
    const { bootstraps, pythonCache } = this.#host;
    if (name.kind === 'node') {
      const classMb = memoryClassMb(memoryMb);
      return {
        kind: 'channel',
        command: interpreter.command,
        args: [
          ...nodeFlags(interpreter.version),
          ...heapFlags(classMb),
          join(bootstraps, 'nodejs', 'bootstrap.cjs'),
        ],
        bootstrap: join(bootstraps, 'nodejs'),
        env: startEnv,
        flavor: `${runtime}/${classMb}`,
      };
    }
    if (name.kind === 'java') {
      const classes = this.#host.javaClasses();
      return classes === undefined ? undefined : javaLaunch(interpreter, name.feature, memoryMb, classes);
    }
    if (name.kind === 'ruby') {
      return {
        kind: 'channel',
        command: interpreter.command,
        args: ['-E', 'UTF-8', join(bootstraps, 'ruby', 'bootstrap.rb')],
        bootstrap: join(bootstraps, 'ruby'),
        env: startEnv,
        flavor: runtime,
      };
    }
    return {
      kind: 'channel',
      command: interpreter.command,
      args: ['-I', '-S', '-X', 'utf8', join(bootstraps, 'python', 'bootstrap.py'), pythonCache],
      bootstrap: join(bootstraps, 'python'),
      env: startEnv,
      flavor: runtime,
    };
  }

  list(): Promise<readonly RuntimeStatus[]> {
    return Promise.all(
      servedRuntimes.map(async (runtime) => {
        const availability = await this.availability(runtime);
        return { runtime, availability, detail: this.#detail(runtime, availability) };
      }),
    );
  }

  #detail(runtime: string, availability: Availability): string {
    switch (availability.kind) {
      case 'ready': {
        const found = this.#found.get(runtime);
        return found === undefined ? "the function's own bootstrap" : `${found.version} (${found.origin})`;
      }
      case 'installable':
        return this.#found.has(runtime) ? availability.pack : `${availability.pack} from the npm registry`;
      case 'missing':
      case 'retired':
        return availability.howToGet;
      case 'unknown':
        return '';
      default:
        return unreachable(availability);
    }
  }

  async #javaBootstrap({ version, command }: Interpreter): Promise<Availability> {
    if (this.#host.javaClasses() !== undefined) return { kind: 'ready' };
    const compiler = await this.#host.findJavaCompiler();
    if (compiler !== undefined) {
      return { kind: 'installable', pack: `its bootstrap for Java ${version} (${command}), by ${compiler}` };
    }
    const howToGet = `This host has Java ${version} (${command}), but no compiler, which Lambkin needs once: install a JDK (a package of your system, such as openjdk-17-jdk-headless).`;
    return { kind: 'missing', howToGet };
  }

  #howToGet(name: RuntimeName & { kind: 'node' | 'python' | 'ruby' }): Availability {
    if (name.kind === 'ruby') {
      const howToGet = `This host has no Ruby ${name.line}: install it so that ruby${name.line} or ruby is on the PATH (a package of your system, or rbenv install ${name.line}).`;
      return { kind: 'missing', howToGet };
    }
    if (name.kind === 'python') {
      const version = `3.${name.minor}`;
      const howToGet = `This host has no Python ${version}: install it so that python${version} is on the PATH (a package of your system, or pyenv install ${version}).`;
      return { kind: 'missing', howToGet };
    }
    const { platform, arch } = this.#host;
    const pack = packOf(name.major, platform, arch);
    if (pack !== undefined) return { kind: 'installable', pack: `${pack.name}@${pack.version}` };
    const howToGet = `There is no runtime pack of Node.js ${name.major} for ${platform}-${arch}: install Node.js ${name.major} so that it is on the PATH.`;
    return { kind: 'missing', howToGet };
  }

  async #find(runtime: string, name: RuntimeName): Promise<Interpreter | undefined> {
    const known = this.#found.get(runtime);
    if (known !== undefined) return known;
    const now = this.#clock.monotonicMs();
    let search = this.#searches.get(runtime);
    if (search === undefined || now - search.startedMs >= searchAgainMs) {
      search = { startedMs: now, done: this.#search(name) };
      this.#searches.set(runtime, search);
    }
    const interpreter = await search.done;
    // An installation may have come first.
    if (interpreter !== undefined && !this.#found.has(runtime)) this.#found.set(runtime, interpreter);
    return this.#found.get(runtime);
  }

  #search(name: RuntimeName): Promise<Interpreter | undefined> {
    if (name.kind === 'node') return this.#host.findNode(name.major);
    if (name.kind === 'python') return this.#host.findPython(name.minor);
    if (name.kind === 'java') return this.#host.findJava(name.feature);
    if (name.kind === 'ruby') return this.#host.findRuby(name.line);
    return Promise.resolve(undefined);
  }

  /** Lambkin's own Node and installed packs are known without asking any program. */
  #rememberNode(major: number): Interpreter | undefined {
    const { ownNode, platform, arch } = this.#host;
    const pack = packOf(major, platform, arch);
    const own = ownNode.version.startsWith(`${major}.`) ? ownNode : undefined;
    const interpreter = own ?? (pack === undefined ? undefined : this.#host.installed(pack));
    if (interpreter !== undefined) this.#found.set(`nodejs${major}.x`, interpreter);
    return interpreter;
  }

  async #install(runtime: string): Promise<InstallOutcome> {
    const availability = await this.availability(runtime);
    switch (availability.kind) {
      case 'ready':
        return { kind: 'installed' };
      case 'missing':
      case 'retired':
        return { kind: 'failed', reason: availability.howToGet };
      case 'unknown':
        return { kind: 'failed', reason: 'There is no runtime of this name; "lambkin runtimes" lists them.' };
      case 'installable': {
        const name = runtimeName(runtime);
        if (name.kind === 'java') {
          const compiler = await this.#host.findJavaCompiler();
          if (compiler === undefined)
            return { kind: 'failed', reason: 'The Java compiler is not there any more.' };
          return this.#host.compileJava(compiler);
        }
        const pack =
          name.kind === 'node' ? packOf(name.major, this.#host.platform, this.#host.arch) : undefined;
        if (name.kind !== 'node' || pack === undefined) return { kind: 'failed', reason: 'It has no pack.' };
        const outcome = await this.#host.install(pack);
        if (outcome.kind === 'installed' && this.#rememberNode(name.major) === undefined) {
          return { kind: 'failed', reason: `${pack.name} was installed, but is not there any more.` };
        }
        return outcome;
      }
      default:
        return unreachable(availability);
    }
  }
}

/** The flags that AWS's Node runtimes have: experimental module features of the older lines are off there. */
function nodeFlags(version: string): readonly string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const flags = ['--expose-gc', '--max-http-header-size=81920'];
  if (major === 22 || (major === 20 && minor >= 17)) flags.push('--no-experimental-require-module');
  if (major === 22) flags.push('--no-experimental-detect-module');
  return flags;
}
