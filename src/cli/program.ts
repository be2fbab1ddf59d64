/** The commands and their options. What a command does is loaded when it runs, so that help and `env` are quick. */
import { resolve } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { cache } from './cache-command.ts';
import { dataDirectory } from './data-directory.ts';
import type { WithDataDirectory } from './data-directory.ts';
import { registry } from './registry.ts';
import { shells } from './shell.ts';
import type { Shell } from './shell.ts';
import { dev } from './dev-command.ts';
import { up } from './up-command.ts';
import * as values from './values.ts';
import { version } from './version.ts';

export function program(): Command {
  const lambkin = new Command('lambkin')
    .description('The AWS Lambda service that you run yourself.')
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .showSuggestionAfterError()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'lambkin: ')),
    })
    .addHelpText(
      'after',
      `
Examples:
  lambkin up                        start it; all state goes to ./.lambkin
  eval "$(lambkin env)"             point the AWS CLI and SDKs at it
  aws lambda list-functions
  lambkin dev ./hello               a function from a folder, reloaded on save
  lambkin invoke hello --payload '{"x":1}' --tail
  lambkin logs -f hello

"lambkin COMMAND --help" has the options of a command, with their environment variables.`,
    );
  for (const command of [up(), dev(), env(), invoke(), logs(), runtimes(), cache(), doctor()]) {
    command.copyInheritedSettings(lambkin);
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(lambkin);
    lambkin.addCommand(command);
  }
  return lambkin;
}

function env(): Command {
  return new Command('env')
    .description('print what points AWS clients at the running Lambkin')
    .addOption(dataDirectory())
    .addOption(new Option('--shell <shell>', 'whose syntax to use').choices(shells).default('sh'))
    .addHelpText(
      'after',
      `
Examples:
  eval "$(lambkin env)"                                       bash, zsh
  lambkin env --shell fish | source
  lambkin env --shell powershell | Invoke-Expression`,
    )
    .action(async (flags: WithDataDirectory & { readonly shell: Shell }) => {
      const { env } = await import('./env.ts');
      env({ dataDirectory: resolve(flags.dataDir), shell: flags.shell });
    });
}

interface InvokeFlags extends WithDataDirectory {
  readonly payload?: string;
  readonly qualifier?: string;
  readonly tail?: true;
}

function invoke(): Command {
  return new Command('invoke')
    .description('invoke a function and print what it answers')
    .argument('<name>', 'function name or ARN')
    .addOption(dataDirectory())
    .option('--payload <json>', 'the event: JSON, @FILE, or - for standard input')
    .option('--qualifier <name>', 'version or alias')
    .option('--tail', 'print the last 4 KB of the log of this invoke on standard error')
    .addHelpText(
      'after',
      `
Examples:
  lambkin invoke hello --payload '{"x":1}'
  lambkin invoke hello --payload @event.json --tail
  echo '{"x":1}' | lambkin invoke hello --payload - | jq .

Exit code 1 when the function fails; its error object is still on standard output.`,
    )
    .action(async (functionName: string, flags: InvokeFlags) => {
      const { invoke } = await import('./invoke.ts');
      await invoke({
        dataDirectory: resolve(flags.dataDir),
        functionName,
        tail: flags.tail === true,
        ...(flags.payload === undefined ? {} : { payload: flags.payload }),
        ...(flags.qualifier === undefined ? {} : { qualifier: flags.qualifier }),
      });
    });
}

interface LogsFlags extends WithDataDirectory {
  readonly follow?: true;
  readonly since: number;
  readonly filter?: string;
}

function logs(): Command {
  const now = Date.now();
  return new Command('logs')
    .description("print a function's log")
    .argument('<name>', 'function name, or log group')
    .addOption(dataDirectory())
    .option('-f, --follow', 'go on printing what comes')
    .addOption(
      new Option('--since <time>', 'from when on: 30s, 10m, 2h, 1d ago, or an ISO date')
        .argParser((text) => values.since(text, now))
        .default(values.since('10m', now), '10m'),
    )
    .option('--filter <pattern>', 'only events that match this CloudWatch Logs filter pattern')
    .addHelpText(
      'after',
      `
Examples:
  lambkin logs -f hello
  lambkin logs hello --since 2h --filter '?ERROR ?"timed out"'
  lambkin logs hello --filter '{ $.level = "ERROR" }'`,
    )
    .action(async (name: string, flags: LogsFlags) => {
      const { logs } = await import('./logs.ts');
      await logs({
        dataDirectory: resolve(flags.dataDir),
        name,
        follow: flags.follow === true,
        sinceMs: flags.since,
        ...(flags.filter === undefined ? {} : { filter: flags.filter }),
      });
    });
}

function runtimes(): Command {
  const command = new Command('runtimes').description('list the runtimes of this host, or install more');
  command
    .command('list', { isDefault: true })
    .description('list them')
    .addOption(dataDirectory())
    .action(list);
  command
    .command('install')
    .description('fetch runtime packs ahead, so that the first function need not wait')
    .addArgument(new Argument('<name...>', 'runtimes, such as nodejs22.x'))
    .addOption(dataDirectory())
    .addOption(registry())
    .addHelpText('after', '\nExample:\n  lambkin runtimes install nodejs20.x nodejs22.x')
    .action(async (names: readonly string[], flags: WithDataDirectory & { readonly registry?: string }) => {
      const { installRuntimes } = await import('./runtimes.ts');
      await installRuntimes(resolve(flags.dataDir), names, flags.registry);
    });
  return command;
}

async function list(flags: WithDataDirectory): Promise<void> {
  const { listRuntimes } = await import('./runtimes.ts');
  await listRuntimes(resolve(flags.dataDir));
}

function doctor(): Command {
  return new Command('doctor')
    .description('say what this host can do, and what to install for more')
    .addOption(dataDirectory())
    .option('--json', 'as JSON')
    .action(async (flags: WithDataDirectory & { readonly json?: true }) => {
      const { doctor } = await import('./doctor.ts');
      await doctor({ dataDirectory: resolve(flags.dataDir), json: flags.json === true });
    });
}
