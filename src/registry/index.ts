/** The public face of the registry: images that are pushed here, pulled from elsewhere, and stored as block images. */
export { ImageProblem } from './image-source.ts';
export type {
  ImageArchitecture,
  ImageDefaults,
  ImageProblemCode,
  ImageSource,
  ResolvedImage,
} from './image-source.ts';
export { openRegistry } from './service.ts';
export type { Registry, RegistryOptions } from './service.ts';
export { registryLimits } from './limits.ts';
export type { RegistryLimits } from './limits.ts';
export { openImageSource } from './host/open-image-source.ts';
export type { OpenImageSource, OpenImageSourceOptions } from './host/open-image-source.ts';
