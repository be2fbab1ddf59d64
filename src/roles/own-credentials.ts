/**
 * The credentials of Lambkin's own environment, found where every AWS client looks for them: variables, profile, web identity, the host's metadata.
 * The client that finds them is loaded when they are first wanted: most Lambkins never need it.
 */
import type { CallKeys } from '#wire';

/** Rejects when there are none. What is returned gives them each time, renewed when they end; it rejects when that fails. */
export async function openOwnCredentials(region: string): Promise<() => Promise<CallKeys>> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  // For its chain of providers only; nothing is sent to S3.
  const { credentials } = new S3Client({ region }).config;
  await credentials();
  return async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
    return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  };
}
