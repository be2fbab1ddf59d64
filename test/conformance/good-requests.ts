/**
 * A request for every operation of Lambda that would be taken in the populated world, and the permissions that it needs: written down from
 * AWS's service authorization reference, not from our own table, which this proves.
 */
import type { OperationName } from '#wire';
import type { Members, PopulatedWorld } from './populated-world.ts';

export interface GoodRequest {
  /** As JSON. */
  readonly members: Members;
  /** `action resource`, each. */
  readonly needs: readonly string[];
}

const lambda = 'arn:aws:lambda:us-east-1:000000000000';
const role = 'arn:aws:iam::000000000000:role/any';
const hello = `${lambda}:function:hello`;
const tools = `${lambda}:layer:tools:1`;
const provider = `${lambda}:capacity-provider:fleet`;
const execution = `${hello}:1/durable-execution/run/0123456789`;
const callback = 'Y2FsbGJhY2sx';

const named = { FunctionName: 'hello' };
const layered = { LayerName: 'tools', VersionNumber: 1 };

export function goodRequests({
  uuid,
  codeSigningConfigArn,
  archive,
}: Pick<PopulatedWorld, 'uuid' | 'codeSigningConfigArn' | 'archive'>): ReadonlyMap<string, GoodRequest> {
  const mapping = `${lambda}:event-source-mapping:${uuid}`;
  const signing = plain(codeSigningConfigArn, { CodeSigningConfigArn: codeSigningConfigArn });
  const rows: Readonly<Record<OperationName, GoodRequest>> = {
    AddLayerVersionPermission: plain(tools, {
      ...layered,
      StatementId: 's2',
      Action: 'lambda:GetLayerVersion',
      Principal: '111111111111',
    }),
    AddPermission: plain(hello, {
      ...named,
      StatementId: 's2',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: 'arn:aws:sns:us-east-1:000000000000:topic',
    }),
    CheckpointDurableExecution: plain(execution, { DurableExecutionArn: execution, CheckpointToken: 'YQ==' }),
    CreateAlias: plain(hello, { ...named, Name: 'next', FunctionVersion: '2', Description: 'd' }),
    CreateCapacityProvider: {
      members: {
        CapacityProviderName: 'fleet',
        VpcConfig: { SubnetIds: ['subnet-0123456789abcdef0'], SecurityGroupIds: ['sg-0123456789abcdef0'] },
        PermissionsConfig: { CapacityProviderOperatorRoleArn: role },
      },
      needs: [`= ${provider}`],
    },
    CreateCodeSigningConfig: {
      members: {
        AllowedPublishers: {
          SigningProfileVersionArns: ['arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/0123456789'],
        },
        Tags: { team: 'blue' },
      },
      needs: ['= *', `lambda:TagResource ${lambda}:code-signing-config:*`],
    },
    CreateEventSourceMapping: {
      members: {
        ...named,
        EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:second',
        BatchSize: 5,
        Tags: { team: 'blue' },
      },
      needs: ['= *', `lambda:TagResource ${lambda}:event-source-mapping:*`],
    },
    CreateFunction: {
      members: {
        FunctionName: 'third',
        Role: role,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Code: { ZipFile: archive },
        Layers: [tools],
        Tags: { team: 'blue' },
        Timeout: 5,
      },
      needs: [
        `= ${lambda}:function:third`,
        `iam:PassRole ${role}`,
        `lambda:GetLayerVersion ${tools}`,
        `lambda:TagResource ${lambda}:function:third`,
      ],
    },
    CreateFunctionUrlConfig: plain(`${hello}:live`, { ...named, Qualifier: 'live', AuthType: 'AWS_IAM' }),
    DeleteAlias: plain(hello, { ...named, Name: 'live' }),
    DeleteCapacityProvider: plain(provider, { CapacityProviderName: 'fleet' }),
    DeleteCodeSigningConfig: signing,
    DeleteEventSourceMapping: plain(mapping, { UUID: uuid }),
    DeleteFunction: plain(hello, named),
    DeleteFunctionCodeSigningConfig: plain(`${lambda}:function:other`, { FunctionName: 'other' }),
    DeleteFunctionConcurrency: plain(hello, named),
    DeleteFunctionEventInvokeConfig: plain(hello, named),
    DeleteFunctionUrlConfig: plain(hello, named),
    DeleteLayerVersion: plain(tools, layered),
    DeleteProvisionedConcurrencyConfig: plain(`${hello}:live`, { ...named, Qualifier: 'live' }),
    DeleteResourcePolicy: plain(hello, { ResourceArn: hello }),
    GetAccountSettings: plain('*'),
    GetAlias: plain(hello, { ...named, Name: 'live' }),
    GetCapacityProvider: plain(provider, { CapacityProviderName: 'fleet' }),
    GetCodeSigningConfig: signing,
    GetDurableExecution: plain(execution, { DurableExecutionArn: execution }),
    GetDurableExecutionHistory: plain(execution, { DurableExecutionArn: execution }),
    GetDurableExecutionState: plain(execution, { DurableExecutionArn: execution, CheckpointToken: 'YQ==' }),
    GetEventSourceMapping: plain(mapping, { UUID: uuid }),
    GetFunction: plain(hello, { ...named, Qualifier: 'live' }),
    GetFunctionCodeSigningConfig: plain(hello, named),
    GetFunctionConcurrency: plain(hello, named),
    GetFunctionConfiguration: plain(hello, named),
    GetFunctionEventInvokeConfig: plain(hello, named),
    GetFunctionRecursionConfig: plain(hello, named),
    GetFunctionScalingConfig: plain(hello, { ...named, Qualifier: '1' }),
    GetFunctionUrlConfig: plain(hello, named),
    GetLayerVersion: plain(tools, layered),
    GetLayerVersionByArn: { members: { Arn: tools }, needs: [`lambda:GetLayerVersion ${tools}`] },
    GetLayerVersionPolicy: plain(tools, layered),
    GetPolicy: plain(hello, named),
    GetProvisionedConcurrencyConfig: plain(`${hello}:live`, { ...named, Qualifier: 'live' }),
    GetResourcePolicy: plain(hello, { ResourceArn: hello }),
    GetRuntimeManagementConfig: plain(hello, named),
    Invoke: {
      members: { ...named, Qualifier: 'live', Payload: 'e30=' },
      needs: [`lambda:InvokeFunction ${hello}:live`],
    },
    InvokeAsync: plain(hello, { ...named, InvokeArgs: 'e30=' }),
    InvokeWithResponseStream: {
      members: { ...named, Payload: 'e30=' },
      needs: [`lambda:InvokeFunction ${hello}`],
    },
    ListAliases: plain(hello, named),
    ListCapacityProviders: plain('*'),
    ListCodeSigningConfigs: plain('*'),
    ListDurableExecutionsByFunction: plain(hello, named),
    ListEventSourceMappings: plain('*', named),
    ListFunctionEventInvokeConfigs: plain(hello, named),
    ListFunctionUrlConfigs: plain(hello, named),
    ListFunctionVersionsByCapacityProvider: plain(provider, { CapacityProviderName: 'fleet' }),
    ListFunctions: plain('*'),
    ListFunctionsByCodeSigningConfig: signing,
    ListLayerVersions: plain('*', { LayerName: 'tools' }),
    ListLayers: plain('*'),
    ListProvisionedConcurrencyConfigs: plain(hello, named),
    ListTags: plain(hello, { Resource: hello }),
    ListVersionsByFunction: plain(hello, named),
    PublishLayerVersion: plain(`${lambda}:layer:tools`, {
      LayerName: 'tools',
      Content: { ZipFile: archive },
      CompatibleRuntimes: ['nodejs24.x'],
    }),
    PublishVersion: plain(hello, { ...named, Description: 'third' }),
    PutFunctionCodeSigningConfig: {
      members: { ...named, CodeSigningConfigArn: codeSigningConfigArn },
      needs: [`= ${hello}`, `= ${codeSigningConfigArn}`],
    },
    PutFunctionConcurrency: plain(hello, { ...named, ReservedConcurrentExecutions: 7 }),
    PutFunctionEventInvokeConfig: plain(hello, { ...named, MaximumRetryAttempts: 2 }),
    PutFunctionRecursionConfig: plain(hello, { ...named, RecursiveLoop: 'Terminate' }),
    PutFunctionScalingConfig: plain(hello, { ...named, Qualifier: '1' }),
    PutProvisionedConcurrencyConfig: plain(`${hello}:2`, {
      ...named,
      Qualifier: '2',
      ProvisionedConcurrentExecutions: 2,
    }),
    PutResourcePolicy: plain(hello, {
      ResourceArn: hello,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Sid: 's9',
            Effect: 'Allow',
            Principal: { Service: 'sns.amazonaws.com' },
            Action: 'lambda:InvokeFunction',
            Resource: hello,
          },
        ],
      }),
    }),
    PutRuntimeManagementConfig: plain(hello, { ...named, UpdateRuntimeOn: 'Auto' }),
    RemoveLayerVersionPermission: plain(tools, { ...layered, StatementId: 'all' }),
    RemovePermission: plain(hello, { ...named, StatementId: 's1' }),
    SendDurableExecutionCallbackFailure: plain('*', { CallbackId: callback }),
    SendDurableExecutionCallbackHeartbeat: plain('*', { CallbackId: callback }),
    SendDurableExecutionCallbackSuccess: plain('*', { CallbackId: callback }),
    StopDurableExecution: plain(execution, { DurableExecutionArn: execution }),
    TagResource: plain(hello, { Resource: hello, Tags: { a: 'b' } }),
    UntagResource: plain(hello, { Resource: hello, TagKeys: ['team'] }),
    UpdateAlias: plain(hello, { ...named, Name: 'live', FunctionVersion: '2' }),
    UpdateCapacityProvider: plain(provider, { CapacityProviderName: 'fleet' }),
    UpdateCodeSigningConfig: plain(codeSigningConfigArn, {
      CodeSigningConfigArn: codeSigningConfigArn,
      Description: 'changed',
    }),
    UpdateEventSourceMapping: plain(mapping, { UUID: uuid, BatchSize: 3 }),
    UpdateFunctionCode: plain(hello, { ...named, ZipFile: archive }),
    UpdateFunctionConfiguration: {
      members: { ...named, Role: role, Timeout: 9, Layers: [tools] },
      needs: [`= ${hello}`, `iam:PassRole ${role}`, `lambda:GetLayerVersion ${tools}`],
    },
    UpdateFunctionEventInvokeConfig: plain(hello, { ...named, MaximumEventAgeInSeconds: 100 }),
    UpdateFunctionUrlConfig: plain(hello, { ...named, AuthType: 'AWS_IAM' }),
  };
  return new Map(
    Object.entries(rows).map(([operation, { members, needs }]) => [
      operation,
      { members, needs: needs.map((need) => need.replace(/^= /, `lambda:${operation} `)) },
    ]),
  );
}

/** One permission, named like the operation. */
function plain(resource: string, members: Members = {}): GoodRequest {
  return { members, needs: [`= ${resource}`] };
}
