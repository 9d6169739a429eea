#!/usr/bin/env node
// Answers --version without loading anything; the rest is bundled in dist/.
import { readFileSync } from 'node:fs';

const [first] = process.argv.slice(2);
if (first === '--version' || first === '-V') {
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache?.();
  const { main } = await import('../dist/cli.js').catch((cause) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    console.error('ascend-bundle: dist/ is missing. Run `npm run build` in the checkout, or install the package again.');
    process.exit(1);
  });
  process.exitCode = await main(process.argv.slice(2));
}
