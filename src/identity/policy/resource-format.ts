/** What IAM says to a Resource that is no ARN it could mean. */

const partitions: ReadonlySet<string> = new Set([
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
  'aws-eusc',
]);

/** IAM's resources begin with one of these. */
const iamPaths = [
  'user/',
  'federated-user/',
  'role/',
  'group/',
  'instance-profile/',
  'mfa/',
  'server-certificate/',
  'policy/',
  'sms-mfa/',
  'saml-provider/',
  'oidc-provider/',
  'report/',
  'access-report/',
];

/** IAM's message, or undefined where the resource is well formed. */
export function resourceProblem(resource: string): string | undefined {
  if (resource === '*') return undefined;
  const [scheme = '', partition = '', service, region, account, ...rest] = resource.split(':');
  if (scheme === resource) return `Resource ${resource} must be in ARN format or "*".`;
  const path = rest.join(':');
  if (!partitions.has(partition) && !hasWildcard(partition)) {
    const shown = [service === undefined || service === '' ? '*' : service, region ?? '*', account ?? '*'];
    return `Partition "${partition}" is not valid for resource "arn:${partition}:${shown.join(':')}:${rest.length === 0 ? '*' : path}".`;
  }
  if (service === undefined || hasWildcard(service)) {
    return partition.endsWith('*') && service === undefined
      ? undefined // `arn:*`
      : 'Resource vendor must be fully qualified and cannot contain regexes.';
  }
  if (scheme !== 'arn') return `Resource ${resource} must be in ARN format or "*".`;
  // A short ARN stands only where a star at its end covers what is missing.
  if (service === '' || (rest.length === 0 && resource.includes('::')))
    return 'The policy failed legacy parsing';
  if (service === 'iam' && region !== undefined && region !== '' && !hasWildcard(region)) {
    return `IAM resource ${resource} cannot contain region information.`;
  }
  // Buckets and objects; access points do have a region and an account.
  if (
    service === 's3' &&
    region !== undefined &&
    region !== '' &&
    (account ?? '') === '' &&
    !hasWildcard(region)
  ) {
    return `Resource ${resource} can not contain region information.`;
  }
  if (
    service === 'iam' &&
    rest.length > 0 &&
    path !== '*' &&
    path !== 'root' &&
    !iamPaths.some((start) => path.startsWith(start))
  ) {
    return `IAM resource path must either be "*" or start with ${iamPaths.join(', ')}.`;
  }
  return undefined;
}

function hasWildcard(text: string): boolean {
  return text.includes('*') || text.includes('?') || text.includes('$');
}
