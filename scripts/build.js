// Bundles the command line and the library into dist/: one lazily loaded chunk per verb, so that a verb pays only for itself.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { mergeChunks } from './merge-chunks.js';

const project = join(import.meta.dirname, '..');
process.chdir(project);
rmSync('dist', { recursive: true, force: true });
/** `import process from 'node:process'` asks it for every property, which opens stdin, sockets and more: 10 ms of every start. */
const plainProcess = {
  name: 'plain-process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?process$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'process', namespace: 'plain-process' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'plain-process' }, () => ({ contents: 'export default globalThis.process;' }));
  },
};

const { metafile } = await build({
  // esbuild notes the folder it is loaded in, before the change above.
  absWorkingDir: project,
  entryPoints: { cli: 'src/cli/main.ts', index: 'src/index.ts', worker: 'src/backends/ascend/worker/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['ffi-rs', 'onnxruntime-node'],
  // commander is CommonJS and asks for node's own modules with require.
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  plugins: [plainProcess],
  metafile: true,
});
const fileOf = (source) =>
  Object.keys(metafile.outputs)
    .find((file) => metafile.outputs[file].entryPoint === source)
    .slice('dist/'.length);
await mergeChunks(join(project, 'dist'), [
  { name: 'start', of: ['cli.js', fileOf('src/cli/parse.ts')] },
  { name: 'tensors', of: [fileOf('src/commands/weights-check.ts')] },
]);
writeFileSync('dist/THIRD-PARTY.txt', thirdPartyText(metafile));
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

/** The licences of the packages that were bundled. */
function thirdPartyText({ inputs }) {
  const folders = Object.keys(inputs).map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const texts = [...new Set(folders.filter((folder) => folder !== undefined))].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return `ascend-bundle contains these packages.\n\n${texts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
