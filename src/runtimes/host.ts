/** What the catalogue asks of the host: the real one is host/this-host.ts, tests have one of their own. */
import type { InstallOutcome } from './catalogue.ts';
import type { Pack } from './packs.ts';

/** A program that runs a language. */
export interface Interpreter {
  /** Absolute path of the executable. */
  readonly command: string;
  /** `24.21.0` */
  readonly version: string;
  /** Where it came from, for people. */
  readonly origin: string;
}

export interface Host {
  /** As in `process.platform` and `process.arch`. */
  readonly platform: string;
  readonly arch: string;
  /** The Node that Lambkin itself runs on. */
  readonly ownNode: Interpreter;
  /** Where the bootstraps lie: the folder that holds `nodejs/`, `python/`, `java/` and `ruby/`. */
  readonly bootstraps: string;
  /** A folder in which Python may keep its compiled bootstrap. */
  readonly pythonCache: string;
  /** Looks for a Node of that major version; undefined when there is none that runs. */
  findNode(major: number): Promise<Interpreter | undefined>;
  /** Looks for Python 3.`minor`; undefined when there is none that runs. */
  findPython(minor: number): Promise<Interpreter | undefined>;
  /** Looks for Java of that feature version (8, 11, 17, ...); undefined when there is none. */
  findJava(feature: number): Promise<Interpreter | undefined>;
  /** Looks for Ruby of that line (`3.4`); undefined when there is none that runs. */
  findRuby(line: string): Promise<Interpreter | undefined>;
  /** The folder with the compiled bootstrap of Java, once it is there. */
  javaClasses(): string | undefined;
  /** A Java compiler of this host; undefined when there is none. */
  findJavaCompiler(): Promise<string | undefined>;
  /** Compiles the bootstrap of Java. */
  compileJava(compiler: string): Promise<InstallOutcome>;
  /** The pack, if it is installed. */
  installed(pack: Pack): Interpreter | undefined;
  install(pack: Pack): Promise<InstallOutcome>;
}
