/** What components find out about this host, for those who only want to know. Each loads the component that it asks. */
import type * as Images from '#images';
import type * as Worker from '#worker';

export const imageMountsProblem: typeof Images.imageMountsProblem = async () =>
  (await import('#images')).imageMountsProblem();

export const probeContainers: typeof Worker.probeContainers = async (options) =>
  (await import('#worker')).probeContainers(options);

export const probeMounting: typeof Worker.probeMounting = async (directory, runAs) =>
  (await import('#worker')).probeMounting(directory, runAs);
