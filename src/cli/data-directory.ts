/** The option that every command has. */
import { Option } from 'commander';

export interface WithDataDirectory {
  readonly dataDir: string;
}

export function dataDirectory(): Option {
  return new Option('--data-dir <path>', 'where all state is kept')
    .env('LAMBKIN_DATA_DIR')
    .default('.lambkin');
}
