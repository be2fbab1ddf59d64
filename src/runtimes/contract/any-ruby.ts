/**
 * The Ruby of this machine, whatever its version: Debian's serves no runtime of AWS, but runs the bootstrap as well as those that do.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Launch } from '../catalogue.ts';

export interface AnyRuby {
  readonly version: string;
  readonly launch: Launch;
}

/** undefined: there is none. */
export function anyRuby(): AnyRuby | undefined {
  const question = ['--disable-gems', '-rrbconfig', '-e', 'puts RUBY_VERSION, RbConfig.ruby'];
  const { status, stdout } = spawnSync('ruby', question, { encoding: 'utf8' });
  const [version, command] = status === 0 ? stdout.split('\n') : [];
  if (version === undefined || command === undefined) return undefined;
  const bootstrap = fileURLToPath(new URL('../ruby/bootstrap.rb', import.meta.url));
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'en_US.UTF-8', TZ: ':UTC' };
  return {
    version,
    launch: { kind: 'channel', command, args: ['-E', 'UTF-8', bootstrap], env, flavor: 'ruby' },
  };
}
