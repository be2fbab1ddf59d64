/** The files of a function on this host: its code, and its layers laid over each other. */
import type { CodeStore } from '#code';
import { type Configuration, layersOf } from '#metadata';
import type { Inside, LayerPlace } from '../sandbox/sandbox.ts';
import { type Opt, optRoot } from './opt.ts';

export interface Files {
  /** Where the function sees its code. */
  readonly taskRoot: string;
  /** Where that is on the host. */
  readonly code: string;
  /** undefined: no layers. */
  readonly opt: Opt | undefined;
  /** They may be removed. */
  readonly release: () => void;
}

export type FilesOutcome =
  | { readonly kind: 'ready'; readonly files: Files }
  | { readonly kind: 'broken'; readonly message: string };

export async function unpackFiles(
  store: CodeStore,
  configuration: Configuration,
  { layers: layerPlace, inside }: { readonly layers: LayerPlace; readonly inside: Inside | undefined },
): Promise<FilesOutcome> {
  const code = await store.unpack(configuration.code);
  if (code.kind === 'broken') return code;
  const { directory, release } = code;
  const taskRoot = inside?.taskRoot ?? directory;
  const layers = layersOf(configuration);
  if (layers.length === 0)
    return { kind: 'ready', files: { taskRoot, code: directory, opt: undefined, release } };
  const merged = await store.unpackLayers(layers.map((layer) => layer.code)).catch((error: unknown) => {
    release();
    throw error;
  });
  if (merged.kind === 'broken') {
    release();
    return merged;
  }
  const opt = { directory: merged.directory, root: layerPlace === 'elsewhere' ? merged.directory : optRoot };
  const releaseBoth = (): void => {
    release();
    merged.release();
  };
  return { kind: 'ready', files: { taskRoot, code: directory, opt, release: releaseBoth } };
}
