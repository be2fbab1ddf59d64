/** What a call must fail with. */
import assert from 'node:assert/strict';
import { LambdaServiceException } from '@aws-sdk/client-lambda';

export async function failsAs(
  work: Promise<unknown>,
  name: string,
  message: RegExp,
  statusCode?: number,
): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof LambdaServiceException, String(error));
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    if (statusCode !== undefined) assert.equal(error.$metadata.httpStatusCode, statusCode);
    return true;
  });
}
