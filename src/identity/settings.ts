/** What the operator may set of the account, and what is wrong with it. */

export interface Settings {
  /** Twelve digits; default 000000000000. */
  readonly accountId?: string;
  /** Default us-east-1. */
  readonly region?: string;
  /** Known credentials instead of generated ones, both or none: for a CI job that has to know them beforehand. */
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
}

export const defaultAccountId = '000000000000';
export const defaultRegion = 'us-east-1';

const accountIdPattern = /^\d{12}$/;
const regionPattern = /^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/;
/** As IAM has it, from 16 characters on. */
const accessKeyIdPattern = /^\w{16,128}$/;
/** Printable ASCII without blanks. Shorter secrets could be guessed from a single signature that somebody saw. */
const secretPattern = /^[\x21-\x7e]{16,128}$/;

/** One sentence for the operator, or undefined where all is well. Never repeats the secret. */
export function settingsProblem(settings: Settings): string | undefined {
  const { accountId, region, accessKeyId, secretAccessKey } = settings;
  if (accountId !== undefined && !accountIdPattern.test(accountId)) {
    return `The account id must be 12 digits, like ${defaultAccountId}; it is "${accountId}".`;
  }
  if (region !== undefined && !regionPattern.test(region)) {
    return `The region must look like ${defaultRegion}; it is "${region}".`;
  }
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const missing = accessKeyId === undefined ? 'access key id' : 'secret access key';
    return `An access key is set in part: the ${missing} is missing.`;
  }
  if (accessKeyId !== undefined && !accessKeyIdPattern.test(accessKeyId)) {
    return `The access key id must be 16 to 128 letters, digits or underscores, like AKIAIOSFODNN7EXAMPLE; it is "${accessKeyId}".`;
  }
  if (accessKeyId?.startsWith('ASIA') === true) {
    return 'The access key id must not start with ASIA: such keys are temporary, and come with a session token.';
  }
  if (secretAccessKey !== undefined && !secretPattern.test(secretAccessKey)) {
    return 'The secret access key must be 16 to 128 printable characters without blanks.';
  }
  return undefined;
}
