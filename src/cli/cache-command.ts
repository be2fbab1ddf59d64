/** The options of `lambkin cache`. */
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import * as values from './values.ts';

interface CacheFlags {
  readonly host: string;
  readonly port: number;
  readonly directory?: string;
  readonly size: number;
  readonly memory: number;
  readonly secretFile: string;
}

const MiB = 1024 * 1024;

export function cache(): Command {
  return new Command('cache')
    .description("run a node of a zone's cache of image chunks, until Ctrl-C")
    .addOption(
      option('--host <address>', 'address to listen on', 'HOST').argParser(values.host).default('127.0.0.1'),
    )
    .addOption(
      option('--port <port>', 'port to listen on; 0: any', 'PORT').argParser(values.port).default(9009),
    )
    .addOption(
      option('--directory <path>', 'where it keeps chunks over a restart (default: nowhere)', 'DIRECTORY'),
    )
    .addOption(
      option('--size <MiB>', 'how much it keeps there', 'SIZE')
        .argParser(values.mebibytes)
        .default(10_240 * MiB, '10240'),
    )
    .addOption(
      option('--memory <MiB>', 'how much it keeps in memory', 'MEMORY')
        .argParser(values.mebibytes)
        .default(1024 * MiB, '1024'),
    )
    .addOption(
      option(
        '--secret-file <path>',
        'holds the word that nodes and workers share',
        'SECRET_FILE',
      ).makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      `
A chunk lies on five nodes, any four of which give it back: run five or more, each on a machine of its own. They hold nothing but ciphertext.

Examples:
  (umask 077; openssl rand -hex 32 >cache-secret)
  lambkin cache --host 0.0.0.0 --secret-file cache-secret --directory /var/lib/lambkin-cache --size 200000`,
    )
    .action(async (flags: CacheFlags) => {
      const { cache } = await import('./cache.ts');
      await cache({
        host: flags.host,
        port: flags.port,
        directory: flags.directory === undefined ? undefined : resolve(flags.directory),
        diskBytesMax: flags.size,
        memoryBytesMax: flags.memory,
        secretFile: resolve(flags.secretFile),
      });
    });
}

function option(flags: string, description: string, name: string): Option {
  return new Option(flags, description).env(`LAMBKIN_CACHE_${name}`);
}
