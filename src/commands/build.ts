// build: a graph and a list of constants → a weight-updatable bundle.
import { basename, dirname, extname } from 'node:path';
import { BACKEND_CHOICES } from '../backends/backend.js';
import { chooseForBuild, loadBackend } from '../backends/registry.js';
import { COMPILER_OPTIONS, COMPILER_VALUES, compilerOptionsGiven, compilerRequest, withFlags } from './build/compiler-options.js';
import type { BuildResult, BuildValues } from './build/signature.js';
import { flag, type OptionValue, oneOf, optionalOutput, optionValues, text } from './shared/option-values.js';
import { SELECTION_OPTIONS, SELECTION_VALUES } from './shared/selection-options.js';
import type { Io, Outcome, ValuesSchema, Verb } from './verb.js';

const values: ValuesSchema<BuildValues> = optionValues(
  {
    graph: text,
    ...COMPILER_VALUES,
    ...SELECTION_VALUES,
    output: optionalOutput,
    init: { ...flag, missing: true },
    allowScalar: flag,
    updateGraph: oneOf(['ge', 'static'], 'ge'),
    backend: oneOf(BACKEND_CHOICES, 'auto'),
    manifest: { ...optionalOutput, isOne: (value) => value === true || optionalOutput.isOne(value) } as OptionValue<
      string | true | undefined
    >,
    force: flag,
    dryRun: flag,
  },
  withFlags,
);

export const build: Verb<BuildValues, BuildResult> = {
  name: 'build',
  summary: 'make a weight-updatable bundle from a graph and a list of constants',
  description: `Makes a bundle (.om) with three graphs from a graph.json, an ONNX model or an .air file: inference, weight initialisation, weight update. The constants that you name or select become weights that can be replaced after the build; \`ascend-bundle consts <graph>\` lists the candidates. Options of atc that GE's build takes work by their own names, those that are not listed here too: --input_format, --dynamic_dims, --insert_op_conf, …`,
  arguments: [{ name: 'graph', help: 'graph.json, ONNX model or .air file' }],
  options: [
    ...SELECTION_OPTIONS,
    { flags: '-o, --output <path>', help: 'the bundle to write (default: <graph>.om in the current folder)' },
    { flags: '--no-init', help: 'leave the init graph out: every weight must be given before the first inference' },
    { flags: '--allow-scalar', help: 'accept rank-0 weights, whose update to 0 is skipped' },
    {
      flags: '--update-graph <form>',
      help: 'ge: the device keeps a weight that an update leaves out; static: it is sent again; smaller, takes rank-0 weights',
      choices: ['ge', 'static'],
      default: 'ge',
    },
    { flags: '--backend <kind>', help: 'who compiles', choices: BACKEND_CHOICES, default: 'auto' },
    { flags: '--manifest [file]', help: 'also write what it is, with a sha256 per weight (default: <output>.manifest.json)' },
    { flags: '--force', help: 'replace an existing output' },
    { flags: '--dry-run', help: 'check everything and show what would be made, with the native calls; write nothing' },
    ...COMPILER_OPTIONS,
  ],
  examples: [
    'ascend-bundle build graph.json --consts const_1,const_2',
    'ascend-bundle build model.onnx --consts @names.txt -o model.om',
    "ascend-bundle build model.onnx --select 'op=MatMul,Gemm bytes>=1MiB' \\\n  --exclude 'name~head*'",
    'ascend-bundle consts model.onnx --names-only \\\n  | ascend-bundle build model.onnx --consts @-',
  ],
  values,
  run: startBuild,
};

/** A compiler of the vendor takes as long to start as the rest of this program: the one goes on while the other is loaded. */
async function startBuild(given: BuildValues, io: Io): Promise<Outcome<BuildResult>> {
  const choice = chooseForBuild({ asked: given.backend, geOptions: compilerOptionsGiven(given), env: process.env });
  const output = given.output ?? `${basename(given.graph, extname(given.graph))}.om`;
  const request = compilerRequest(given, choice.kind, dirname(output));
  const backend = await loadBackend(choice);
  await using compiler = await backend.openCompiler({ request, isDryRun: given.dryRun });
  const { runBuild } = await import('./build/run-build.js');
  return await runBuild(given, io, { output, choice, compiler });
}
