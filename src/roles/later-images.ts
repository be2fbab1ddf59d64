/**
 * The images of functions in this process, opened with the first that somebody wants: whoever has none has nothing of their code, nor a master key. They
 * are opened at the start where this data directory has had some (what an earlier run left of them is cleared then), and where the options say something
 * of them (what the operator can mend is told then).
 */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ecrAccess } from '#access';
import type { ImageKeeper } from '#control-plane';
import { type Authorize, type LaterService, type ReportFault, type StreamRoute, WireError } from '#wire';
import type { Isolation, WorkerOptions } from '#worker';
import { Closing } from './closing.ts';
import { masterKeyFileName } from './data-directory.ts';
import type { ImageParts, OpenImages } from './images.ts';
import type { RegistryRoutes } from './registry.ts';

export interface LaterImages {
  /** For the worker. Absent: images are not mounted here. */
  readonly mounts: WorkerOptions['images'];
  /** For the control plane. */
  readonly keeper: ImageKeeper;
  /** Why functions of images cannot run on a worker like this; undefined: they can. */
  problem(isolation: Isolation): Promise<string | undefined>;
  /** What stands behind the listener. */
  routes(
    authorizeBy: (rows: typeof ecrAccess) => Authorize,
    reportFault: ReportFault,
  ): { readonly ecr: LaterService; readonly streamRoutes: readonly StreamRoute[] };
}

/** Rejects with what the operator can mend, as far as images are opened at the start. */
export async function openLaterImages(parts: ImageParts): Promise<LaterImages> {
  const later = new Later(parts);
  parts.closing.add((graceMs) => later.close(graceMs));
  const atStart = (await wantedAtStart(parts)) ? await later.opened() : undefined;
  const keeper = async (): Promise<ImageKeeper> => (await later.opened()).keeper;
  return {
    mounts:
      atStart !== undefined || parts.options.isolation === 'process'
        ? atStart?.mounts
        : { mount: async (imageId) => mountsOf(await later.opened()).mount(imageId) },
    keeper: {
      resolve: async (...image) => (await keeper()).resolve(...image),
      store: async (...image) => (await keeper()).store(...image),
      release: async (...reference) => (await keeper()).release(...reference),
      refer: async (...reference) => (await keeper()).refer(...reference),
      // What was never opened keeps nothing.
      references: async () => (later.isOpened ? (await keeper()).references() : []),
    },
    problem: async (isolation) => (await later.opened()).problem(isolation),
    routes(authorizeBy, reportFault) {
      const open = async (): Promise<RegistryRoutes> =>
        (await later.opened()).routes(authorizeBy, reportFault);
      return {
        ecr: { load: async () => (await open()).ecr },
        streamRoutes: [registryRoute(async () => (await open()).registry, reportFault)],
      };
    },
  };
}

class Later {
  readonly #parts: ImageParts;
  #opening: Promise<OpenImages> | undefined;
  /** What the images that are open must close: at the place of images among all that is closed, whenever they were opened. */
  #own = new Closing();
  #closed = false;

  constructor(parts: ImageParts) {
    this.#parts = parts;
  }

  get isOpened(): boolean {
    return this.#opening !== undefined;
  }

  /** One for all who ask. Where it fails, the next who asks tries again. */
  opened(): Promise<OpenImages> {
    if (this.#closed) return Promise.reject(new Error('images are not served any more'));
    this.#opening ??= this.#open().catch(async (error: unknown) => {
      await this.#own.close(0);
      this.#own = new Closing();
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    await this.#opening?.catch(() => undefined); // whoever asked for it has been told
    await this.#own.close(graceMs);
  }

  async #open(): Promise<OpenImages> {
    const { openImages } = await import('./images.ts');
    return openImages({ ...this.#parts, closing: this.#own });
  }
}

async function wantedAtStart({
  options: { dataDirectory, images = {} },
}: Pick<ImageParts, 'options'>): Promise<boolean> {
  if (images.kms !== undefined || images.zone !== undefined) return true;
  return access(join(dataDirectory, masterKeyFileName)).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
}

function mountsOf({ mounts }: OpenImages): NonNullable<OpenImages['mounts']> {
  if (mounts === undefined) throw new Error('images cannot be mounted on this host');
  return mounts;
}

/** The distribution API, whose own form of errors is known once it is loaded. */
function registryRoute(open: () => Promise<StreamRoute>, reportFault: ReportFault): StreamRoute {
  let route: StreamRoute | undefined;
  return {
    pathPrefix: '/v2/',
    async serve(request) {
      try {
        route ??= await open();
      } catch (error) {
        reportFault(error, 'opening the registry', request.requestId);
        throw new WireError('ServiceUnavailableException', 'The registry cannot be opened.');
      }
      return route.serve(request);
    },
    encodeError(error, requestId) {
      if (route !== undefined) return route.encodeError(error, requestId);
      const errors = [
        { code: 'UNAVAILABLE', message: error instanceof WireError ? error.message : 'It is not open.' },
      ];
      return {
        statusCode: 503,
        headers: { 'content-type': 'application/json', 'x-amzn-RequestId': requestId },
        body: Buffer.from(JSON.stringify({ errors })),
      };
    },
  };
}
