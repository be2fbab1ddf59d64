// Imported before a command's own code: notes what is loaded. See loaded.ts.
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const file = process.env['LAMBKIN_TEST_LOADED'];
// Programs that Lambkin starts have neither variable.
if (isMainThread && file !== undefined) {
  const loaded = new Set();
  registerHooks({
    load(url, context, next) {
      loaded.add(url);
      return next(url, context);
    },
  });
  process.on('exit', () => writeFileSync(file, JSON.stringify([...loaded])));
}
