// What a user does wrong: each gets a typed error with the place and a way out, the exit code of the contract, and no file.
import { createHash } from 'node:crypto';
import { copyFileSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Workplace } from '../support/cli.js';
import { corpus, hasCorpus } from '../support/corpus.js';

const GRAPH = 'examples/linear/graph.json';
const BUILD = ['build', GRAPH, '--consts', 'const_1,const_2'];
const RUN = ['run', 'linear.om', '--input', 'x=@examples/linear/x.npy'];

interface Misuse {
  readonly title: string;
  readonly args: readonly string[];
  readonly exit: number;
  readonly code: string;
  /** Words that must stand in the message, the fix, the place or the problems. */
  readonly words: readonly string[];
  readonly prepare?: (place: Workplace) => void;
  readonly env?: Record<string, string>;
}

function withBundle(change?: (bytes: Buffer) => Buffer): (place: Workplace) => void {
  return (place) => {
    expect(place.run([...BUILD, '-o', 'linear.om']).status).toBe(0);
    if (change !== undefined) writeFileSync(place.path('linear.om'), change(readFileSync(place.path('linear.om'))));
  };
}

function withFile(name: string, content: string | Uint8Array): (place: Workplace) => void {
  return (place) => writeFileSync(place.path(name), content);
}

function both(...steps: readonly ((place: Workplace) => void)[]): (place: Workplace) => void {
  return (place) => {
    for (const step of steps) step(place);
  };
}

/** A float32 .npy of the shape, all of one value. */
function npy(shape: readonly number[], value: number, descr = '<f4'): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const header = Buffer.from(`${text.padEnd(128 - 11)}\n`);
  const count = shape.reduce((product, dim) => product * dim, 1);
  const data = descr === '<f8' ? Float64Array.from({ length: count }, () => value) : Float32Array.from({ length: count }, () => value);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([header.length & 255, header.length >> 8]),
    header,
    Buffer.from(data.buffer),
  ]);
}

const FILES: readonly Misuse[] = [
  {
    title: 'a graph that is not there',
    args: ['build', 'nope.json', '--consts', 'a'],
    exit: 7,
    code: 'FILE_NOT_FOUND',
    words: ['nope.json', 'Check the path'],
  },
  { title: 'a bundle that is not there', args: ['run', 'nope.om'], exit: 7, code: 'FILE_NOT_FOUND', words: ['nope.om'] },
  { title: 'an empty path', args: ['run', ''], exit: 7, code: 'FILE_NOT_FOUND', words: ['empty', 'variable of a script'] },
  { title: 'stdin for a bundle', args: ['run', '-'], exit: 7, code: 'FILE_NOT_FOUND', words: ['stdin', 'Write it to a file'] },
  {
    title: 'weights for a bundle',
    args: ['run', 'examples/linear/new.safetensors'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['a file of tensors (safetensors)', 'weights check examples/linear/new.safetensors'],
  },
  {
    title: 'an input for a graph',
    args: ['consts', 'examples/linear/x.npy'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['a file of tensors (npy)', 'weights check examples/linear/x.npy'],
  },
  {
    title: 'an empty graph',
    args: ['build', 'empty.json', '--consts', 'a'],
    exit: 4,
    code: 'FILE_EMPTY',
    words: ['empty.json'],
    prepare: withFile('empty.json', ''),
  },
  {
    title: 'an empty bundle',
    args: ['run', 'empty.om'],
    exit: 4,
    code: 'FILE_EMPTY',
    words: ['empty.om'],
    prepare: withFile('empty.om', ''),
  },
  {
    title: 'a folder for a graph',
    args: ['build', 'examples', '--consts', 'a'],
    exit: 7,
    code: 'FILE_IO',
    words: ['examples is a folder'],
  },
  {
    title: 'text for a bundle',
    args: ['run', 'a.txt'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['text file', 'bundle'],
    prepare: withFile('a.txt', 'hello\n'),
  },
  { title: 'a graph for a bundle', args: ['run', GRAPH], exit: 4, code: 'FILE_KIND', words: ['ascend-bundle build', GRAPH] },
  {
    title: 'a bundle for a graph',
    args: ['build', 'linear.om', '--consts', 'a', '-o', 'b.om'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['bundle', 'a graph'],
    prepare: withBundle(),
  },
  {
    title: 'a Git LFS pointer',
    args: ['run', 'p.om'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['LFS'],
    prepare: withFile('p.om', 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'),
  },
  {
    title: 'random bytes for a bundle',
    args: ['inspect', 'r.om', '--json'],
    exit: 0,
    code: '',
    words: [],
    prepare: withFile('r.om', Buffer.from('a7f3ee01ff00', 'hex')),
  },
  {
    title: 'a bundle cut in its header',
    args: RUN,
    exit: 4,
    code: 'FILE_TRUNCATED',
    words: ['linear.om'],
    prepare: withBundle((bytes) => bytes.subarray(0, 200)),
  },
  {
    title: 'a bundle cut in its table',
    args: RUN,
    exit: 4,
    code: 'FILE_TRUNCATED',
    words: ['linear.om'],
    prepare: withBundle((bytes) => bytes.subarray(0, 300)),
  },
  {
    title: 'a bundle without its last byte',
    args: RUN,
    exit: 4,
    code: 'FILE_TRUNCATED',
    words: ['linear.om'],
    prepare: withBundle((bytes) => bytes.subarray(0, -1)),
  },
  {
    title: 'a sub-model with a wrong magic',
    args: RUN,
    exit: 4,
    code: 'FILE_KIND',
    words: ['linear.om', 'model 0'],
    prepare: withBundle((bytes) => {
      const copy = Buffer.from(bytes);
      copy.write('XXXX', copy.indexOf('IMOD'));
      return copy;
    }),
  },
  {
    title: 'JSON with a comma too many',
    args: ['build', 'g.json', '--consts', 'a'],
    exit: 4,
    code: 'FILE_MALFORMED',
    words: ['line 2'],
    prepare: withFile('g.json', '{\n "nodes": [,],\n}'),
  },
  {
    title: 'half an ONNX model',
    args: ['build', 'm.onnx', '--consts', 'fc1.bias'],
    exit: 4,
    code: 'FILE_MALFORMED',
    words: ['m.onnx', 'byte'],
    prepare: (place) => writeFileSync(place.path('m.onnx'), readFileSync(place.path('examples/onnx/mlp.onnx')).subarray(0, 700)),
  },
];

const MORE_FILES: readonly Misuse[] = [
  {
    title: 'an empty file to inspect',
    args: ['inspect', 'e'],
    exit: 4,
    code: 'FILE_EMPTY',
    words: ['e is empty'],
    prepare: withFile('e', ''),
  },
  { title: 'a file below a file', args: ['inspect', `${GRAPH}/x`], exit: 7, code: 'FILE_IO', words: ['a file where a folder is expected'] },
  { title: 'a device', args: ['inspect', '/dev/null'], exit: 7, code: 'FILE_IO', words: ['not a regular file'] },
  {
    title: 'a link to itself',
    args: ['inspect', 'l'],
    exit: 7,
    code: 'FILE_IO',
    words: ['link'],
    prepare: (place) => symlinkSync('l', place.path('l')),
  },
  {
    title: 'JSON that is no graph',
    args: ['inspect', 'p.json'],
    exit: 4,
    code: 'GRAPH_INVALID',
    words: ['p.json'],
    prepare: withFile('p.json', '{"name": "p"}'),
  },
  {
    title: 'a bundle cut between its models',
    args: RUN,
    exit: 4,
    code: 'FILE_TRUNCATED',
    words: ['byte'],
    prepare: withBundle((bytes) => bytes.subarray(0, 6000)),
  },
  {
    title: 'a bundle with its middle zeroed',
    args: RUN,
    exit: 4,
    code: 'FILE_MALFORMED',
    words: ['linear.om', 'byte'],
    prepare: withBundle((bytes) => Buffer.from(bytes).fill(0, 1200, 3000)),
  },
  {
    title: 'an update that is a picture',
    args: [...RUN, '--update', 'p.png'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['p.png', 'safetensors'],
    prepare: both(withBundle(), withFile('p.png', '\x89PNG\r\n')),
  },
  {
    title: 'a list of names that is a bundle',
    args: ['build', GRAPH, '--consts', '@linear.om', '-o', 'b.om'],
    exit: 4,
    code: 'FILE_KIND',
    words: ['linear.om', 'names'],
    prepare: withBundle(),
  },
];

const NAMES: readonly Misuse[] = [
  { title: 'no constants', args: ['build', GRAPH], exit: 2, code: 'CONSTS_REQUIRED', words: ['ascend-bundle consts'] },
  {
    title: 'a constant that is not there',
    args: ['build', GRAPH, '--consts', 'const_1,cnost_2'],
    exit: 4,
    code: 'CONST_NOT_FOUND',
    words: ['cnost_2', 'const_2'],
  },
  {
    title: 'a node that is no constant',
    args: ['build', GRAPH, '--consts', 'matmul'],
    exit: 4,
    code: 'CONST_NOT_FOUND',
    words: ['matmul', 'MatMul'],
  },
  {
    title: 'an input of the model',
    args: ['build', GRAPH, '--consts', 'x'],
    exit: 4,
    code: 'CONST_NOT_FOUND',
    words: ['input of the model'],
  },
  {
    title: 'a constant twice',
    args: ['build', GRAPH, '--consts', 'const_1', '--const', 'const_1'],
    exit: 2,
    code: 'CONST_REPEATED',
    words: ['const_1', 'twice'],
  },
  {
    title: 'a list that is not there',
    args: ['build', GRAPH, '--consts', '@names.txt'],
    exit: 7,
    code: 'FILE_NOT_FOUND',
    words: ['names.txt'],
  },
  {
    title: 'a scalar',
    args: ['build', 's.json', '--consts', 's'],
    exit: 4,
    code: 'SCALAR_WEIGHT',
    words: ['--allow-scalar', '[1]'],
    prepare: withFile(
      's.json',
      JSON.stringify({
        inputs: [{ name: 'x', dtype: 'float32', shape: [2] }],
        consts: [{ name: 's', dtype: 'float32', shape: [], data: 2 }],
        nodes: [{ name: 'm', type: 'Mul', inputs: ['x', 's'] }],
        outputs: ['m'],
      }),
    ),
  },
  {
    title: 'a graph with several mistakes, all at once',
    args: ['build', 'g.json', '--consts', 'w'],
    exit: 4,
    code: 'GRAPH_INVALID',
    words: ['/nodes/0', 'MatMul', '/nodes/1', 'nowhere'],
    prepare: withFile(
      'g.json',
      JSON.stringify({
        inputs: [{ name: 'x', dtype: 'float32', shape: [2, 2] }],
        nodes: [
          { name: 'a', type: 'MatMull', inputs: ['x', 'x'] },
          { name: 'b', type: 'Relu', inputs: ['nowhere'] },
        ],
        outputs: ['b'],
      }),
    ),
  },
];

const TENSORS: readonly Misuse[] = [
  {
    title: 'an input not given',
    args: ['run', 'linear.om'],
    exit: 4,
    code: 'INPUT_MISSING',
    words: ['"x"', 'float32 [2, 3]', '--input x='],
  },
  {
    title: 'an input that the model does not have',
    args: [...RUN, '--input', 'xx=splat:0'],
    exit: 4,
    code: 'INPUT_UNKNOWN',
    words: ['"xx"', '"x"'],
  },
  { title: 'an input twice', args: [...RUN, '--input', 'x=splat:0'], exit: 2, code: 'INPUT_REPEATED', words: ['"x"', 'twice'] },
  {
    title: 'an input of another shape',
    args: ['run', 'linear.om', '-i', 'x=2x2xf32=1,2,3,4'],
    exit: 4,
    code: 'TENSOR_MISMATCH',
    words: ['[2, 2]', '[2, 3]'],
  },
  {
    title: 'an input of another dtype',
    args: ['run', 'linear.om', '-i', 'x=@d.npy'],
    exit: 4,
    code: 'TENSOR_MISMATCH',
    words: ['float64', 'float32'],
    prepare: withFile('d.npy', npy([2, 3], 1, '<f8')),
  },
  { title: 'a value that is none', args: ['run', 'linear.om', '-i', 'x=1,2,three'], exit: 2, code: 'VALUE_SYNTAX', words: ['three', '^'] },
  {
    title: 'a raw file of the wrong size',
    args: ['run', 'linear.om', '-i', 'x=@x.bin'],
    exit: 4,
    code: 'TENSOR_MISMATCH',
    words: ['x.bin', '24'],
    prepare: withFile('x.bin', new Uint8Array(23)),
  },
  {
    title: 'a cut .npy',
    args: ['run', 'linear.om', '-i', 'x=@x.npy'],
    exit: 4,
    code: 'FILE_TRUNCATED',
    words: ['x.npy'],
    prepare: withFile('x.npy', npy([2, 3], 1).subarray(0, 140)),
  },
  {
    title: 'a weight of another shape',
    args: [...RUN, '--update', 'const_2=@w.npy'],
    exit: 4,
    code: 'TENSOR_MISMATCH',
    words: ['const_2', 'float32 [5]', 'float32 [4]'],
    prepare: withFile('w.npy', npy([5], 1)),
  },
  {
    title: 'a weight of another dtype',
    args: [...RUN, '--update', 'const_2=@w.npy'],
    exit: 4,
    code: 'TENSOR_MISMATCH',
    words: ['float64', 'float32'],
    prepare: withFile('w.npy', npy([4], 1, '<f8')),
  },
  {
    title: 'a weight that the bundle does not have',
    args: [...RUN, '--update', 'const_3=splat:0'],
    exit: 4,
    code: 'WEIGHT_UNKNOWN',
    words: ['const_3', 'const_1'],
  },
  {
    title: 'half an update under --strict',
    args: [...RUN, '--strict', '--update', 'const_1=splat:0'],
    exit: 4,
    code: 'WEIGHTS_MISSING',
    words: ['const_2', '--strict'],
  },
  {
    title: 'an update that is not there',
    args: [...RUN, '--update', 'new.safetensors'],
    exit: 7,
    code: 'FILE_NOT_FOUND',
    words: ['new.safetensors'],
  },
];

const OUTPUTS: readonly Misuse[] = [
  {
    title: 'an output that exists',
    args: [...BUILD, '-o', 'linear.om'],
    exit: 7,
    code: 'FILE_EXISTS',
    words: ['linear.om', '--force'],
    prepare: withBundle(),
  },
  { title: 'a folder that does not exist', args: [...BUILD, '-o', 'no/linear.om'], exit: 7, code: 'FILE_NOT_FOUND', words: ['no'] },
  { title: 'the graph itself as output', args: [...BUILD, '-o', GRAPH, '--force'], exit: 2, code: 'USAGE', words: [GRAPH] },
  {
    title: 'the graph itself through a link',
    args: [...BUILD, '-o', 'link.om', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['link.om'],
    prepare: (place) => symlinkSync(place.path(GRAPH), place.path('link.om')),
  },
  {
    title: 'the graph itself by another name of it',
    args: [...BUILD, '-o', 'hard.om', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['hard.om', GRAPH],
    prepare: (place) => linkSync(place.path(GRAPH), place.path('hard.om')),
  },
  {
    title: 'the graph itself through a folder that is a link',
    args: [...BUILD, '-o', 'here/linear/graph.json', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['here/linear/graph.json'],
    prepare: (place) => symlinkSync('examples', place.path('here')),
  },
  { title: 'a folder as output', args: [...BUILD, '-o', 'examples', '--force'], exit: 7, code: 'FILE_IO', words: ['examples is a folder'] },
  { title: 'an output below a file', args: [...BUILD, '-o', `${GRAPH}/a.om`], exit: 7, code: 'FILE_IO', words: ['a file where a folder'] },
  { title: 'a device as output', args: [...BUILD, '-o', '/dev/null', '--force'], exit: 7, code: 'FILE_IO', words: ['not a regular file'] },
  {
    title: 'an output that exists, in a dry run',
    args: [...BUILD, '--dry-run'],
    exit: 7,
    code: 'FILE_EXISTS',
    words: ['graph.om'],
    prepare: withFile('graph.om', 'mine'),
  },
  {
    title: 'run outputs that exist, said before the inference',
    args: [...RUN, '-o', 'out', '--outfmt', 'npz'],
    exit: 7,
    code: 'FILE_EXISTS',
    words: ['outputs.npz'],
    prepare: both(withBundle(), (place) => mkdirSync(place.path('out')), withFile('out/outputs.npz', 'mine')),
  },
  {
    title: 'outputs into a folder below a file',
    args: [...RUN, '-o', 'linear.om/out'],
    exit: 7,
    code: 'FILE_IO',
    words: ['linear.om/out'],
    prepare: withBundle(),
  },
  {
    title: 'run outputs that exist',
    args: [...RUN, '-o', 'out'],
    exit: 7,
    code: 'FILE_EXISTS',
    words: ['y.npy', '--force'],
    prepare: (place) => {
      withBundle()(place);
      mkdirSync(place.path('out'));
      writeFileSync(place.path('out/y.npy'), 'mine');
    },
  },
  {
    title: 'an empty path, as of a variable that is not set',
    args: [...BUILD, '-o', ''],
    exit: 2,
    code: 'USAGE',
    words: ['--output', 'not empty'],
  },
  { title: 'an empty manifest', args: [...BUILD, '--manifest='], exit: 2, code: 'USAGE', words: ['--manifest', 'not empty'] },
  {
    title: 'an empty folder of CANN',
    args: [...BUILD, '--ascend-home', ''],
    exit: 2,
    code: 'USAGE',
    words: ['--ascend-home', 'not empty'],
  },
  {
    title: 'stdout for the file',
    args: ['patch', 'linear.om', '--set', 'const_2=splat:0', '-o', '-'],
    exit: 2,
    code: 'USAGE',
    words: ['--output', 'stdout has the report'],
    prepare: withBundle(),
  },
  {
    title: 'the bundle that a model is taken from',
    args: ['extract', 'linear.om', '--graph', 'infer', '-o', './linear.om', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['the bundle linear.om itself'],
    prepare: withBundle(),
  },
  {
    title: 'the bundle that a map is for',
    args: ['weights', 'map', 'examples/linear/new.safetensors', '--for', 'linear.om', '-o', 'linear.om', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['what the map is for, linear.om itself'],
    prepare: withBundle(),
  },
  {
    title: 'the new weights of a patch',
    args: ['patch', 'linear.om', '--weights', 'new.st', '-o', 'new.st', '--force'],
    exit: 2,
    code: 'USAGE',
    words: ['the file of weights new.st itself'],
    prepare: both(withBundle(), (place) => copyFileSync(place.path('examples/linear/new.safetensors'), place.path('new.st'))),
  },
  {
    title: 'a file where a folder should be',
    args: [...RUN, '-o', 'linear.om'],
    exit: 7,
    code: 'FILE_IO',
    words: ['linear.om'],
    prepare: withBundle(),
  },
];

const WORDS: readonly Misuse[] = [
  { title: 'an unknown verb', args: ['biuld', GRAPH], exit: 2, code: 'VERB_UNKNOWN', words: ['biuld', 'build'] },
  { title: 'an unknown option', args: [...BUILD, '--outptu', 'a.om'], exit: 2, code: 'OPTION_UNKNOWN', words: ['--outptu', '--output'] },
  {
    title: 'a long option with one dash',
    args: ['run', '-om', 'linear.om'],
    exit: 2,
    code: 'OPTION_UNKNOWN',
    words: ['-om', 'two dashes'],
  },
  {
    title: 'an unknown option of another verb',
    args: ['inspect', GRAPH, '--consts', 'a'],
    exit: 2,
    code: 'OPTION_UNKNOWN',
    words: ['--consts', 'inspect --help'],
  },
  { title: 'no verb', args: ['--quiet'], exit: 2, code: 'VERB_UNKNOWN', words: ['without a verb', 'build'] },
  { title: 'help for an unknown verb', args: ['help', 'rnu'], exit: 2, code: 'VERB_UNKNOWN', words: ['rnu', '"run"'] },
  { title: 'an option without its value', args: ['build', GRAPH, '--consts'], exit: 2, code: 'USAGE', words: ['--consts'] },
  {
    title: 'a choice that is none',
    args: [...BUILD, '--update-graph', 'dynamic'],
    exit: 2,
    code: 'USAGE',
    words: ['dynamic', 'ge, static'],
  },
  {
    title: 'a format that is none',
    args: [...RUN, '--outfmt', 'csv'],
    exit: 2,
    code: 'USAGE',
    words: ['--outfmt', 'csv', 'safetensors'],
    prepare: withBundle(),
  },
  {
    title: 'a count of none',
    args: [...RUN, '--loop', '0'],
    exit: 2,
    code: 'USAGE',
    words: ['--loop', 'at least 1'],
    prepare: withBundle(),
  },
  {
    title: 'a list with blanks',
    args: ['build', GRAPH, '--consts', 'const_1,', 'const_2'],
    exit: 2,
    code: 'USAGE',
    words: ['const_2', 'commas'],
  },
  {
    title: '--graph init with an update',
    args: ['run', 'linear.om', '--graph', 'init', '--update', 'const_1=splat:0'],
    exit: 2,
    code: 'USAGE',
    words: ['--update'],
    prepare: withBundle(),
  },
  {
    title: '--graph init with inputs',
    args: [...RUN, '--graph', 'init'],
    exit: 2,
    code: 'USAGE',
    words: ['--input'],
    prepare: withBundle(),
  },
  {
    title: '--graph init with an output',
    args: ['run', 'linear.om', '--graph', 'init', '-o', 'out'],
    exit: 2,
    code: 'USAGE',
    words: ['-o'],
    prepare: withBundle(),
  },
  {
    title: '--graph update without an update',
    args: ['run', 'linear.om', '--graph', 'update'],
    exit: 2,
    code: 'USAGE',
    words: ['--update'],
    prepare: withBundle(),
  },
  { title: 'too many arguments', args: ['inspect', 'a', 'b'], exit: 2, code: 'USAGE', words: ['inspect'] },
  {
    title: 'the file by the option of atc',
    args: ['build', `--model=${GRAPH}`, '--consts', 'const_1'],
    exit: 2,
    code: 'OPTION_UNKNOWN',
    words: ['--model', 'Write the graph without an option'],
  },
  {
    title: 'the file by the option of ais_bench',
    args: ['run', '--om-model', 'linear.om'],
    exit: 2,
    code: 'OPTION_UNKNOWN',
    words: ['Write the bundle without an option'],
  },
  {
    title: 'an option that takes the file for its value',
    args: ['build', '--consts', 'const_1', '--manifest', GRAPH],
    exit: 2,
    code: 'USAGE',
    words: [`--manifest has taken "${GRAPH}"`],
  },
  { title: 'an argument of a verb without', args: ['targets', 'a'], exit: 2, code: 'USAGE', words: ['targets takes only options'] },
  {
    title: 'a word of a list that is none',
    args: ['diff', 'a', 'b', '--only', 'graph,ios'],
    exit: 2,
    code: 'USAGE',
    words: ['--only "graph,ios"'],
  },
  { title: 'a number that is none', args: [...RUN, '--loop', 'many'], exit: 2, code: 'USAGE', words: ['--loop'], prepare: withBundle() },
];

const BACKENDS: readonly Misuse[] = [
  {
    title: 'an option of GE',
    args: [...BUILD, '--soc_version=Ascend910B1'],
    exit: 5,
    code: 'BACKEND_UNAVAILABLE',
    words: ['--backend host'],
  },
  {
    title: 'an option of GE for the host',
    args: [...BUILD, '--soc-version', 'Ascend910B1', '--backend', 'host'],
    exit: 2,
    code: 'USAGE',
    words: ['--soc-version', '--backend host'],
  },
  {
    title: 'another option of GE',
    args: [...BUILD, '-O', 'ge.oo.level=O1'],
    exit: 5,
    code: 'BACKEND_UNAVAILABLE',
    words: ['--backend host'],
  },
  {
    title: 'a machine with CANN',
    args: BUILD,
    exit: 5,
    code: 'BACKEND_UNAVAILABLE',
    words: ['ASCEND_HOME_PATH', '--backend host'],
    env: { ASCEND_HOME_PATH: '/opt/cann' },
  },
  {
    title: 'the other backend for a bundle',
    args: [...RUN, '--backend', 'ascend'],
    exit: 8,
    code: 'BACKEND_MISMATCH',
    words: ['host', '--backend ascend'],
    prepare: withBundle(),
  },
];

describe.each([
  ['files', FILES],
  ['more files', MORE_FILES],
  ['names', NAMES],
  [
    'tensors',
    TENSORS.map((misuse) => ({
      ...misuse,
      prepare: (place: Workplace) => {
        withBundle()(place);
        misuse.prepare?.(place);
      },
    })),
  ],
  ['outputs', OUTPUTS],
  ['words', WORDS],
  ['backends', BACKENDS],
] as const)('%s', (_, rows) => {
  test.each(rows.map((row) => [row.title, row] as const))('%s', (_title, { args, exit, code, words, prepare, env }) => {
    const place = new Workplace();
    prepare?.(place);
    const before = snapshot(place);
    const { stdout, stderr, status } = place.run(
      [...args, ...(args.includes('--json') ? [] : ['--json'])],
      env === undefined ? {} : { env },
    );
    const document = JSON.parse(stdout);
    expect({ status, code: document.error?.code ?? '' }).toEqual({ status: exit, code });
    for (const word of words) expect(JSON.stringify(document.error)).toContain(JSON.stringify(word).slice(1, -1));
    expect(stderr).not.toMatch(/^\s+at /m);
    if (exit !== 0) expect(document.error.fix ?? document.error.problems[0]?.fix).toBeTruthy();
    expect(snapshot(place)).toEqual(before);
  });
});

test('NaN in a weight is a warning, and the run goes on', () => {
  const place = new Workplace();
  withBundle()(place);
  const document = place.json([...RUN, '--update', 'const_2=splat:nan']);
  expect(document.ok).toBe(true);
  expect(document.warnings).toEqual([expect.objectContaining({ code: 'WEIGHT_NOT_FINITE', message: expect.stringContaining('const_2') })]);
});

test('without onnxruntime-node, run says how to install it, and build works all the same', () => {
  const place = new Workplace();
  // A resolver that no longer finds the package, as when npm has dropped it.
  writeFileSync(
    place.path('hide.mjs'),
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`export async function resolve(name, context, next) {
       if (name === 'onnxruntime-node') throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: 'ERR_MODULE_NOT_FOUND' });
       return next(name, context);
     }\`));`,
  );
  const env = { NODE_OPTIONS: `--import ${place.path('hide.mjs')}` };
  expect(place.run([...BUILD, '-o', 'linear.om'], { env }).status).toBe(0);
  const { status, stderr } = place.run(RUN, { env });
  expect(status).toBe(5);
  const { optionalDependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(stderr).toContain(`npm i --ignore-scripts onnxruntime-node@${optionalDependencies['onnxruntime-node']}\n`);
});

describe.skipIf(!hasCorpus)('a bundle that GE compiled', () => {
  test.each([
    ['runs only on an NPU', [], 5, 'BACKEND_UNAVAILABLE'],
    ['is not run on the host', ['--backend', 'host'], 8, 'BACKEND_MISMATCH'],
  ])('%s', (_, more, exit, code) => {
    const place = new Workplace();
    copyFileSync(corpus('ge-bundles', 'linear.om'), place.path('ge.om'));
    const document = place.json(['run', 'ge.om', '-i', 'rand:1', ...more]);
    expect({ exit: document.exitCode, code: document.error?.code }).toEqual({ exit, code });
  });
});

/** Every file with a digest, hidden ones included. */
function snapshot(place: Workplace): Record<string, string> {
  return Object.fromEntries(
    place.files().map((path) => {
      try {
        return [
          path,
          createHash('sha256')
            .update(readFileSync(place.path(path)))
            .digest('hex'),
        ];
      } catch {
        return [path, 'folder'];
      }
    }),
  );
}
