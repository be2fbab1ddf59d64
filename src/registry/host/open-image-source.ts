/** Puts together what turns an ImageUri into a stored image: the own registry, others over the network, and threads that unpack. */
import type { ImageStore } from '#images';
import type { Clock, Documents, Random } from '#platform';
import type { ImageSource } from '../image-source.ts';
import { Importer, type ImporterOptions } from '../import/importer.ts';
import { createImageSource } from '../import/source.ts';
import { importLimits } from '../limits.ts';
import type { Registry } from '../service.ts';
import { credentialsIn } from './credentials-file.ts';
import { flattenInThread } from './flatten-in-thread.ts';
import { HttpClient, type HttpLimits } from './http-client.ts';
import { RemoteOrigin } from './remote-origin.ts';
import { Tokens } from './tokens.ts';

export interface OpenImageSourceOptions {
  readonly accountId: string;
  readonly region: string;
  readonly documents: Documents;
  readonly images: ImageStore;
  readonly registry: Pick<Registry, 'repositories' | 'contents'>;
  /** Whether a registry's name (host with port, in lower case) is this service's own. */
  readonly isOwn: (registry: string) => boolean;
  /** A file in the form of Docker's config.json; it need not be there. */
  readonly credentialsFile: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly onProgress: ImporterOptions['onProgress'];
  readonly httpLimits?: Partial<{ readonly [name in keyof HttpLimits]: number }>;
  readonly importsMax?: number;
}

export interface OpenImageSource extends ImageSource {
  /** Imports that are under way end with an error; what they left is collected. */
  close(): Promise<void>;
}

export function openImageSource(options: OpenImageSourceOptions): OpenImageSource {
  const { accountId, region, documents, images, registry, clock, random } = options;
  const http = new HttpClient(clock, options.httpLimits);
  const remote = {
    http,
    tokens: new Tokens(http, clock),
    credentials: credentialsIn(options.credentialsFile),
    clock,
    random,
  };
  const importer = new Importer({
    accountId,
    documents,
    images,
    clock,
    flattenLayers: flattenInThread,
    onProgress: options.onProgress,
    limits: { importsMax: options.importsMax ?? importLimits.importsMax },
  });
  const closing = new AbortController();
  const source = createImageSource({
    accountId,
    region,
    importer,
    own: registry,
    isOwn: options.isOwn,
    closing: closing.signal,
    openRemote: (reference, imageUri) => new RemoteOrigin(remote, reference, imageUri),
  });
  return {
    ...source,
    async close() {
      closing.abort(new Error('the service is stopping'));
      await importer.close();
      http.close();
    },
  };
}
