// Node loads CommonJS 5 ms faster than modules, of 20 ms that are ours in the start of a small verb; but only modules can be split into
// chunks by esbuild. So they are split as modules, and each file is rewritten where it is.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';

/** `import("./x.js")`, and packages that are CommonJS anyway. A package that may be missing stays with the loader that users can hook. */
const DYNAMIC_IMPORT = /\bimport\(("(?:\.[^"]+|ffi-rs)")\)/g;

/** @param dist  with modules in it and in dist/chunks */
export function toCommonJs(dist) {
  for (const folder of [dist, join(dist, 'chunks')]) {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.js'))) {
      const path = join(folder, name);
      writeFileSync(path, rewritten(readFileSync(path, 'utf8')));
    }
  }
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
}

function rewritten(code) {
  const { code: converted } = transformSync(code.replace(DYNAMIC_IMPORT, 'Promise.resolve().then(()=>require($1))'), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { 'import.meta.url': 'fileUrl' },
  });
  const fileUrl = converted.includes('fileUrl') ? "const fileUrl=require('node:url').pathToFileURL(__filename).href;" : '';
  return `'use strict';${fileUrl}${converted}`;
}
