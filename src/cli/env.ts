/** `lambkin env`: points AWS clients at the running Lambkin. */
import { findRunning } from './running.ts';
import { exports } from './shell.ts';
import type { Shell } from './shell.ts';

export function env(options: { readonly dataDirectory: string; readonly shell: Shell }): void {
  const { endpoint, region, accessKeyId, secretAccessKey } = findRunning(options.dataDirectory);
  process.stdout.write(
    exports(options.shell, {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    }),
  );
}
