// Node takes 1 to 2 ms for every file it imports, and esbuild makes one of every set of modules that the same entries share: dozens.
// This makes one file of those that are always loaded together.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** As esbuild writes them: `import{a,b as c}from"./chunks/x.js"`, `import"./x.js"`. A dynamic import has a bracket. */
const STATIC_IMPORT = /\bimport(?:\{([^}]*)\}from)?"(\.\.?\/[^"]+)";?/g;

/**
 * @param dist  with its chunks in dist/chunks; chunks named `chunk-*` are merged, the entries that are imported dynamically stay
 * @param groups  lists of files of dist, each with the name of a new chunk: what a list imports, and no list before it does, is merged
 */
export async function mergeChunks(dist, groups) {
  const chunks = join(dist, 'chunks');
  const merged = new Map();
  const seen = new Set();
  for (const { name, of } of groups) {
    const members = [...closureOf(of.map((file) => join(dist, file)))].filter(
      (path) => basename(path).startsWith('chunk-') && !seen.has(path),
    );
    for (const path of members) seen.add(path);
    if (members.length < 2) continue;
    await mergeOne(join(chunks, `${name}.js`), members, merged);
    for (const path of members) merged.set(path, join(chunks, `${name}.js`));
  }
  const files = [dist, chunks].flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  for (const path of files.filter((file) => file.endsWith('.js') && !merged.has(file))) redirect(path, merged);
  for (const path of merged.keys()) rmSync(path);
}

/** The files themselves and what they import statically, what is imported first. */
function closureOf(paths, seen = new Set()) {
  for (const path of paths) {
    if (seen.has(path)) continue;
    const imports = [...readFileSync(path, 'utf8').matchAll(STATIC_IMPORT)].map(([, , to]) => join(dirname(path), to));
    closureOf(
      imports.filter((to) => !seen.has(to)),
      seen,
    );
    seen.add(path);
  }
  return seen;
}

/** A name that a member exports is exported with the member's name in front: two members may have the same. */
async function mergeOne(outfile, members, merged) {
  const lines = members.map((path) => {
    const names = exportsOf(readFileSync(path, 'utf8'));
    const renamed = names.map((name) => `${name} as ${prefixOf(path)}${name}`);
    return names.length === 0 ? `import ${JSON.stringify(path)};` : `export { ${renamed.join(', ')} } from ${JSON.stringify(path)};`;
  });
  await build({
    stdin: { contents: lines.join('\n'), resolveDir: dirname(outfile) },
    outfile,
    absWorkingDir: dirname(outfile),
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20', minifySyntax: true, minifyWhitespace: true },
    legalComments: 'none',
    plugins: [
      {
        name: 'others-stay',
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ path, resolveDir }) => {
            const file = path.startsWith('.') ? join(resolveDir, path) : path;
            return members.includes(file) ? { path: file } : { path, external: true };
          }),
      },
    ],
  });
  redirect(outfile, merged);
}

function exportsOf(code) {
  const list = /\bexport\{([^}]*)\};?\s*$/.exec(code)?.[1] ?? '';
  return list.split(',').flatMap((item) => (item === '' ? [] : [item.split(' as ').at(-1).trim()]));
}

function prefixOf(path) {
  return `${basename(path, '.js').replaceAll('-', '_')}_`;
}

/** Imports of merged chunks as imports of what they are in now. */
function redirect(path, merged) {
  const code = readFileSync(path, 'utf8');
  const changed = code.replace(STATIC_IMPORT, (text, list, to) => {
    const member = join(dirname(path), to);
    const target = merged.get(member);
    if (target === undefined) return text;
    const from = `"${dirname(path) === dirname(target) ? '.' : './chunks'}/${basename(target)}"`;
    if (list === undefined) return `import${from};`;
    const names = list.split(',').map((item) => {
      const [name, local = name] = item.split(' as ');
      return `${prefixOf(member)}${name} as ${local}`;
    });
    return `import{${names.join(',')}}from${from};`;
  });
  if (changed !== code) writeFileSync(path, changed);
}
