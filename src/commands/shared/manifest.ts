// What a bundle is, so that it can be told later whether a file is still it: names, dtypes, shapes, order, and a sha256 of the
// file and of every weight.

import type { GraphSource } from '../../backends/backend.js';
import { bundleBackend } from '../../backends/registry.js';
import { type Bytes, utf8Bytes } from '../../base/bytes.js';
import { sha256 } from '../../base/digest.js';
import { type FileBytes, openFile } from '../../base/open-file.js';
import { toolVersion } from '../../base/version.js';
import { type Bundle, findSubmodel, readInitialValues } from '../../formats/om/index.js';
import type { NamedSpec } from '../../graph/tensor.js';
import { bundleAttributes } from './attributes.js';
import { bundleFields, openBundleFile } from './bundle.js';
import type { Manifest } from './manifest-schema.js';

/** What of a manifest can be told from the bundle alone. */
export type BundleFacts = Pick<Manifest, 'bundle' | 'inputs' | 'outputs' | 'weights'>;

/** Reads the whole file, and its initial weights once more. @throws FILE_MALFORMED */
export function bundleFacts(file: FileBytes, bundle: Bundle): BundleFacts {
  const { layout, updateGraph, weights } = bundleFields(bundle);
  const infer = findSubmodel(bundle, 'infer');
  const digests = weightDigests(bundle);
  return {
    bundle: {
      bytes: file.length,
      sha256: sha256(file),
      layout,
      backend: bundleBackend(bundle),
      updateGraph,
      attributes: bundleAttributes(bundle),
    },
    inputs: (infer?.inputs ?? []).map(specOf),
    outputs: (infer?.outputs ?? []).map(specOf),
    weights: weights.map(({ name, dtype, shape, updateIndex, bytes }) => ({
      name,
      dtype,
      shape: [...shape],
      updateIndex,
      bytes,
      sha256: digests.get(name) ?? null,
    })),
  };
}

/** Of the initial value of each weight, by name; a weight whose value the bundle does not hold, or only converted, is not in it. */
export function weightDigests(bundle: Bundle): ReadonlyMap<string, string> {
  const values = readInitialValues(bundle)?.values ?? [];
  return new Map(values.map(({ weight, constant }) => [weight.constName, sha256(constant.tensor.data)]));
}

function specOf({ name, dtype, shape }: NamedSpec): Manifest['inputs'][number] {
  return { name, dtype: dtype.name, shape: [...shape] };
}

/** Of a build: where they are, what was asked for, or already has its place in the manifest. */
const NOT_RECORDED: ReadonlySet<string> = new Set(
  'graph output manifest force dryRun consts const geFlags rawGeOptions ascendHome emitGraphs timeout trace'.split(' '),
);

/**
 * The content of a manifest file.
 *
 * @param path  of the finished bundle, under whatever name
 * @param values  of the build's options; those that say nothing (not given, off, empty) are left out
 */
export function manifestBytes(path: string, source: GraphSource, values: object): Bytes {
  const { file, bundle } = openBundleFile(path);
  const graph = openFile(source.path);
  const manifest: Manifest = {
    schema: 'ascend-bundle/manifest@1',
    tool: { name: 'ascend-bundle', version: toolVersion() },
    graph: { kind: source.kind, nodes: source.graph.nodes.length, bytes: graph.length, sha256: sha256(graph) },
    options: Object.fromEntries(Object.entries(values).filter(([name, value]) => !NOT_RECORDED.has(name) && saysSomething(value))),
    ...bundleFacts(file, bundle),
  };
  // A shape on one line.
  const text = JSON.stringify(manifest, null, 2).replace(
    /\[\s+(-?\d+(?:,\s+-?\d+)*)\s+\]/g,
    (_, dims: string) => `[${dims.replace(/\s+/g, ' ')}]`,
  );
  return utf8Bytes(`${text}\n`);
}

function saysSomething(value: unknown): boolean {
  return value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0);
}
