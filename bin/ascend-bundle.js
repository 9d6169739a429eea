#!/usr/bin/env node
// Answers --version without loading anything; the rest is bundled in dist/.
'use strict';

const [first] = process.argv.slice(2);
if (first === '--version' || first === '-V') {
  // console.log would pass over what cannot be written.
  process.stdout.on('error', (cause) => load('../dist/cli.js').endWithoutStdout(cause));
  process.stdout.write(`${require('../package.json').version}\n`);
} else {
  // Node 20 has no cache of compiled code, and asking its module for one takes time.
  if (!process.version.startsWith('v20.')) require('node:module').enableCompileCache?.();
  load('../dist/cli.js')
    .main(process.argv.slice(2))
    .then((exitCode) => {
      process.exitCode = exitCode;
    });
}

function load(path) {
  try {
    return require(path);
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    console.error('ascend-bundle: dist/ is missing. Run `npm run build` in the checkout, or install the package again.');
    process.exit(1);
  }
}
