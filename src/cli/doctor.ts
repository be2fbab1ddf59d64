/** `lambkin doctor`: what this host can do, what is missing for more, and which isolation `auto` picks. */
import { findings } from './doctor-findings.ts';
import type { Finding } from './doctor-findings.ts';
import type { Paint } from './banner.ts';
import { Failure } from './failure.ts';
import { painter } from './terminal.ts';

/** What `--isolation auto` picks. Stronger ones come with later versions, whatever the host could give. */
const isolation = {
  kind: 'process',
  means: 'for development only: functions have the rights of this user',
} as const;

export async function doctor(options: {
  readonly dataDirectory: string;
  readonly json: boolean;
}): Promise<void> {
  const list = await findings(options.dataDirectory);
  const problems = list.filter(({ status }) => status === 'broken');
  const report = options.json
    ? `${JSON.stringify({ canRun: problems.length === 0, isolation: isolation.kind, findings: list }, undefined, 2)}\n`
    : doctorReport(list, painter(process.stdout));
  process.stdout.write(report);
  if (problems.length > 0) {
    throw new Failure(
      `Lambkin cannot run here: ${problems.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`,
    );
  }
}

export function doctorReport(list: readonly Finding[], paint: Paint): string {
  const width = Math.max(...list.map(({ name }) => name.length)) + 2;
  const areas = [...new Set(list.map(({ area }) => area))];
  const sections = areas.map((area) => {
    const rows = list.filter((finding) => finding.area === area).map((finding) => row(finding, width, paint));
    return `${paint('bold', area)}\n${rows.join('')}`;
  });
  return `${sections.join('\n')}\nIsolation "auto" picks ${paint('yellow', isolation.kind)}: ${isolation.means}.\n`;
}

function row({ status, name, detail, remedy }: Finding, width: number, paint: Paint): string {
  const mark = { good: paint('green', '✓'), missing: paint('dim', '✗'), broken: paint('yellow', '!') }[
    status
  ];
  const more = remedy === undefined ? '' : `\n    ${' '.repeat(width)}${paint('dim', `→ ${remedy}`)}`;
  return `  ${mark} ${name.padEnd(width)}${detail}${more}\n`;
}
