/** Which test files run beside each other, and in which order. */
import { existsSync } from 'node:fs';
import { normalize, relative } from 'node:path';

export interface Lane {
  readonly files: readonly string[];
  /** Files at a time. */
  readonly concurrency: number;
}

/** Files that are not run in the order of their names; as paths from the root of the project. */
export interface Special {
  /** Of more than ten seconds, the longest first: begun last, one of them would keep everybody waiting. */
  readonly long: readonly string[];
  /** That others must not disturb: they compare how long things take. They run one by one, when all else is done. */
  readonly alone: readonly string[];
}

export const special: Special = {
  long: [
    'test/conformance/images.test.ts',
    'test/conformance/terraform.test.ts',
    'test/conformance/iam.test.ts',
    'test/security/malformed-requests.test.ts',
    'test/conformance/provisioned.test.ts',
    'test/conformance/sqs-terraform.test.ts',
    'src/runtimes/java/bootstrap.test.ts',
    'src/images/flatten/tree.property.test.ts',
    'test/conformance/api/recursion.test.ts',
    'src/images/host/mounts.test.ts',
    'test/integration/images-kms.test.ts',
    'src/worker/extensions.test.ts',
    'src/worker/sandbox/container/container-sandboxes.test.ts',
    'src/worker/sandbox/container/crun.test.ts',
    'test/security/isolation.test.ts',
    'test/security/isolation-crun.test.ts',
    'test/security/hostile-runtimes.test.ts',
    'test/security/internet.test.ts',
    'src/worker/sandbox/container/cycles.test.ts',
    'src/worker/sandbox/process/process-sandboxes.test.ts',
    'src/event-invoke/kill.test.ts',
    'test/integration/crash.test.ts',
    'test/integration/sqs-crash.test.ts',
    'test/integration/dev.test.ts',
    'test/integration/at-rest.test.ts',
    'test/conformance/first-steps.test.ts',
    'test/conformance/update-storm.test.ts',
  ],
  alone: ['test/integration/bursts.test.ts', 'test/security/policies.test.ts'],
};

/** Each file once, in lanes of which each begins when the one before is done. */
export function lanesOf(
  files: readonly string[],
  concurrency: number,
  { long, alone }: Special = special,
): readonly Lane[] {
  const gone = [...long, ...alone].filter((file) => !existsSync(file));
  if (gone.length > 0)
    throw new Error(`these test files are to be run specially, and are not there: ${gone.join(', ')}`);
  const paths = [...new Set(files.map((file) => normalize(relative('', file))))];
  const rest = paths.filter((file) => !alone.includes(file));
  const first = long.filter((file) => rest.includes(file));
  return [
    { files: [...first, ...rest.filter((file) => !first.includes(file))], concurrency },
    { files: alone.filter((file) => paths.includes(file)), concurrency: 1 },
  ].filter((lane) => lane.files.length > 0);
}
