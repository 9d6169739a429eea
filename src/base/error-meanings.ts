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
    'Give them, or build with an init graph or --update-graph ge, where a missing one keeps its value.',
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
  SAVE_UNCLEAR: ['GE reported success, and left no bundle or several.', 'Build again with --trace t.jsonl, and report it.'],
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
  GE_OPTION_NEWER: ['An option is newer than the CANN that is used, which may refuse it.', 'Leave it out if the build fails.'],
  GE_OPTION_IGNORED: ['An option was given for a graph for which GE may ignore it.', 'Give what all graphs share as -O.'],
  INPUT_SHAPE_CHANGED: [
    '--input-shape gives an input another shape than the graph has.',
    'Check that the graph still computes what it should.',
  ],
  RELEASE_FAILED: [
    'The results were complete, and then CANN failed to release the device or the compiler.',
    'Nothing for these results; npu-smi info shows whether a device stays busy.',
  ],
  MEMORY_MODE_IGNORED: ['--memory low needs calls that CANN has since 9.0.', 'Leave it out, or use a newer CANN.'],
  ATTRIBUTES_LEFT_OUT: [
    "Attributes of the compiler's own, which no operator declares, are not in the graph that was written.",
    'Nothing has to be done.',
  ],
  GRAPH_LOWERED: [
    "An ONNX model was written of a graph of GE's operators: it has those that the host backend runs in their place.",
    'To have the graph itself, write it as .air or graph.json.',
  ],
  PROGRAM_WIDENED: [
    'An ONNX model was written that computes in float32 what was bfloat16, as the host backend does.',
    'To compile for an NPU in bfloat16, build the model that the bundle was built from, with the weights that extract writes.',
  ],
  VARIABLES_LEFT: [
    'In the graph that was written, a weight is still a variable, or an input: the bundle holds no initial value of it in that form.',
    'Give its value from elsewhere.',
  ],
  VARIABLES_UNINITIALIZED: [
    'A model of a bundle has no values for its variables when it is alone.',
    'Use it to look at or to time, not for results.',
  ],
  FILE_GAP: ['A file has bytes that belong to no tensor.', 'Write it again; a name that stands twice in its header does this.'],
  TENSOR_UNLISTED: [
    'A shard has a tensor that the index does not name.',
    'Download index and shards again, if they do not belong together.',
  ],
  MAP_AMBIGUOUS: ['A weight has several candidates in the checkpoint.', 'Move the right one to the entries of the map.'],
  OUTPUT_NOT_COMPARED: ['Nothing is expected of an output, so it was not compared.', 'Give all outputs with --golden.'],
  OUTPUT_NOT_FINITE: ['An output has NaN or infinite values.', '--validate makes it a failure.'],
  PAIRED_BY_ORDER: ['Names differ on the two sides, so they were compared in their order.', 'Check that the order is the same.'],
  PREDICTION_OVERFLOW: [
    'Values become infinite or NaN when every step is rounded as a device does.',
    'Keep values small, or build for bfloat16.',
  ],
  PREDICTION_LOOSE: [
    'Rounding moves an output by as much as its values are, so the prediction says little of it.',
    'Give inputs as the model has them in use, or a smaller --margin.',
  ],
  PREDICTION_UNROUNDED: [
    'Values inside a sub-graph or a function of the model are not rounded, because their dtypes do not follow.',
    'Give a larger --margin, or export the model with the types of its inner values.',
  ],
  PREDICTION_UNSTABLE: [
    'Rounding decides an output that is no float: values are nearly equal.',
    'Compare the floats that it is made from as well.',
  ],
  BUNDLE_ROLE: ['Which graph of the bundle does what could not be told for certain.', 'Build it again with this version.'],
  BUNDLE_VARIABLE: ['A variable of the bundle differs between its graphs.', 'Build it again.'],
  BUNDLE_WEIGHT: ['An input of the update graph leads to no variable.', 'Build it again.'],
};

/** What `doctor` finds; where a build or a run goes on all the same, it warns in these words. */
export const FINDING_MEANINGS: Readonly<Record<string, Meaning>> = {
  HOST_FAILED: ['A small model did not run on the host backend.', 'npm i --ignore-scripts onnxruntime-node'],
  CANN_NOT_FOUND: [
    'No usable CANN is on this machine; the host backend needs none.',
    'Install the toolkit, or give its folder with --ascend-home.',
  ],
  CANN_VARIABLE_IGNORED: ['A variable leads to a folder that is no CANN, and another installation is used.', 'Unset the variable.'],
  LIBRARY_NOT_FOUND: ['A library is not in the installation of CANN.', 'Install the package that has it, in the same version.'],
  LIBRARY_UNLOADABLE: [
    'A library of CANN is there, and the linker refuses it: damaged, or without what it needs.',
    'Install what its message names.',
  ],
  LIBRARY_ELSEWHERE: ['A library was taken from outside of the CANN that is used.', 'Take that folder out of LD_LIBRARY_PATH.'],
  LIBRARIES_FAILED: ['Opening the libraries of CANN ended or stopped the process.', 'The folder that is named has its output.'],
  FUNCTIONS_MISSING: ['The libraries lack functions that a verb calls.', 'Install the version of CANN that has them, whole.'],
  ERROR_TABLE_NOT_FOUND: [
    'CANN lacks conf/error_manager/error_code.json beside its lib64, without which GE does not start and does not say why.',
    'Install that package of CANN again, whole.',
  ],
  OPERATORS_NOT_FOUND: ['CANN has no operator package, without which GE knows few operators.', 'Install the operator package of the chip.'],
  OPP_PATH_FOREIGN: ['ASCEND_OPP_PATH leads to another installation than the one that is used, and is not followed.', 'Unset it.'],
  CHIPS_NOT_FOUND: ['CANN has no list of chips, so that --soc-version is not checked before GE does.', 'The toolkit package has the list.'],
  CHIP_UNKNOWN: ['The chip that is given is not in the list of the CANN that is used.', 'ascend-bundle targets lists them.'],
  CHIP_OTHER: [
    'The card of this machine is another chip than the one that is given.',
    'Give the chip of the machine that will run the bundle.',
  ],
  SOC_UNCHECKED: ['CANN has no list of chips, so that the name was passed on as it is.', 'Check its spelling: upper and lower case count.'],
  SOC_OLD_CHIP: ['Ascend910B is a first 910, not the chip of an Atlas A2.', 'For an Atlas A2 give Ascend910B1 to Ascend910B4.'],
  DRIVER_NOT_FOUND: ['The driver of the card, or its library, is not there.', 'Install the driver; in a container, mount its folder.'],
  DEVICES_NOT_FOUND: ['There are no device nodes of cards.', 'Load the driver; give a container its devices.'],
  DEVICES_NO_ACCESS: ['This user may not read and write the device nodes.', 'Add the user to their group, usually HwHiAiUser.'],
  DEVICES_INCOMPLETE: ['Device nodes that every program needs are not there.', 'Give the container all of them.'],
  DEVICES_NONE: ['AscendCL works and sees no card.', 'Check npu-smi info and ASCEND_RT_VISIBLE_DEVICES.'],
  DEVICES_FAILED: ['AscendCL could not be asked for the cards.', 'The message has its status, which explain knows.'],
  PATH_FOREIGN: ['Search paths have folders of another CANN; they are left out.', 'Source the set_env.sh of one installation, or none.'],
  PATH_STUBS_FIRST: ['LD_LIBRARY_PATH has stubs before the real libraries; they are left out.', 'Take the devlib folders out of it.'],
  PYTHON_NOT_FOUND: ['The operator compiler needs a Python that is not there.', 'Put a python3 with a shared libpython first in PATH.'],
  PYTHON_TOO_OLD: ['The operator compiler needs Python 3.7 or newer.', 'Put a newer python3 first in PATH.'],
  PYTHON_NOT_SHARED: ['GE finds no shared library of the Python in PATH.', 'Use a Python that was built with --enable-shared.'],
  PYTHON_MODULES_MISSING: ['The Python in PATH lacks modules of the operator compiler.', 'ascend-bundle doctor has the line for pip.'],
  MEMORY_LITTLE: ['The machine has little free memory for the operator compiler.', 'export TE_PARALLEL_COMPILER=1'],
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
