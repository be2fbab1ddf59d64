/** The shapes that IAM's and STS's operations are made of. Bounds and patterns are those of the API reference. */
import { listOf, type Members, type Shape, type StringShape, structure } from '#wire';

export const text: StringShape = { type: 'string' };
export const flag: Shape = { type: 'boolean' };
export const count: Shape = { type: 'integer' };
export const time: Shape = { type: 'timestamp' };

const named = (max: number): StringShape => ({ type: 'string', min: 1, max, pattern: '[\\w+=,.@-]+' });
export const userName = named(64);
/** Of what is there already. */
export const existingUserName = named(128);
export const roleName = named(64);
export const policyName = named(128);

export const path: StringShape = {
  type: 'string',
  min: 1,
  max: 512,
  pattern: '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)',
};
export const pathPrefix: StringShape = {
  type: 'string',
  min: 1,
  max: 512,
  pattern: '\\u002F[\\u0021-\\u007F]*',
};
export const policyPath: StringShape = {
  type: 'string',
  min: 1,
  max: 512,
  pattern: '((/[A-Za-z0-9\\.,\\+@=_-]+)*)/',
};
export const arn: StringShape = { type: 'string', min: 20, max: 2048 };
export const accessKeyIdShape: StringShape = { type: 'string', min: 16, max: 128, pattern: '[\\w]+' };
export const status: StringShape = { type: 'string', enum: ['Active', 'Inactive'] };
/** The pattern of a document is checked with the document: it is longer than what patterns are run over. */
export const document: StringShape = { type: 'string', min: 1, max: 131_072 };
export const roleDescription: StringShape = {
  type: 'string',
  max: 1000,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*',
};
export const policyDescription: StringShape = { type: 'string', max: 1000 };
/** Seconds. */
export const sessionSeconds: Shape = { type: 'integer', min: 3600, max: 43_200 };
export const versionId: StringShape = { type: 'string', max: 64, pattern: 'v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?' };

const tagKey: StringShape = { type: 'string', min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' };
const tagValue: StringShape = { type: 'string', max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' };
const tag = structure({ Key: tagKey, Value: tagValue }, ['Key', 'Value']);
export const tags = listOf(tag, { max: 50 });
export const tagKeys = listOf(tagKey, { max: 50 });

/** Every list takes these, and answers those of `page`. */
export const paging: Members = {
  Marker: { type: 'string', min: 1, max: 320, pattern: '[\\u0020-\\u00FF]+' },
  MaxItems: { type: 'integer', min: 1, max: 1000 },
};
export const page: Members = { IsTruncated: flag, Marker: text };

const boundary = structure({ PermissionsBoundaryType: text, PermissionsBoundaryArn: text });

export const user = structure({
  Path: text,
  UserName: text,
  UserId: text,
  Arn: text,
  CreateDate: time,
  PermissionsBoundary: boundary,
  Tags: tags,
});

export const role = structure({
  Path: text,
  RoleName: text,
  RoleId: text,
  Arn: text,
  CreateDate: time,
  AssumeRolePolicyDocument: text,
  Description: text,
  MaxSessionDuration: count,
  PermissionsBoundary: boundary,
  Tags: tags,
  RoleLastUsed: structure({ LastUsedDate: time, Region: text }),
});

export const policy = structure({
  PolicyName: text,
  PolicyId: text,
  Arn: text,
  Path: text,
  DefaultVersionId: text,
  AttachmentCount: count,
  PermissionsBoundaryUsageCount: count,
  IsAttachable: flag,
  Description: text,
  CreateDate: time,
  UpdateDate: time,
  Tags: tags,
});

export const policyVersion = structure({
  Document: text,
  VersionId: text,
  IsDefaultVersion: flag,
  CreateDate: time,
});
