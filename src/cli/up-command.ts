/** The options of `lambkin up`, each with its environment variable. What they come to together: up-options.ts. */
import { Command, Option } from 'commander';
import { dataDirectory } from './data-directory.ts';
import { registry } from './registry.ts';
import { type UpFlags, upOptions } from './up-options.ts';
import * as values from './values.ts';

export function up(): Command {
  return new Command('up')
    .description('start Lambkin, and keep it running until Ctrl-C')
    .addOption(dataDirectory())
    .addOption(
      option('--host <address>', 'address to listen on', 'HOST').argParser(values.host).default('127.0.0.1'),
    )
    .addOption(
      option('--port <port>', 'port to listen on; 0: any', 'PORT').argParser(values.port).default(9000),
    )
    .addOption(
      option('--account-id <digits>', 'account of everything', 'ACCOUNT_ID')
        .argParser(values.accountId)
        .default('000000000000'),
    )
    .addOption(
      option('--region <name>', 'region of everything', 'REGION')
        .argParser(values.region)
        .default('us-east-1'),
    )
    .addOption(
      option('--access-key-id <id>', 'root access key, with its secret (else one is made)', 'ACCESS_KEY_ID'),
    )
    .addOption(option('--secret-access-key <secret>', 'better given by its variable', 'SECRET_ACCESS_KEY'))
    .addOption(
      option('--isolation <kind>', 'auto, container or process: what stands around functions', 'ISOLATION')
        .argParser(values.isolation)
        .default('auto'),
    )
    .addOption(
      option(
        '--network <kind>',
        'none or internet: what containers reach besides Lambkin (default: none)',
        'NETWORK',
      ).argParser(values.network),
    )
    .addOption(
      option(
        '--oci-runtime <program>',
        'what runs containers: runc, crun, runsc (default: runc)',
        'OCI_RUNTIME',
      ),
    )
    .addOption(
      option(
        '--base-image <directory>',
        "whose system files containers see (default: the host's own, read-only)",
        'BASE_IMAGE',
      ).argParser(values.baseImage),
    )
    .addOption(
      option('--log-level <level>', `Lambkin's own log: ${values.logLevels.join(', ')}`, 'LOG_LEVEL')
        .argParser(values.logLevel)
        .default('info'),
    )
    .addOption(
      option(
        '--pool-size <count>',
        'runtime processes kept ready per kind (default: one per GiB of memory, 4 to 16)',
        'POOL_SIZE',
      ).argParser(values.poolSize),
    )
    .addOption(
      option(
        '--account-concurrency <count>',
        'invokes at once in the account (default: 1000)',
        'ACCOUNT_CONCURRENCY',
      ).argParser(values.concurrency),
    )
    .addOption(
      option(
        '--role-credentials <way>',
        "variables or endpoint: how functions get their role's credentials (default: variables)",
        'ROLE_CREDENTIALS',
      ).argParser(values.roleCredentials),
    )
    .addOption(
      option(
        '--environment-lifetime <minutes>',
        'how long an execution environment serves at most (default: 240)',
        'ENVIRONMENT_LIFETIME',
      ).argParser(values.minutes),
    )
    .addOption(
      option(
        '--queue-name-wait <seconds>',
        'how long the name of a deleted SQS queue is not free (default: 60, as on AWS)',
        'QUEUE_NAME_WAIT',
      ).argParser(values.grace),
    )
    .addOption(
      option(
        '--stream-burst <MiB>',
        'how much of a streamed answer goes out as fast as it is read (default: 6)',
        'STREAM_BURST',
      ).argParser(values.mebibytes),
    )
    .addOption(
      option(
        '--stream-rate <MiB/s>',
        'how fast the rest of a streamed answer goes out (default: 2)',
        'STREAM_RATE',
      ).argParser(values.mebibytes),
    )
    .addOption(
      new Option(
        '--endpoint <service=url>',
        'where functions find a service that Lambkin does not serve, and where outcomes of events are sent (sns, events, s3); may be repeated (env: LAMBKIN_ENDPOINT_<SERVICE>)',
      )
        .argParser(values.endpoint)
        .default({}, 'none'),
    )
    .addOption(
      option(
        '--url-domain <name>',
        'function URLs are also served below this name, which has to lead here (default: localhost)',
        'URL_DOMAIN',
      ).argParser(values.domain),
    )
    .addOption(
      option(
        '--image-cache <MiB>',
        'disk for what was read of container images (default: 8192)',
        'IMAGE_CACHE',
      ).argParser(values.cacheMebibytes),
    )
    .addOption(
      option('--image-memory <MiB>', 'memory for the same (default: 256)', 'IMAGE_MEMORY').argParser(
        values.cacheMebibytes,
      ),
    )
    .addOption(
      option(
        '--images-kms-key <keys>',
        "what seals container images: a key of KMS by id, ARN or alias, at --endpoint kms=..., with the credentials of Lambkin's environment; further ones, with commas between, only open what they sealed (default: images.key in the data directory)",
        'IMAGES_KMS_KEY',
      ).argParser(values.kmsKeys),
    )
    .addOption(
      option(
        '--zone-cache <urls>',
        "the nodes of this zone's cache of images (lambkin cache), with commas between; spelled alike on all workers",
        'ZONE_CACHE',
      ).argParser(values.urls),
    )
    .addOption(
      option(
        '--zone-cache-secret-file <path>',
        'holds the word that these nodes and this worker share',
        'ZONE_CACHE_SECRET_FILE',
      ),
    )
    .addOption(
      option(
        '--image-epoch <hours>',
        'how long a generation of the store of images takes new ones (default: 168)',
        'IMAGE_EPOCH',
      ).argParser(values.hours),
    )
    .addOption(
      option(
        '--image-retired <hours>',
        'how long it is kept at least once a newer one is there (default: 24)',
        'IMAGE_RETIRED',
      ).argParser(values.hours),
    )
    .addOption(
      option(
        '--image-expired <hours>',
        'how long nobody must have read it before it is deleted (default: 168)',
        'IMAGE_EXPIRED',
      ).argParser(values.hours),
    )
    .addOption(
      option(
        '--metrics <access>',
        'who may read /metrics: token (of the file metrics-token in the data directory), open (everybody) or off',
        'METRICS',
      )
        .choices(['token', 'open', 'off'])
        .default('token'),
    )
    .addOption(
      option(
        '--metrics-retention <days>',
        'how long metrics are kept (default: 15)',
        'METRICS_RETENTION',
      ).argParser(values.days),
    )
    .addOption(registry())
    .addOption(
      option(
        '--registry-credentials <file>',
        "credentials of registries that images are pulled from, a file like Docker's config.json (default: registry-credentials.json in the data directory)",
        'REGISTRY_CREDENTIALS',
      ),
    )
    .addOption(
      option('--stop-grace <seconds>', 'time for running invokes to end after Ctrl-C', 'STOP_GRACE')
        .argParser(values.grace)
        .default(30),
    )
    .addOption(
      option(
        '--debug <name>',
        'debug this function: one environment that listens for a debugger, no timeouts',
        'DEBUG',
      ).argParser(values.functionName),
    )
    .addOption(debugPort())
    .addHelpText(
      'after',
      `
Examples:
  lambkin up
  lambkin up --debug hello     then attach to 127.0.0.1:9229
  lambkin up --port 0 --data-dir /tmp/try
  LAMBKIN_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE LAMBKIN_SECRET_ACCESS_KEY=known-to-the-ci-job lambkin up     known credentials, for CI
  lambkin up --endpoint s3=http://127.0.0.1:9010`,
    )
    .action(async (flags: UpFlags) => {
      const options = upOptions(flags, process.env);
      const { up } = await import('./up.ts');
      await up(options);
    });
}

export function debugPort(): Option {
  return option('--debug-port <port>', 'where it listens on 127.0.0.1; 0: any', 'DEBUG_PORT')
    .argParser(values.port)
    .default(9229);
}

function option(flags: string, description: string, name: string): Option {
  return new Option(flags, description).env(`LAMBKIN_${name}`);
}
