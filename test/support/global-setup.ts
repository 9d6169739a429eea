// Before any test: the command line as users get it is built, and the stand-in CANN; what will be skipped is said.
import { execFileSync } from 'node:child_process';
import { buildStandin, hasCompiler } from './cann/build.js';
import { hasCorpus, hasOperatorFacts, OPERATOR_FACTS } from './corpus.js';

export default async function setup(): Promise<void> {
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
  if (hasCompiler) await buildStandin();
  else console.warn('There is no g++: the tests that need the stand-in CANN are skipped.');
  if (!hasCorpus) console.warn('The corpus is absent (ASCEND_BUNDLE_CORPUS, default ../shared/corpus): its tests are skipped.');
  if (!hasOperatorFacts) console.warn(`${OPERATOR_FACTS} is absent: the operator table is not compared with its facts.`);
}
