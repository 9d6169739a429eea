// Bundles the command line and the library into dist/: one lazily loaded chunk per verb, so that a verb pays only for itself.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { toCommonJs } from './common-js.js';
import { mergeChunks } from './merge-chunks.js';

const project = join(import.meta.dirname, '..');
process.chdir(project);
rmSync('dist', { recursive: true, force: true });
/** Modules that packages load in vain, each with what stands in for it. Together they are 14 ms of every start. */
const SPARED = [
  // `import process from 'node:process'` asks it for every property, which opens stdin, sockets and more.
  { name: /^(node:)?process$/, instead: 'export default globalThis.process;', kind: 'import-statement' },
  // commander, for verbs that are programs of their own.
  { name: /^node:child_process$/, instead: 'module.exports = {};', importer: '/node_modules/commander/' },
];

const spare = {
  name: 'spare',
  setup({ onResolve, onLoad }) {
    SPARED.forEach(({ name, kind, importer = '' }, i) => {
      onResolve({ filter: name }, (asked) =>
        (kind === undefined || asked.kind === kind) && asked.importer.includes(importer)
          ? { path: `${i}`, namespace: 'spared' }
          : undefined,
      );
    });
    onLoad({ filter: /./, namespace: 'spared' }, ({ path }) => ({ contents: SPARED[path].instead }));
  },
};

const common = {
  // esbuild notes the folder it is loaded in, before the change above.
  absWorkingDir: project,
  outdir: 'dist',
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['ffi-rs', 'onnxruntime-node'],
  legalComments: 'none',
  plugins: [spare],
  metafile: true,
};
const { metafile } = await build({
  ...common,
  entryPoints: { cli: 'src/cli/main.ts', index: 'src/index.ts' },
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
// Somebody waits while the native process starts: it is one file with all that it needs.
await build({ ...common, entryPoints: { worker: 'src/backends/ascend/worker/main.ts' } });
const fileOf = (source) =>
  Object.keys(metafile.outputs)
    .find((file) => metafile.outputs[file].entryPoint === source)
    .slice('dist/'.length);
const chunkWith = (input) =>
  Object.keys(metafile.outputs)
    .find((file) => input in metafile.outputs[file].inputs)
    .slice('dist/'.length);
await mergeChunks(join(project, 'dist'), [
  { name: 'start', of: ['cli.js', fileOf('src/cli/text/build.ts')] },
  { name: 'backends', of: [chunkWith('src/backends/registry.ts')] },
  { name: 'tensors', of: [fileOf('src/commands/weights-check.ts')] },
  { name: 'files', of: [chunkWith('src/base/output-file.ts')] },
  { name: 'cann', of: [fileOf('src/commands/targets.ts')] },
  { name: 'compiler', of: ['src/commands/build.ts', 'src/backends/ascend/ge/compiler.ts'].map(fileOf) },
  { name: 'bundles', of: [fileOf('src/commands/inspect.ts')] },
  { name: 'updates', of: [fileOf('src/commands/patch.ts')] },
  { name: 'sessions', of: [fileOf('src/commands/run.ts')] },
  { name: 'inference', of: [fileOf('src/backends/host/session.ts')] },
  { name: 'operators', of: [chunkWith('src/graph/ops/prototypes.generated.ts')] },
  { name: 'selections', of: [fileOf('src/commands/extract.ts')] },
  { name: 'comparisons', of: [fileOf('src/commands/diff.ts')] },
  { name: 'rules', of: [fileOf('src/commands/explain.ts')] },
  { name: 'onnx', of: [fileOf('src/formats/onnx/index.ts')] },
  { name: 'checks', of: [fileOf('src/graph/check.ts')] },
  { name: 'schemas', of: [chunkWith('node_modules/zod/v4/core/core.js')] },
  { name: 'graph-json', of: [fileOf('src/formats/graph-json.ts')] },
  { name: 'graphs', of: [fileOf('src/commands/consts.ts')] },
  { name: 'bundle-build', of: [fileOf('src/commands/build/run-build.ts')] },
  { name: 'lowering', of: [fileOf('src/backends/host/compile.ts')] },
  { name: 'ge', of: [fileOf('src/backends/ascend/ge/compile.ts')] },
  ...verbs(),
]);
toCommonJs(join(project, 'dist'));
writeFileSync('dist/THIRD-PARTY.txt', thirdPartyText(metafile));
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

/** Of each verb what it does and how its result reads. */
function verbs() {
  return readdirSync('src/cli/text')
    .filter((name) => existsSync(join('src/commands', name)))
    .map((name) => ({
      name: basename(name, '.ts'),
      of: ['src/commands', 'src/cli/text'].map((folder) => fileOf(`${folder}/${name}`)),
      isVerb: true,
    }));
}

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
