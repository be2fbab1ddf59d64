/**
 * The public face of the registry: images that are pushed here, pulled from elsewhere, and stored as block images. It is loaded when it is opened: who
 * only needs its words has little of it.
 */
import type { OpenImageSource, OpenImageSourceOptions } from './host/open-image-source.ts';
import type { Registry, RegistryOptions } from './service.ts';

export { ImageProblem } from './image-source.ts';
export type {
  ImageArchitecture,
  ImageDefaults,
  ImageProblemCode,
  ImageSource,
  ResolvedImage,
} from './image-source.ts';
export type { Registry, RegistryOptions } from './service.ts';
export { registryLimits } from './limits.ts';
export type { RegistryLimits } from './limits.ts';
export type { OpenImageSource, OpenImageSourceOptions } from './host/open-image-source.ts';

export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const registry = await import('./service.ts');
  return registry.openRegistry(options);
}

export async function openImageSource(options: OpenImageSourceOptions): Promise<OpenImageSource> {
  const source = await import('./host/open-image-source.ts');
  return source.openImageSource(options);
}
