/**
 * The service that a test of the API talks to: a Lambkin that it starts, or any endpoint that the environment names, AWS's own too.
 *
 *   LAMBKIN_TEST_ENDPOINT=https://lambda.us-east-1.amazonaws.com LAMBKIN_TEST_ROLE=arn:aws:iam::…:role/… npm test -- test/conformance/api
 *
 * with credentials and region from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION.
 */
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  LambdaClient,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { randomUUID } from 'node:crypto';
import { archive } from './archive.ts';
import {
  credentials as ownCredentials,
  region as ownRegion,
  role as ownRole,
  startService,
} from './service.ts';

export interface Target {
  readonly endpoint: string;
  readonly region: string;
  readonly accountId: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly client: LambdaClient;
  /** A role that functions can take. */
  readonly role: string;
  /** A name that no earlier run has used. */
  name(): string;
  /** A function that is active: Node, answering its event, unless `given` says otherwise. Deleted by `close`. */
  createFunction(given?: Partial<CreateFunctionCommandInput>): Promise<string>;
  close(): Promise<void>;
}

export async function openTarget(): Promise<Target> {
  const endpoint = process.env['LAMBKIN_TEST_ENDPOINT'];
  const service = endpoint === undefined ? await startService() : undefined;
  const credentials = service ? ownCredentials : foreignCredentials();
  const region = service ? ownRegion : (process.env['AWS_REGION'] ?? ownRegion);
  const role = process.env['LAMBKIN_TEST_ROLE'] ?? ownRole;
  const client = new LambdaClient({
    endpoint: endpoint ?? service?.endpoint ?? '',
    region,
    credentials,
    maxAttempts: 1,
  });
  const created: string[] = [];
  return {
    endpoint: endpoint ?? service?.endpoint ?? '',
    region,
    accountId: role.split(':')[4] ?? '',
    credentials,
    client,
    role,
    name: unusedName,
    async createFunction(given = {}) {
      const functionName = given.FunctionName ?? unusedName();
      const input: CreateFunctionCommandInput = {
        FunctionName: functionName,
        Role: role,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: await archive({ 'index.mjs': 'export const handler = async (event) => event;' }) },
        ...given,
      };
      if (service) input.Runtime = given.Runtime ?? 'nodejs24.x';
      await client.send(new CreateFunctionCommand(input));
      created.push(functionName);
      await waitUntilFunctionActiveV2(
        { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 },
        { FunctionName: functionName },
      );
      return functionName;
    },
    async close() {
      if (service) await service.stop();
      else
        for (const FunctionName of created)
          await client.send(new DeleteFunctionCommand({ FunctionName })).catch(() => undefined);
      client.destroy();
    },
  };
}

const unusedName = (): string => `lambkin-test-${randomUUID().slice(0, 13)}`;

function foreignCredentials(): Target['credentials'] {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = process.env;
  if (AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined) {
    throw new Error('LAMBKIN_TEST_ENDPOINT needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN !== undefined && { sessionToken: AWS_SESSION_TOKEN }),
  };
}
