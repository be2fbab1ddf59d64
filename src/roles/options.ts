/** What an operator may decide about a Lambkin. The command line and the environment fill it in. */
import type { OperatorExitCode } from '#lib/operator-error';
import type { RuntimeStatus } from '#runtimes';
import type { ContainerOptions, Isolation, IsolationWanted } from '#worker';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LambkinOptions {
  /** Absolute. Made if it is not there; one Lambkin at a time has it. */
  readonly dataDirectory: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Twelve digits. */
  readonly accountId: string;
  readonly region: string;
  /** The root access key. Absent: made at the first start and kept in the data directory. */
  readonly accessKey?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** `auto`: the strongest that this host and this Lambkin can give. */
  readonly isolation: IsolationWanted;
  /** Of containers: the OCI runtime, what functions reach of the network, whose system files they see. */
  readonly containers?: ContainerOptions;
  readonly logLevel: LogLevel;
  /** Runtime processes kept ready per kind of process, of all kinds at most twice as many; 0: none. Absent: by the host's memory. */
  readonly poolSize?: number;
  /** How much of a streamed answer goes out at once, and how fast what follows: bytes, and bytes per second. Absent: AWS's 6 MiB and 2 MiB. */
  readonly streamBurstBytes?: number;
  readonly streamBytesPerSecond?: number;
  /** After a queue of SQS was deleted, before another may have its name, in milliseconds. Absent: AWS's 60 seconds. */
  readonly queueNameWaitMs?: number;
  /** Invokes at once in the account. Absent: 1,000. */
  readonly accountConcurrency?: number;
  /** Where functions find services that Lambkin does not serve: AWS_ENDPOINT_URL_<SERVICE>, by service (`s3`, `dynamodb`). Code that requests name in S3 is read from `s3` too; outcomes of events go to `sns`, `events`, `s3`, and to `sqs` for queues of other accounts and regions. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** How functions get their role's credentials: in their variables, or where AWS_CONTAINER_CREDENTIALS_FULL_URI says. Absent: `variables`. */
  readonly credentialsBy?: 'variables' | 'endpoint';
  /** How long an execution environment serves at most, in milliseconds. Absent: four hours. */
  readonly environmentLifetimeMs?: number;
  /** What the host names of function URLs end with: they are served there and at `localhost`. Absent: `localhost` alone. */
  readonly urlDomain?: string;
  /** The function that somebody debugs: an inspector on this port (0: any), one environment, no timeouts. */
  readonly debug?: { readonly functionName: string; readonly port: number };
  /** Of functions of container images. */
  readonly images?: ImageOptions;
  /** Credentials of the registries that images are pulled from, a file in the form of Docker's config.json. Absent: `registry-credentials.json` in the data directory, if it is there. */
  readonly registryCredentials?: string;
  /** Who may read /metrics: who shows the token of the file metrics-token, everybody, or nobody. Absent: `token`. */
  readonly metricsAccess?: 'token' | 'open' | 'off';
  /** How long metrics are kept, in milliseconds. Absent: 15 days. */
  readonly metricsRetentionMs?: number;
  /** Where runtime packs come from. Absent: the npm registry that the host is set up for. */
  readonly registry?: string;
}

/** Absent members are as `imageDefaults` says. */
export interface ImageOptions {
  /** Where KMS is, and keys in it by id, ARN or alias: the first seals manifests, all open them. Absent: the data directory's images.key does. */
  readonly kms?: { readonly endpoint: string; readonly keyIds: readonly string[] };
  /** What the worker keeps of images on disk and in memory, in bytes. */
  readonly cacheBytes?: number;
  readonly memoryBytes?: number;
  /** The zone's cache (`lambkin cache`): its nodes as URLs, and the file with the word that they share. Absent: none is asked. */
  readonly zone?: { readonly nodes: readonly string[]; readonly secretFile: string };
  /** How long a generation of the store is written to, is kept for readers after that, and must not have been read before it is deleted; in milliseconds. */
  readonly epochMs?: number;
  readonly retiredMs?: number;
  readonly expiredMs?: number;
}

export interface RunningLambkin {
  /** `http://127.0.0.1:9000` */
  readonly endpoint: string;
  readonly dataDirectory: string;
  readonly accountId: string;
  readonly region: string;
  /** What is really in use. */
  readonly isolation: Isolation;
  /** The runtimes of this host, as soon as it is known what it has. */
  runtimes(): Promise<readonly RuntimeStatus[]>;
  /** Rejects never; resolves once running invokes have ended, or `graceMs` has passed, and everything is closed. */
  stop(graceMs: number): Promise<void>;
}

export type StartOutcome =
  | { readonly kind: 'started'; readonly lambkin: RunningLambkin }
  | { readonly kind: 'port-taken'; readonly host: string; readonly port: number }
  | { readonly kind: 'data-directory-taken'; readonly dataDirectory: string; readonly pid?: number }
  /** Something about the options or the host makes it impossible; `message` is for the operator. Absent `exitCode`: 1. */
  | { readonly kind: 'refused'; readonly message: string; readonly exitCode?: OperatorExitCode };
