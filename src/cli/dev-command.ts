/** The options of `lambkin dev`. Those of the Lambkin that it starts are taken from the environment variables of `lambkin up`. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { Failure } from './failure.ts';
import { up } from './up-command.ts';
import { type UpFlags, upOptions } from './up-options.ts';
import * as values from './values.ts';

interface DevFlags extends Pick<UpFlags, 'dataDir' | 'port' | 'debugPort'> {
  readonly name?: string;
  readonly runtime?: string;
  readonly handler?: string;
  readonly env: Readonly<Record<string, string>>;
  readonly memory?: number;
  readonly timeout?: number;
  readonly debug?: true;
}

/** Taken from `up` as they are. */
const shared: ReadonlySet<string> = new Set(['--data-dir', '--port', '--debug-port']);

export function dev(): Command {
  const command = new Command('dev')
    .description('run a function from a folder, and reload it whenever something in it is saved')
    .argument('<dir>', "the function's folder")
    .addOption(
      new Option('--name <name>', 'its name (default: of the folder)').argParser(values.functionName),
    )
    .option('--runtime <name>', 'such as nodejs24.x or python3.12 (default: what its files say)')
    .option('--handler <name>', 'file.function (default: what its files say)')
    .addOption(
      new Option('--env <name=value>', 'an environment variable; may be repeated')
        .argParser(variable)
        .default({}, 'none'),
    )
    .addOption(new Option('--memory <megabytes>', 'memory').argParser(values.memory))
    .addOption(new Option('--timeout <seconds>', 'timeout').argParser(values.timeout))
    .option('--debug', 'have it listen for a debugger: one environment, no timeouts');
  for (const option of up().options) {
    if (option.long !== undefined && option.long !== null && shared.has(option.long))
      command.addOption(option);
  }
  return command
    .addHelpText(
      'after',
      `
Uses the Lambkin that runs on the data directory, or starts one (with the LAMBKIN_* variables of "lambkin up") until Ctrl-C.

Examples:
  lambkin dev ./hello
  lambkin dev ./hello --handler app.main --env STAGE=test --timeout 30
  lambkin dev ./hello --debug                  then attach to 127.0.0.1:9229`,
    )
    .action(async (folder: string, flags: DevFlags) => {
      const directory = resolve(folder);
      if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
        throw new Failure(`${directory} is not a folder.`, 2);
      }
      const { graceSeconds, envCommand: _, ...lambkin } = upOptions(upFlags(flags), process.env);
      const { dev } = await import('./dev/dev.ts');
      await dev({
        directory,
        functionName: flags.name,
        runtime: flags.runtime,
        handler: flags.handler,
        environment: flags.env,
        memoryMb: flags.memory,
        timeoutSeconds: flags.timeout,
        debugPort: flags.debug === true ? flags.debugPort : undefined,
        graceSeconds,
        lambkin,
      });
    });
}

/** What `up` would have taken, with the environment's values. */
function upFlags(flags: DevFlags): UpFlags {
  const command = up()
    .exitOverride()
    .action(() => {});
  command.parse([], { from: 'user' });
  const { debug: _, ...defaults } = command.opts<UpFlags>();
  const { dataDir, port, debugPort } = flags;
  // Whoever writes a function wants it to reach what is on this host, and a debugger to reach it.
  const isolation = defaults.isolation === 'auto' || flags.debug === true ? 'process' : defaults.isolation;
  return { ...defaults, dataDir, port, debugPort, isolation };
}

/** `STAGE=test`, collected over several. */
function variable(
  text: string,
  sofar: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const [, name, value] = /^([A-Za-z][A-Za-z0-9_]*)=([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError('Expected NAME=VALUE, such as STAGE=test.');
  }
  return { ...sofar, [name]: value };
}
