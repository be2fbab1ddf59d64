/** STS's operations as forms and answers. */
import { listOf, type QueryOperation, type StringShape, structure } from '#wire';
import { accessKeyIdShape, arn, count, tagKeys, tags, text, time } from '../shapes.ts';

const sessionName: StringShape = { type: 'string', min: 2, max: 64, pattern: '[\\w+=,.@-]*' };
const serialNumber: StringShape = { type: 'string', min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' };
const tokenCode: StringShape = { type: 'string', min: 6, max: 6, pattern: '[\\d]*' };

const credentials = structure({
  AccessKeyId: text,
  SecretAccessKey: { ...text, sensitive: true },
  SessionToken: { ...text, sensitive: true },
  Expiration: time,
});

export const stsOperations: Readonly<Record<string, QueryOperation>> = {
  GetCallerIdentity: { input: structure({}), output: structure({ UserId: text, Account: text, Arn: text }) },
  GetAccessKeyInfo: {
    input: structure({ AccessKeyId: accessKeyIdShape }, ['AccessKeyId']),
    output: structure({ Account: text }),
  },
  GetSessionToken: {
    input: structure({
      DurationSeconds: { type: 'integer', min: 900, max: 129_600 },
      SerialNumber: serialNumber,
      TokenCode: tokenCode,
    }),
    output: structure({ Credentials: credentials }),
  },
  AssumeRole: {
    input: structure(
      {
        RoleArn: arn,
        RoleSessionName: sessionName,
        PolicyArns: listOf(structure({ arn })),
        Policy: { type: 'string', min: 1 },
        DurationSeconds: { type: 'integer', min: 900, max: 43_200 },
        Tags: tags,
        TransitiveTagKeys: tagKeys,
        ExternalId: { type: 'string', min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' },
        SerialNumber: serialNumber,
        TokenCode: tokenCode,
        SourceIdentity: sessionName,
        ProvidedContexts: listOf(structure({ ProviderArn: arn, ContextAssertion: text }), { min: 1, max: 5 }),
      },
      ['RoleArn', 'RoleSessionName'],
    ),
    output: structure({
      Credentials: credentials,
      AssumedRoleUser: structure({ AssumedRoleId: text, Arn: text }),
      PackedPolicySize: count,
      SourceIdentity: text,
    }),
  },
};
