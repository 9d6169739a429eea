// Node takes 1 to 2 ms for every file it imports, and esbuild makes one of every set of modules that the same entries share: dozens.
// This makes one file of those that are always loaded together.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** As esbuild writes them: `import{a,b as c}from"./chunks/x.js"`, `import"./x.js"`. */
const STATIC_IMPORT = /\bimport(?:\{([^}]*)\}from)?"(\.\.?\/[^"]+)";?/g;
const DYNAMIC_IMPORT = /\bimport\("(\.\.?\/[^"]+)"\)/g;

/**
 * @param dist  with its chunks in dist/chunks; what lies in dist itself stays
 * @param groups  lists of files of dist, each with the name of a new chunk: what a list imports, and no list before it does, is merged;
 *   where `isVerb`, the listed files themselves, which are imported dynamically
 */
export async function mergeChunks(dist, groups) {
  const chunks = join(dist, 'chunks');
  const merged = new Map();
  const seen = new Set();
  for (const { name, of, isVerb = false } of groups) {
    const listed = of.map((file) => join(dist, file));
    const members = isVerb ? listed : [...closureOf(listed)].filter((path) => basename(path).startsWith('chunk-') && !seen.has(path));
    for (const path of members) seen.add(path);
    if (members.length < 2) continue;
    await mergeOne(join(chunks, `${name}.js`), members, merged);
    for (const path of members) {
      merged.set(path, { target: join(chunks, `${name}.js`), names: exportsOf(readFileSync(path, 'utf8')) });
    }
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
  const fileOf = (target) => `"${dirname(path) === dirname(target) ? '.' : './chunks'}/${basename(target)}"`;
  const changed = code
    .replace(STATIC_IMPORT, (text, list, to) => {
      const member = join(dirname(path), to);
      if (!merged.has(member)) return text;
      const from = fileOf(merged.get(member).target);
      if (list === undefined) return `import${from};`;
      const names = list.split(',').map((item) => {
        const [name, local = name] = item.split(' as ');
        return `${prefixOf(member)}${name} as ${local}`;
      });
      return `import{${names.join(',')}}from${from};`;
    })
    .replace(DYNAMIC_IMPORT, (text, to) => {
      const member = join(dirname(path), to);
      if (!merged.has(member)) return text;
      const { target, names } = merged.get(member);
      return `import(${fileOf(target)}).then(all=>({${names.map((name) => `${name}:all.${prefixOf(member)}${name}`)}}))`;
    });
  if (changed !== code) writeFileSync(path, changed);
}
