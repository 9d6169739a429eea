// Where weights come from: files of tensors, and files of graphs or bundles, whose constants are tensors with names too.
// What is needed only for these is loaded only for them.
import type { Bytes } from '../base/bytes.js';
import { AscendBundleError } from '../base/errors.js';
import { openFile } from '../base/open-file.js';
import type { Kind } from '../formats/kind.js';
import type { NamedTensor } from '../graph/tensor.js';
import { openTensorFile, type TensorFile } from './read.js';

export type WeightSource =
  | TensorFile
  /** The constants of a graph, or the initial values of a bundle. */
  | { readonly kind: 'constants'; readonly path: string; readonly of: Kind; readonly tensors: readonly NamedTensor[] };

/**
 * What lies in a file, told from its content. Of large tensors only headers are read.
 *
 * @param path  `-` is stdin, which cannot be a graph
 * @throws as `openTensorFile`, and what the reader of the graph or the bundle finds
 */
export async function openSource(path: string): Promise<WeightSource> {
  const file = openTensorFile(path);
  if (file.kind !== 'raw' || path === '-') return file;
  return (await openConstants(path, file.bytes)) ?? file;
}

/** The constants of a file that is a graph or a bundle; undefined for one that is neither. */
export async function openConstants(path: string, bytes: Bytes = openFile(path)): Promise<WeightSource | undefined> {
  const { detectKind, KINDS } = await import('../formats/kind.js');
  const kind = detectKind(bytes);
  const read = READERS[kind];
  if (read !== undefined) return { kind: 'constants', path, of: kind, tensors: await read(path, bytes) };
  // Raw bytes may look like anything; what is surely another kind of file is named for what it is.
  if (!MARKED.has(kind)) return undefined;
  throw new AscendBundleError('FILE_KIND', {
    message: `${path} is ${KINDS[kind]}; a file of weights is expected.`,
    fix: 'Give safetensors, npz, npy, a graph (graph.json, ONNX, .air), or a bundle with initial values.',
  });
}

type Reader = (path: string, bytes: Bytes) => Promise<readonly NamedTensor[]>;

const READERS: Partial<Record<Kind, Reader>> = {
  'graph-json': async (path) => (await import('./graph-constants.js')).graphJsonConstants(path),
  onnx: async (path) => (await import('./graph-constants.js')).onnxConstants(path),
  air: async (path) => (await import('./graph-constants.js')).airConstants(path),
  bundle: async (path, bytes) => (await import('./initial-constants.js')).initialConstants(path, bytes),
};

/** Kinds that begin with a mark of their own. */
const MARKED: ReadonlySet<Kind> = new Set(['om', 'om-svp', 'om-flow', 'om-nano', 'om-mobile', 'om2', 'pico']);
