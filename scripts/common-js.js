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
      const code = rewritten(readFileSync(path, 'utf8'));
      // The mark of a module that was rewritten is for users of the library; making it copies every export.
      writeFileSync(path, folder === dist ? code : code.replace('__toCommonJS(stdin_exports)', 'stdin_exports'));
    }
  }
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
}

/** One import of each file, where merging left dozens. */
function joinImports(code) {
  const names = new Map();
  const rest = code.replace(/\bimport(?:\{([^}]*)\}from)?"(\.[^"]+)";?/g, (_, list, from) => {
    names.set(from, [...(names.get(from) ?? []), ...(list === undefined ? [] : [list])]);
    return '';
  });
  const joined = [...names].map(([from, lists]) => `import${lists.length > 0 ? `{${lists.join()}}from` : ''}"${from}";`);
  return `${joined.join('')}${rest}`;
}

function rewritten(code) {
  const { code: converted } = transformSync(joinImports(code).replace(DYNAMIC_IMPORT, 'Promise.resolve().then(()=>require($1))'), {
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    define: { 'import.meta.url': 'importMeta.url' },
  });
  const importMeta = converted.includes('importMeta.url')
    ? "const importMeta={get url(){return require('node:url').pathToFileURL(__filename).href}};"
    : '';
  return `'use strict';${importMeta}${converted}`;
}
