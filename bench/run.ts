/**
 * The benchmarks: one command, one table, floors in the same run. `npm run bench`, or `npm run bench -- warm --quick` for some rows with
 * less load. Exit code 1 when a promise of docs/SPECIFICATION.md was missed.
 */
import { coldRows } from './rows/cold.ts';
import { containerRows } from './rows/container.ts';
import { controlPlaneRows } from './rows/control-plane.ts';
import { eventRows } from './rows/events.ts';
import { footprintRows } from './rows/footprint.ts';
import { streamingRows } from './rows/streaming.ts';
import { imagesRows } from './rows/images.ts';
import { queueRows } from './rows/sqs.ts';
import { warmRows } from './rows/warm.ts';
import { print, type Row } from './table.ts';

const groups: Readonly<Record<string, (quick: boolean) => Promise<readonly Row[]>>> = {
  warm: warmRows,
  cold: coldRows,
  'control-plane': controlPlaneRows,
  events: eventRows,
  sqs: queueRows,
  footprint: footprintRows,
  streaming: streamingRows,
  container: containerRows,
  images: imagesRows,
};

const quick = process.argv.includes('--quick');
const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = asked.filter((name) => !(name in groups));
if (unknown.length > 0) {
  console.error(`no such rows: ${unknown.join(', ')} (there are: ${Object.keys(groups).join(', ')})`);
  process.exit(2);
}
const rows: Row[] = [];
for (const [name, measure] of Object.entries(groups)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.error(`measuring ${name} ...`);
  rows.push(...(await measure(quick)));
}
print(rows);
process.exitCode = rows.some((row) => row.promise?.kept === false) ? 1 : 0;
