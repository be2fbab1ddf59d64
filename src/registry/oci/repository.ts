/** The repository of a push: made by the first one, by whoever may make it. */
import { WireError } from '#wire';
import { nameUnknown } from '../store/manifest-records.ts';
import { newRepository } from '../store/new-repository.ts';
import { OciError } from './oci-error.ts';
import type { OciRequest } from './request.ts';

export async function ensureRepository(request: OciRequest, name: string): Promise<void> {
  const { repositories, nowMs } = request.floor;
  if ((await repositories.find(name)) !== undefined) return;
  try {
    request.authorize('CreateRepository', name);
  } catch (error) {
    // Who may push, but not make repositories, is told as in ECR.
    throw error instanceof WireError ? nameUnknown(name) : error;
  }
  if ((await repositories.create(newRepository(name, nowMs()))) === 'too-many') {
    throw new OciError('DENIED', 'The registry has as many repositories as it may have.');
  }
}
