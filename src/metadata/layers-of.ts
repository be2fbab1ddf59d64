/** The layers of a configuration. Records of release 0.1, which had none, do not say so. */
import type { Configuration, LayerReference } from './records.ts';

export function layersOf(configuration: Partial<Pick<Configuration, 'layers'>>): readonly LayerReference[] {
  return configuration.layers ?? [];
}
