/** `lambkin doctor`: what this host can do, what is missing for more, and which isolation `auto` picks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemEntropy } from '#platform';
import { probeContainers, type RunningLambkin } from '#roles';
import { findings } from './doctor-findings.ts';
import type { Finding } from './doctor-findings.ts';
import type { Paint } from './banner.ts';
import { Failure } from './failure.ts';
import { painter } from './terminal.ts';

type Isolation = RunningLambkin['isolation'];

const means = {
  container: 'each function in a container of its own',
  process: 'for development only: functions have the rights of this user',
} as const;

export async function doctor(options: {
  readonly dataDirectory: string;
  readonly json: boolean;
}): Promise<void> {
  const [list, isolation] = await Promise.all([findings(options.dataDirectory), autoIsolation()]);
  const problems = list.filter(({ status }) => status === 'broken');
  const report = options.json
    ? `${JSON.stringify({ canRun: problems.length === 0, isolation: isolation.kind, ...because(isolation), findings: list }, undefined, 2)}\n`
    : doctorReport(list, isolation, painter(process.stdout));
  process.stdout.write(report);
  if (problems.length > 0) {
    throw new Failure(
      `Lambkin cannot run here: ${problems.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`,
    );
  }
}

/** What `--isolation auto` picks here: found out by starting a container, if that can be. */
async function autoIsolation(): Promise<Isolation> {
  const directory = await mkdtemp(join(tmpdir(), 'lambkin-doctor-'));
  try {
    const why = await probeContainers({
      containers: {},
      directory,
      clock: systemClock,
      entropy: systemEntropy,
    });
    return why === undefined ? { kind: 'container' } : { kind: 'process', weakerBecause: why };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function because({ weakerBecause }: Isolation): { readonly isolationReason?: string } {
  return weakerBecause === undefined ? {} : { isolationReason: weakerBecause };
}

export function doctorReport(list: readonly Finding[], isolation: Isolation, paint: Paint): string {
  const width = Math.max(...list.map(({ name }) => name.length)) + 2;
  const areas = [...new Set(list.map(({ area }) => area))];
  const sections = areas.map((area) => {
    const rows = list.filter((finding) => finding.area === area).map((finding) => row(finding, width, paint));
    return `${paint('bold', area)}\n${rows.join('')}`;
  });
  const { kind, weakerBecause } = isolation;
  const why = weakerBecause === undefined ? '' : ` No containers here: ${weakerBecause}.`;
  return `${sections.join('\n')}\nIsolation "auto" picks ${paint('yellow', kind)}: ${means[kind]}.${why}\n`;
}

function row({ status, name, detail, remedy }: Finding, width: number, paint: Paint): string {
  const mark = {
    good: paint('green', '✓'),
    available: paint('yellow', '+'),
    missing: paint('dim', '✗'),
    broken: paint('yellow', '!'),
  }[status];
  const more = remedy === undefined ? '' : `\n    ${' '.repeat(width)}${paint('dim', `→ ${remedy}`)}`;
  return `  ${mark} ${name.padEnd(width)}${detail}${more}\n`;
}
