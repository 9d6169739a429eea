// Before any test: the command line as users get it is built, and what will be skipped is said.
import { execFileSync } from 'node:child_process';
import { hasCorpus, hasOperatorFacts, OPERATOR_FACTS } from './corpus.js';

export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  if (!hasCorpus) console.warn('The corpus is absent (ASCEND_BUNDLE_CORPUS, default ../shared/corpus): its tests are skipped.');
  if (!hasOperatorFacts) console.warn(`${OPERATOR_FACTS} is absent: the operator table is not compared with its facts.`);
}
