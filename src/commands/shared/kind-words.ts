// What a file of each kind is called in messages.
import type { Kind } from '../../formats/kind.js';

export const KIND_WORDS: Record<Kind, string> = {
  bundle: 'a weight-updatable bundle',
  om: 'a compiled offline model',
  'om-svp': 'a compiled model for HiSilicon SVP',
  'om-flow': 'a compiled dataflow model',
  'om-nano': 'a compiled model for nano chips',
  'om-mobile': 'a compiled model for HiAI or HarmonyOS',
  om2: 'an OM2 package',
  pico: 'a HiSilicon PICO model',
  'lfs-pointer': 'a Git LFS pointer (the model itself was not checked out)',
  air: 'an .air graph',
  onnx: 'an ONNX model',
  'graph-json': 'a graph in JSON',
  unknown: 'of no kind that this tool knows',
};
