/** Where the outcome of an event invoke may be sent: ARNs of queues, topics, functions, event buses, and of buckets for failures. */
import { functionArn, type FunctionName, isVersionNumber, latestVersion, parseFunctionName } from '#metadata';
import type { Input } from '#wire';
import { invalidParameter } from './answers.ts';
import type { FunctionStore } from './function-store.ts';
import { structure, text } from './request.ts';

export interface Destinations {
  /** undefined: the request does not touch it. An empty text takes it away. */
  readonly onSuccess: string | undefined;
  readonly onFailure: string | undefined;
}

/** FIFO queues and topics cannot be destinations. */
const kinds: readonly (readonly [side: 'both' | 'failure', pattern: RegExp])[] = [
  ['both', /^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$/],
  ['both', /^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$/],
  ['both', /^arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus\/[A-Za-z0-9/._-]{1,256}$/],
  [
    'both',
    /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(?::(?:\$LATEST|[A-Za-z0-9_-]{1,128}))?$/,
  ],
  ['failure', /^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/],
];

/** Reads the request's DestinationConfig. Throws InvalidParameterValueException for an ARN that is no such destination. */
export function destinationsOf(input: Input): Destinations {
  const config = structure(input, 'DestinationConfig') ?? {};
  const onSuccess = text(structure(config, 'OnSuccess') ?? {}, 'Destination');
  const onFailure = text(structure(config, 'OnFailure') ?? {}, 'Destination');
  const isValid =
    kinds.some(([side, pattern]) => !onSuccess || (side === 'both' && pattern.test(onSuccess))) &&
    kinds.some(([, pattern]) => !onFailure || pattern.test(onFailure));
  if (!isValid) {
    throw invalidParameter(
      `The provided destination config DestinationConfig(onSuccess=${shown('OnSuccess', onSuccess)}, onFailure=${shown('OnFailure', onFailure)}) is invalid.`,
    );
  }
  return { onSuccess, onFailure };
}

const shown = (side: string, arn: string | undefined): string =>
  arn ? `${side}(destination=${arn})` : 'null';

/** Throws InvalidParameterValueException for a function of this account that is not there, or that would be its own destination. */
export async function requireDestinations(
  store: FunctionStore,
  name: FunctionName,
  { onSuccess, onFailure }: Destinations,
): Promise<void> {
  for (const arn of [onSuccess, onFailure]) {
    if (!arn || arn.split(':')[2] !== 'lambda') continue;
    const reference = parseFunctionName(arn, undefined, name);
    if (reference.kind !== 'function') continue; // another account's or region's: nobody here knows of it
    const { functionName, qualifier } = reference;
    const target: FunctionName = { accountId: name.accountId, region: name.region, functionName };
    if (functionArn(target) === functionArn(name)) {
      throw invalidParameter("You can't specify the function as a destination for itself.");
    }
    if (!(await exists(store, target, qualifier ?? latestVersion))) {
      throw invalidParameter(`The destination ARN ${arn} is invalid.`);
    }
  }
}

async function exists(store: FunctionStore, name: FunctionName, qualifier: string): Promise<boolean> {
  const found =
    qualifier === latestVersion || isVersionNumber(qualifier)
      ? await store.findVersion(name, qualifier)
      : await store.findAlias(name, qualifier);
  return found !== undefined;
}
