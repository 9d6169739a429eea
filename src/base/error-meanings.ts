// What each code of ours means, for `explain`: the message of an error has the case at hand, this has what holds of all of them.
import { ERROR_CODES, type ErrorClass, type ErrorCode, EXIT_CODES, SIGTERM_EXIT } from './errors.js';

export type Meaning = readonly [meaning: string, fix: string];

export const ERROR_MEANINGS: Readonly<Record<ErrorCode, Meaning>> = {
  USAGE: ['The command line is not one that the tool understands.', 'The message names the word; --help of the verb lists what it takes.'],
  CONSTS_REQUIRED: ['A build needs the names of the constants that become updatable.', 'ascend-bundle consts <graph> lists them.'],
  VERB_UNKNOWN: ['There is no such verb.', 'ascend-bundle --help lists them.'],
  OPTION_UNKNOWN: ['The verb has no such option.', '--help of the verb lists them; long options take two dashes.'],
  CONST_REPEATED: ['A constant is named twice.', 'Name it once: the order of the names is the order of the inputs of an update.'],
  VALUE_SYNTAX: ['A tensor on the command line is not written as one.', 'Write x=@file, x=2x3xf32=1,2,… or x=rand:7.'],
  INPUT_REPEATED: ['A tensor is given twice.', 'Give it once.'],
  CHECK_FAILED: ['The tool worked, and the answer is no: a finding, a difference, a threshold.', 'The result on stdout has the details.'],
  FILE_EMPTY: ['The file has no bytes.', 'Make or download it again.'],
  FILE_TRUNCATED: ['The file ends before what it announces: a copy was cut off.', 'Copy or download it again, and compare the sizes.'],
  FILE_KIND: ['The file is of another kind than is needed there.', 'ascend-bundle inspect tells what it is.'],
  FILE_MALFORMED: [
    'The file is damaged, or was not written by its rules; the place is given.',
    'Make it again, with the tool that it comes from.',
  ],
  PATH_ESCAPES: ['A file names another one outside of its folder.', 'Put both in one folder: paths in a model may not lead out of it.'],
  GRAPH_INVALID: ['The graph does not hold together: a name, a slot, an attribute, a shape.', 'The place is given; lint finds more.'],
  OP_UNSUPPORTED: ['An operator cannot be run or built here.', 'Replace it, or build with --backend ascend where the host lacks it.'],
  CONST_NOT_FOUND: ['The graph has no constant of that name.', 'ascend-bundle consts <graph> lists them.'],
  CONST_UNFIT: ['A constant cannot become updatable.', 'ascend-bundle lint <graph> --consts <name> says why.'],
  SCALAR_WEIGHT: [
    'A weight of rank 0: the update graph of GE skips an update of it to 0.',
    'Store it with the shape [1], or build with --update-graph static or --allow-scalar.',
  ],
  TENSOR_MISMATCH: ['A tensor has another dtype or shape than the bundle.', 'ascend-bundle inspect lists them; --cast converts dtypes.'],
  TENSOR_NOT_FOUND: ['A file has no tensor of that name.', 'The message lists near names; --map gives tensors other names.'],
  INPUT_MISSING: ['An input of the model is not given.', 'Give it with --input; ascend-bundle inspect lists them.'],
  INPUT_UNKNOWN: ['The model has no input of that name.', 'ascend-bundle inspect lists them.'],
  WEIGHT_UNKNOWN: ['The bundle has no weight of that name.', 'ascend-bundle inspect lists them; --ignore-extra lets further tensors pass.'],
  WEIGHTS_MISSING: [
    'An update needs weights that are not given.',
    'Give them, or build with --update-graph ge, where a missing one is kept.',
  ],
  WEIGHTS_NOT_INITIALIZED: ['The bundle was built without init: its weights have no values yet.', 'Give all of them with --update.'],
  DTYPE_UNSUPPORTED: ['A dtype cannot be used there.', 'Convert it; the message says which ones can.'],
  BUNDLE_INVALID: ['The bundle contradicts itself.', 'Build it again.'],
  INIT_MISSING: ['The bundle was built without init, so it holds no initial weights.', 'Build it again without --no-init.'],
  WEIGHTS_SHARED: ['Two weights share their bytes in the file.', 'patch gives each its own, where the layout allows it.'],
  WEIGHT_UNPATCHABLE: ['The place of a weight in the file is not known for certain.', 'Build the bundle again with the new values.'],
  INITIAL_VALUE_UNKNOWN: ['The initial value of a weight is not found in the bundle.', 'Give it from elsewhere.'],
  SOURCE_MISMATCH: [
    'The bundle does not have the values of the graph that it is said to come from.',
    'Give the graph that it was built from.',
  ],
  BACKEND_UNAVAILABLE: ['The backend that is needed does not work on this machine.', 'ascend-bundle doctor says what is missing.'],
  LIBRARY_UNUSABLE: [
    'A library of CANN is not found, or cannot be loaded.',
    'ascend-bundle doctor shows which folders are searched and what is missing.',
  ],
  SYMBOL_MISSING: ['The libraries of CANN lack a function that is needed.', 'Install the version that the message names, or a newer one.'],
  WORKER_FAILED: ['The process that native code runs in did not start.', 'The message has its last lines.'],
  NATIVE_CALL: [
    'A call of CANN returned an error.',
    'ascend-bundle explain <code> says what its number means; the folder that is named has its log.',
  ],
  NATIVE_CRASH: [
    'Native code ended its process.',
    'The message has the call under way and its last lines; the folder that is named has the log.',
  ],
  NATIVE_TIMEOUT: [
    'Native code did not end in time and was stopped.',
    'Give it more time with --timeout; the folder that is named has the log.',
  ],
  ORT_MISSING: ['ONNX Runtime, which the host backend runs models with, is not installed.', 'npm i --ignore-scripts onnxruntime-node'],
  HOST_EXECUTION: ['ONNX Runtime refused or failed to run the model.', 'Its own words are in the message.'],
  BACKEND_MISMATCH: ['The bundle was built for another backend.', 'Build it again for this one.'],
  FILE_NOT_FOUND: ['There is no such file.', 'Check the path.'],
  FILE_EXISTS: ['The output exists.', 'Give another name, or --force to replace it.'],
  FILE_IO: ['The file system refused: permission, space, a folder in place of a file.', 'The message has its reason.'],
  INTERRUPTED: ['The work was ended by Ctrl-C; nothing half-written is left.', 'Run it again.'],
  TERMINATED: ['The work was ended by SIGTERM; nothing half-written is left.', 'Run it again.'],
};

/** Warnings, beside the rules of lint, which describe themselves. */
export const WARNING_MEANINGS: Readonly<Record<string, Meaning>> = {
  WEIGHT_NOT_FINITE: ['New weights have NaN or infinite values.', 'Check the checkpoint that they come from.'],
  CAST_OVERFLOW: ['--cast made finite values infinite.', 'Scale the weights, or rebuild the bundle with a wider dtype.'],
  CAST_UNDERFLOW: ['--cast made small values 0.', 'Rebuild the bundle with a wider dtype if they matter.'],
  SCALAR_ZERO_SKIPPED: ['An update of a scalar weight to 0 was skipped, as the device skips it.', 'Store the weight with the shape [1].'],
  NAME_UNLISTABLE: ['A name cannot be written in a list of names.', 'Give it with --select and quotes.'],
  BUNDLE_ROLE: ['Which graph of the bundle does what could not be told for certain.', 'Build it again with this version.'],
  BUNDLE_VARIABLE: ['A variable of the bundle differs between its graphs.', 'Build it again.'],
  BUNDLE_WEIGHT: ['An input of the update graph leads to no variable.', 'Build it again.'],
};

/** What an exit status says. */
export const EXIT_MEANINGS: Readonly<Record<ErrorClass, string>> = {
  internal: 'a bug of ours: please report it with the stack',
  usage: 'wrong usage',
  'check-failed': 'the tool worked, and the answer is no',
  input: 'invalid input: graph, name, weights, bundle',
  backend: 'the backend is not available: library, symbol, device, permission',
  native: 'the runtime returned an error',
  io: 'file system: not found, exists, no space',
  incompatible: 'the artefact does not fit here: chip, operating system, CANN',
  timeout: 'the time was up',
  crash: 'a native library crashed',
  interrupted: 'interrupted, after cleaning up',
};

export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERROR_CODES, word);
}

/** The class that ends with that exit status. */
export function classOfExit(status: number): ErrorClass | undefined {
  if (status === SIGTERM_EXIT) return 'interrupted';
  return (Object.keys(EXIT_CODES) as ErrorClass[]).find((name) => EXIT_CODES[name] === status);
}
