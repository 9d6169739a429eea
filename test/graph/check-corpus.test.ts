// GE's own graph files: the root graphs of the corpus, and what GE's conversion makes of them.
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readAir } from '../../src/formats/air.js';
import { checkGraph } from '../../src/graph/check.js';
import { valueRef } from '../../src/graph/graph.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const files = hasCorpus ? readdirSync(corpus('ge-bundles')).filter((name) => name.endsWith('.air')) : [];

describe.skipIf(!hasCorpus)('graphs that GE wrote pass', () => {
  test.each(files)('%s', (name) => {
    const graph = readAir(corpus('ge-bundles', name));
    const checked = checkGraph(graph, { fromGe: true });
    expect(checked.nodes).toHaveLength(graph.nodes.length);
    for (const node of checked.nodes.filter(({ outputDescs }) => outputDescs.length > 0)) {
      expect(checked.spec(valueRef(node.name)).dtype.name).not.toBe('undefined');
    }
  });
});
