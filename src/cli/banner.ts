/** What `lambkin up` prints when it is ready: where it is, what it is safe for, and what to do next. */
import type { RunningLambkin } from '#roles';

/** Puts colour around a text, or leaves it. */
export type Paint = (style: 'bold' | 'dim' | 'green' | 'yellow', text: string) => string;

interface Shown extends Pick<
  RunningLambkin,
  'endpoint' | 'dataDirectory' | 'accountId' | 'region' | 'isolation'
> {
  /** How long whoever typed the command has waited, in milliseconds. */
  readonly readyMs: number;
}

const isolationMeans: Readonly<Record<RunningLambkin['isolation']['kind'], string>> = {
  container: 'each function in a container of its own, with its own user, files, processes and network.',
  process:
    'development only: functions run as processes of this user, with its rights. Run code that you trust.',
};

/** `envCommand` is what the reader types in another terminal to point clients here. Ends with a line feed. */
export function banner(lambkin: Shown, version: string, envCommand: string, paint: Paint): string {
  const row = (name: string, value: string): string => `  ${paint('dim', name.padEnd(12))}${value}\n`;
  return [
    `\n${paint('bold', `Lambkin ${version}`)} is ready ${paint('dim', `(${Math.round(lambkin.readyMs)} ms)`)}\n\n`,
    row('Endpoint', paint('green', lambkin.endpoint)),
    row('Account', `${lambkin.accountId}, ${lambkin.region}`),
    row('Data', lambkin.dataDirectory),
    row('Isolation', isolationText(lambkin.isolation, paint)),
    row('Logs', 'lambkin logs -f NAME, or aws logs tail /aws/lambda/NAME; its own go to standard error'),
    `\n  In another terminal:  ${paint('bold', `eval "$(${envCommand})"`)}\n`,
    `  then use the AWS CLI, an SDK, Terraform or SAM as always. Ctrl-C stops Lambkin.\n\n`,
  ].join('');
}

function isolationText({ kind, weakerBecause }: RunningLambkin['isolation'], paint: Paint): string {
  const why = weakerBecause === undefined ? '' : ` No containers here: ${weakerBecause}.`;
  return `${paint(kind === 'process' ? 'yellow' : 'green', kind)}: ${isolationMeans[kind]}${why}`;
}

/** A line about runtimes, once it is known what this host has. */
export function runtimesLine(
  runtimes: readonly { readonly runtime: string; readonly availability: { readonly kind: string } }[],
  paint: Paint,
): string {
  const named = (kind: string): string =>
    runtimes
      .filter(({ availability }) => availability.kind === kind)
      .map(({ runtime }) => runtime)
      .join(' ');
  const installable = named('installable');
  const more = installable === '' ? '' : paint('dim', ` (on demand: ${installable})`);
  return `  ${paint('dim', 'Runtimes'.padEnd(12))}${named('ready') || 'none'}${more}\n`;
}
