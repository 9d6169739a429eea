import { hasCorpus } from './corpus.js';

export default function setup(): void {
  if (!hasCorpus) console.warn('The corpus is absent (ASCEND_BUNDLE_CORPUS, default ../shared/corpus): its tests are skipped.');
}
