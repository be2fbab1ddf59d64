/** The option of the commands that may fetch runtime packs. */
import { Option } from 'commander';
import * as values from './values.ts';

export function registry(): Option {
  return new Option('--registry <url>', 'npm registry that runtime packs come from')
    .env('LAMBKIN_REGISTRY')
    .argParser(values.url);
}
