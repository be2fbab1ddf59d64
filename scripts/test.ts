/** Runs every test: `npm test`, or `npm test -- src/counting` for one folder or file. Further flags go to node --test. */
import { spawnSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('-'));
const places = asked.length > 0 ? asked : ['src', 'test', 'bench', 'scripts'];
const files = places.flatMap((place) =>
  statSync(place).isDirectory() ? globSync(`${place}/**/*.test.ts`).sort() : [place],
);
if (files.length === 0) {
  console.error(`no test files below ${places.join(', ')}`);
  process.exit(1);
}
const { status } = spawnSync(process.execPath, ['--test', '--test-timeout=180000', ...flags, ...files], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
