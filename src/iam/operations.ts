/** IAM's operations as forms and answers. What users and roles have in common is written once. */
import { listOf, type QueryOperation, type StructureShape, structure } from '#wire';
import { simulationOperations } from './simulation-shapes.ts';
import {
  accessKeyIdShape,
  arn,
  count,
  document,
  existingUserName,
  flag,
  page,
  paging,
  path,
  pathPrefix,
  policy,
  policyDescription,
  policyName,
  policyPath,
  policyVersion,
  role,
  roleDescription,
  roleName,
  sessionSeconds,
  status,
  tagKeys,
  tags,
  text,
  time,
  user,
  userName,
  versionId,
} from './shapes.ts';

type Table = Readonly<Record<string, QueryOperation>>;

const named = (member: string, shape: StructureShape): StructureShape => structure({ [member]: shape });
const policyUsage = { type: 'string', enum: ['PermissionsPolicy', 'PermissionsBoundary'] } as const;
const entityName = { User: existingUserName, Role: roleName } as const;

/** The same for users and roles. */
function entityOperations(word: 'User' | 'Role'): Table {
  const nameMember = `${word}Name`;
  const name = { [nameMember]: entityName[word] };
  const one = [nameMember];
  const byPolicyName = structure({ ...name, PolicyName: policyName }, [...one, 'PolicyName']);
  const byPolicyArn = structure({ ...name, PolicyArn: arn }, [...one, 'PolicyArn']);
  const attached = listOf(structure({ PolicyName: text, PolicyArn: text }));
  return {
    [`Delete${word}`]: { input: structure(name, one) },
    [`Put${word}Policy`]: {
      input: structure({ ...name, PolicyName: policyName, PolicyDocument: document }, [
        ...one,
        'PolicyName',
        'PolicyDocument',
      ]),
    },
    [`Get${word}Policy`]: {
      input: byPolicyName,
      output: structure({ [nameMember]: text, PolicyName: text, PolicyDocument: text }),
    },
    [`Delete${word}Policy`]: { input: byPolicyName },
    [`List${word}Policies`]: {
      input: structure({ ...name, ...paging }, one),
      output: structure({ PolicyNames: listOf(text), ...page }),
    },
    [`Attach${word}Policy`]: { input: byPolicyArn },
    [`Detach${word}Policy`]: { input: byPolicyArn },
    [`ListAttached${word}Policies`]: {
      input: structure({ ...name, PathPrefix: policyPath, ...paging }, one),
      output: structure({ AttachedPolicies: attached, ...page }),
    },
    [`Put${word}PermissionsBoundary`]: {
      input: structure({ ...name, PermissionsBoundary: arn }, [...one, 'PermissionsBoundary']),
    },
    [`Delete${word}PermissionsBoundary`]: { input: structure(name, one) },
    ...tagOperations(word, nameMember, entityName[word]),
  };
}

function tagOperations(word: string, member: string, shape: typeof arn): Table {
  const subject = { [member]: shape };
  return {
    [`Tag${word}`]: { input: structure({ ...subject, Tags: tags }, [member, 'Tags']) },
    [`Untag${word}`]: { input: structure({ ...subject, TagKeys: tagKeys }, [member, 'TagKeys']) },
    [`List${word}Tags`]: {
      input: structure({ ...subject, ...paging }, [member]),
      output: structure({ Tags: tags, ...page }),
    },
  };
}

const userOperations: Table = {
  CreateUser: {
    input: structure({ Path: path, UserName: userName, PermissionsBoundary: arn, Tags: tags }, ['UserName']),
    output: named('User', user),
  },
  GetUser: { input: structure({ UserName: existingUserName }), output: named('User', user) },
  ListUsers: {
    input: structure({ PathPrefix: pathPrefix, ...paging }),
    output: structure({ Users: listOf(user), ...page }),
  },
  UpdateUser: {
    input: structure({ UserName: existingUserName, NewPath: path, NewUserName: userName }, ['UserName']),
  },
};

const key = { UserName: text, AccessKeyId: text, Status: text, CreateDate: time };
const byKey = { UserName: existingUserName, AccessKeyId: accessKeyIdShape };

const accessKeyOperations: Table = {
  CreateAccessKey: {
    input: structure({ UserName: existingUserName }),
    output: named('AccessKey', structure({ ...key, SecretAccessKey: { ...text, sensitive: true } })),
  },
  ListAccessKeys: {
    input: structure({ UserName: existingUserName, ...paging }),
    output: structure({ AccessKeyMetadata: listOf(structure(key)), ...page }),
  },
  UpdateAccessKey: { input: structure({ ...byKey, Status: status }, ['AccessKeyId', 'Status']) },
  DeleteAccessKey: { input: structure(byKey, ['AccessKeyId']) },
  GetAccessKeyLastUsed: {
    input: structure({ AccessKeyId: accessKeyIdShape }, ['AccessKeyId']),
    output: structure({
      UserName: text,
      AccessKeyLastUsed: structure({ LastUsedDate: time, ServiceName: text, Region: text }),
    }),
  },
};

const roleOperations: Table = {
  CreateRole: {
    input: structure(
      {
        Path: path,
        RoleName: roleName,
        AssumeRolePolicyDocument: document,
        Description: roleDescription,
        MaxSessionDuration: sessionSeconds,
        PermissionsBoundary: arn,
        Tags: tags,
      },
      ['RoleName', 'AssumeRolePolicyDocument'],
    ),
    output: named('Role', role),
  },
  GetRole: { input: structure({ RoleName: roleName }, ['RoleName']), output: named('Role', role) },
  ListRoles: {
    input: structure({ PathPrefix: pathPrefix, ...paging }),
    output: structure({ Roles: listOf(role), ...page }),
  },
  UpdateRole: {
    input: structure(
      { RoleName: roleName, Description: roleDescription, MaxSessionDuration: sessionSeconds },
      ['RoleName'],
    ),
    output: structure({}),
  },
  UpdateRoleDescription: {
    input: structure({ RoleName: roleName, Description: roleDescription }, ['RoleName', 'Description']),
    output: named('Role', role),
  },
  UpdateAssumeRolePolicy: {
    input: structure({ RoleName: roleName, PolicyDocument: document }, ['RoleName', 'PolicyDocument']),
  },
};

const byArn = { PolicyArn: arn };
const byVersion = structure({ ...byArn, VersionId: versionId }, ['PolicyArn', 'VersionId']);

const policyOperations: Table = {
  CreatePolicy: {
    input: structure(
      {
        PolicyName: policyName,
        Path: policyPath,
        PolicyDocument: document,
        Description: policyDescription,
        Tags: tags,
      },
      ['PolicyName', 'PolicyDocument'],
    ),
    output: named('Policy', policy),
  },
  GetPolicy: { input: structure(byArn, ['PolicyArn']), output: named('Policy', policy) },
  ListPolicies: {
    input: structure({
      Scope: { type: 'string', enum: ['All', 'AWS', 'Local'] },
      OnlyAttached: flag,
      PathPrefix: policyPath,
      PolicyUsageFilter: policyUsage,
      ...paging,
    }),
    output: structure({ Policies: listOf(policy), ...page }),
  },
  DeletePolicy: { input: structure(byArn, ['PolicyArn']) },
  CreatePolicyVersion: {
    input: structure({ ...byArn, PolicyDocument: document, SetAsDefault: flag }, [
      'PolicyArn',
      'PolicyDocument',
    ]),
    output: named('PolicyVersion', policyVersion),
  },
  GetPolicyVersion: { input: byVersion, output: named('PolicyVersion', policyVersion) },
  ListPolicyVersions: {
    input: structure({ ...byArn, ...paging }, ['PolicyArn']),
    output: structure({ Versions: listOf(policyVersion), ...page }),
  },
  DeletePolicyVersion: { input: byVersion },
  SetDefaultPolicyVersion: { input: byVersion },
  ListEntitiesForPolicy: {
    input: structure(
      {
        ...byArn,
        EntityFilter: {
          type: 'string',
          enum: ['User', 'Role', 'Group', 'LocalManagedPolicy', 'AWSManagedPolicy'],
        },
        PathPrefix: path,
        PolicyUsageFilter: policyUsage,
        ...paging,
      },
      ['PolicyArn'],
    ),
    output: structure({
      PolicyGroups: listOf(structure({ GroupName: text, GroupId: text })),
      PolicyUsers: listOf(structure({ UserName: text, UserId: text })),
      PolicyRoles: listOf(structure({ RoleName: text, RoleId: text })),
      ...page,
    }),
  },
};

/** A list of what nobody can have here. */
const emptyList = (member: string): StructureShape => structure({ [member]: listOf(structure({})), ...page });

const accountOperations: Table = {
  GetAccountSummary: {
    input: structure({}),
    output: structure({ SummaryMap: { type: 'map', key: text, value: count } }),
  },
  ListAccountAliases: {
    input: structure(paging),
    output: structure({ AccountAliases: listOf(text), ...page }),
  },
  ListInstanceProfilesForRole: {
    input: structure({ RoleName: roleName, ...paging }, ['RoleName']),
    output: emptyList('InstanceProfiles'),
  },
  ListGroupsForUser: {
    input: structure({ UserName: existingUserName, ...paging }, ['UserName']),
    output: emptyList('Groups'),
  },
  ListMFADevices: {
    input: structure({ UserName: existingUserName, ...paging }),
    output: emptyList('MFADevices'),
  },
  ListSSHPublicKeys: {
    input: structure({ UserName: existingUserName, ...paging }),
    output: emptyList('SSHPublicKeys'),
  },
  ListServiceSpecificCredentials: {
    input: structure({ UserName: existingUserName, ServiceName: text, ...paging }),
    output: emptyList('ServiceSpecificCredentials'),
  },
  ListVirtualMFADevices: {
    input: structure({ AssignmentStatus: text, ...paging }),
    output: emptyList('VirtualMFADevices'),
  },
  GetLoginProfile: { input: structure({ UserName: existingUserName }), output: structure({}) },
  DeleteLoginProfile: { input: structure({ UserName: existingUserName }) },
  ListSigningCertificates: {
    input: structure({ UserName: existingUserName, ...paging }),
    output: emptyList('Certificates'),
  },
};

export const iamOperations: Table = {
  ...userOperations,
  ...entityOperations('User'),
  ...accessKeyOperations,
  ...roleOperations,
  ...entityOperations('Role'),
  ...policyOperations,
  ...tagOperations('Policy', 'PolicyArn', arn),
  ...accountOperations,
  ...simulationOperations,
};
