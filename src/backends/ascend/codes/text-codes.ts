// The codes at the head of CANN's error texts: E and W, then four or five characters. Several codes of one meaning share a row.
import type { Advice, TextRow } from './code.js';

const OUR_BUG = 'This is a mistake of ascend-bundle: please report it with a --trace.';
const VALUE: Advice = {
  build: 'Correct the option that the text names.',
  run: 'The text names what is refused. Where it is the file, copy it again; where it is the chip or a setting of the bundle, build it again for this machine: ascend-bundle inspect shows what it was built for, ascend-bundle doctor what is here.',
};
const INPUTS = 'Compare the inputs with what ascend-bundle inspect lists.';
const SHAPE: Advice = {
  build: 'Write --input-shape as "name:1,3,224,224;other:1,77", with -1 for what may change; ascend-bundle inspect lists the inputs.',
  run: INPUTS,
};
const GEARS: Advice = {
  build: 'Give 2 to 100 different sizes, all positive, one number for every -1 in --input-shape, and only one kind of them.',
  run: 'Give inputs of one of the sizes that ascend-bundle inspect lists.',
};
const NAME = 'Compare the name with what ascend-bundle inspect lists; names are separated by ";".';
const PATH = 'Check that the file is there, whole, and that you may read it; the text has the reason.';
const OPERATOR_TO_RUN =
  'The bundle asks for an operator that is not here: install the operator package of the chip, in the version that it was built with, or build it again on this machine.';
const PLUGIN: Advice = {
  build:
    'Install the operator package of the chip, register the custom operator, or replace the operator. "ai.onnx::21::Conv" is Conv of opset 21: CANN\'s own plug-ins know opset 8 to 18, so export a newer model for 18.',
  run: OPERATOR_TO_RUN,
};
const OPERATOR: Advice = {
  build: 'Install the operator package of the chip, register the custom operator, or replace the operator that the text names.',
  run: OPERATOR_TO_RUN,
};
const NODE: Advice = {
  build: 'Correct the node that the text names.',
  run: 'Correct the node that the text names in the graph, and build the bundle again.',
};
/** While a model of dynamic shape is loaded, E22001 says that a node of it has no compiled kernel in the file. */
const COMPILER: Advice = {
  build:
    'Read the first error of the log. Where a worker was killed, memory ran out: build with TE_PARALLEL_COMPILER=1 in the environment.',
  run: 'The bundle has no kernel for the operator that the text names: build it again with the operator packages and the CANN of this machine; ascend-bundle inspect shows those it was built with.',
};
const ENVIRONMENT = 'Unset the variable that the text names: ascend-bundle sets what CANN needs by itself. ascend-bundle doctor shows it.';
const VERSIONS = 'Bring driver, firmware and CANN to versions that belong together: ascend-bundle doctor shows them.';
const PYTHON_MODULES =
  "Install the modules for the python3 that comes first in PATH: pip install attrs cython numpy decorator sympy cffi pyyaml pathlib2 psutil 'protobuf==3.20.*' scipy requests absl-py. ascend-bundle doctor names the ones that are missing.";
const DEVICE = 'Check --device and ASCEND_RT_VISIBLE_DEVICES; ascend-bundle doctor shows the devices.';
const MEMORY = 'Free memory of the device (npu-smi info shows who has it), or run with --memory low.';
const WARNING = 'Nothing has to be done: the work goes on.';

/** Of the compiler: GE, its parsers, the fusion engine, the operator compiler. Some come from GE's executor too. */
const BUILD_CODES: readonly TextRow[] = [
  ['E10001', 'A value is not accepted; the text names the parameter and the reason.', VALUE, 'precision mode, SoC version'],
  ['E10002', 'The input shape is not written in the form that is expected.', SHAPE],
  ['E10003 E10014', 'The value of an option is not accepted.', VALUE],
  ['E10004', 'The value of an option is empty.', 'Leave the option out, or give it a value.'],
  ['E10005', 'The value of an option must be true or false.', VALUE],
  ['E10006', 'The value of an option must be 0 or 1.', VALUE],
  ['E10007', 'An option that is needed is missing.', VALUE],
  ['E10009', 'Dynamic batch, dynamic image size, dynamic dimensions and shape ranges exclude each other.', 'Keep one of them.'],
  ['E10010', 'The log level is not one of debug, info, warning, error, null.', VALUE],
  ['E10011', 'A dimension of the input shape is not positive.', SHAPE, 'a -1 without sizes for it'],
  ['E10012 E10031', 'Sizes of the batch are given, but no input has -1 as its first dimension.', SHAPE],
  ['E10013', 'A value is out of its range.', VALUE],
  [
    'E10016',
    'A node that an option names is not in the model.',
    NAME,
    'a mistyped name; with "parser_params" in the text, a key that the ONNX parser does not know',
  ],
  ['E10017', 'A node that is named as an input is none.', NAME],
  ['E10018', 'With sizes of the batch, only the first dimension may be -1.', SHAPE],
  ['E10019', 'With sizes of the image, only height and width may be -1.', SHAPE],
  ['E10020', 'The sizes of the image are not written as "height,width;height,width".', GEARS],
  ['E10021 E13002', 'A path is too long.', 'Give a shorter path.'],
  ['E10022', 'A path has no file name.', 'Add the name.'],
  ['E10032', 'A JSON file cannot be parsed.', 'Correct the file that the text names (fusion switches, image preprocessing).'],
  ['E10034', 'An input with image preprocessing (AIPP) may not be float16.', 'Take it out of the float16 inputs.'],
  ['E10035', 'There are fewer sizes than the least number.', GEARS],
  ['E10036', 'There are more sizes than the largest number.', GEARS],
  ['E10037', 'The sizes have different numbers of dimensions.', GEARS],
  ['E10038', 'A size is not positive.', GEARS],
  ['E10039', 'A size is given twice.', GEARS],
  ['E10040', 'Sizes are given, but the input shape has no -1, or has a range.', SHAPE],
  ['E10041', 'The model cannot be loaded.', PATH],
  ['E10045 E10046', 'The input shape has more -1 than a size has numbers.', GEARS],
  ['E10047', 'Two options exclude each other.', 'Keep one of them.'],
  ['E10048', 'The range of the input shape is not written in the form that is expected.', SHAPE],
  ['E10049', 'The input shape has another number of dimensions than the input.', SHAPE],
  ['E10050', 'A dimension is outside of its range.', SHAPE],
  ['E10052', 'The settings of the image preprocessing (AIPP) are not accepted.', 'Correct the file; the text has the reason.'],
  ['E10054 E10058', 'A parameter that is needed is missing or empty.', VALUE],
  [
    'E10055',
    'What was asked for is not supported.',
    {
      build: 'Leave the option out.',
      run: 'The text names it. A bundle that cannot run must be built again, with the CANN of this machine.',
    },
    'automatic tuning',
  ],
  ['E10056', 'The two precision modes exclude each other.', 'Keep --precision-mode or --precision-mode-v2.'],
  ['E10057', 'Two options belong together, and one is missing.', VALUE],
  ['E10059', 'A step failed; the text names it and has the reason.', 'Read the text and the first [ERROR] line of the log.'],
  ['E10060', 'A parameter is not accepted; the text has the reason.', VALUE],
  ['E10061', 'A value is not the expected one.', VALUE],
  ['E10062', 'Calls came in the wrong order.', OUR_BUG],
  ['E10063', 'A call of the operating system or of a library failed.', 'The text has the reason (errno).'],
  ['E10401 E10403', 'An operator has more inputs or outputs than it may have.', NODE],
  ['E10402 E10404', 'The buffer of an input or output is too small.', 'Compare sizes and shapes with what ascend-bundle inspect lists.'],
  ['E10405 E10406', 'The number of buffers is not the number of tensors.', OUR_BUG],
  ['E10410', 'A file that an option names does not exist.', PATH],
  [
    'E10501 EZ0501',
    'The operator is not registered.',
    OPERATOR,
    'ASCEND_OPP_PATH that leads elsewhere, an operator package that is not installed',
  ],
  ['E11016 E11017', 'An output that is named is not in the model.', NAME],
  ['E13000', 'A path is empty, or there is no such file.', PATH],
  ['E13001', 'A file cannot be opened.', PATH],
  ['E13003', 'A file cannot be read.', PATH],
  ['E13004', 'A file cannot be written.', 'Check the free space and the permissions of the folder.'],
  ['E13005 E13018', 'A file cannot be parsed.', 'Check that the file is what it should be: ascend-bundle inspect tells.'],
  ['E13006', 'A file is of another kind than expected.', 'Check that the file is what it should be: ascend-bundle inspect tells.'],
  [
    'E13009',
    'Two operators have one name.',
    'Give them different names.',
    'an ONNX node called like an initializer with GE\'s "_Initializer_0"',
  ],
  ['E13010', 'No plug-in knows the operator, or not in the opset of the model.', PLUGIN],
  ['E13014', 'An operator has a value that is not accepted; the text has the reason.', NODE],
  [
    'E13015',
    'A file is empty, or larger than GE reads.',
    { build: 'Keep the weights outside of the protobuf, in files of their own.', run: PATH },
  ],
  ['E13023', 'The model is larger than the file format holds.', 'Make it smaller, or keep the weights outside with ge.externalWeight=1.'],
  ['E13024', 'A variable of the environment has a value that is not accepted.', ENVIRONMENT],
  ['E13025', 'An input tensor is not accepted; the text has the reason.', INPUTS],
  ['E13026', 'A path of an input is not valid.', PATH],
  ['E13028', 'A custom fusion pass failed.', 'Correct the pass, or take it out of the operator package.'],
  ['E13029', 'The library of a custom fusion pass cannot be loaded.', 'Check its dependencies with ldd; the text has the reason.'],
  ['E13030', 'A custom fusion pass is not found in its library.', 'Check how the pass is registered.'],
  ['E13031', 'An output tensor is not accepted; the text has the reason.', OUR_BUG],
  ['E14001', 'A kernel does not take an argument of the operator: dtype, shape or attribute.', NODE],
  ['E14002', 'An operator lacks an attribute.', 'Set the attribute that the text names.'],
  ['E16001', 'The ONNX model has no input or no output.', 'Give the model at least one of each.'],
  ['E16002 E19010 EZ9010 EZ3002 EZ3003', 'No parser or kernel is registered for the operator.', OPERATOR],
  ['E16004', 'The ONNX model has no graph.', 'Export the model again.'],
  ['E16005', 'The ONNX model imports more than one opset of the default domain.', 'Keep one entry of opset_import for the domain "".'],
  [
    'E19999',
    'Something failed inside GE; what it was stands in the lines below it.',
    'Read the first lines of the TraceBack and the first [ERROR] line of the log.',
    'without --soc-version on a machine without a card, "aclrtGetSocName failed"',
  ],
  ['E20001 E40021 EB0000', 'An operator could not be compiled, or its compiler gave no answer.', COMPILER],
  ['E22001', 'There is no compiled kernel for an operator.', COMPILER],
  ['E20002', 'A variable of the environment is missing or wrong.', ENVIRONMENT],
  ['E20101 E20103', 'A parameter of the fusion engine is out of its range.', VALUE, 'the number of AI Cores'],
  [
    'E40001',
    'The operator compiler does not find Python or one of its paths.',
    'Put a python3 of 3.7 or newer with a shared libpython first in PATH; ascend-bundle doctor checks it.',
    'a Python without libpython3.x.so (pyenv and conda build static ones), PATH without python3',
  ],
  ['E40002', 'Python is older than 3.7.', 'Put a newer python3 first in PATH.'],
  ['E40020', 'The operator compiler cannot import a Python module.', PYTHON_MODULES],
  ['E40024', 'A call into a Python module of the operator compiler failed.', PYTHON_MODULES],
];

/** Of the runtime: AscendCL, the runtime below it, the driver, the device. */
const RUN_CODES: readonly TextRow[] = [
  [
    'E30003 E30004 E30005 E30006 E30007 E30008 E30009 E39001 E39002 E39003 E39004 E39005 E39006 E39007 E39008 E39009 E39010 E39011',
    'A process on the device (AI CPU, task scheduler) could not be started.',
    VERSIONS,
    'an operator package that failed its check, a driver of another version, a device that another container has',
  ],
  ['EE1001 EE1003 EE1012 EE1017 EE1022', 'An argument of the runtime is not accepted; the text names it.', DEVICE],
  [
    'EE1011',
    'The SoC version is not known, or is not the one of the card.',
    'Give one of the names that ascend-bundle targets lists, in the same letters.',
  ],
  ['EE1002', 'A stream did not finish in time.', 'Look with npu-smi info whether the device is busy or hangs.'],
  ['EE1005 EE1006 EE1016', 'The device does not support what was asked for.', VERSIONS],
  ['EE1009', 'The model failed on the device.', 'Compare sizes and shapes of inputs and weights with what ascend-bundle inspect lists.'],
  ['EE1010', 'An object belongs to another context.', OUR_BUG],
  ['EE1013 EL0004', 'Memory could not be allocated.', MEMORY],
  ['EE1015', 'The driver is too old for what was asked for.', 'Upgrade the driver.'],
  ['EE2002', 'A variable of the environment has a value that the runtime does not accept.', ENVIRONMENT],
  ['EE4001 EE4002', 'A stream is not bound to the model, or bound already.', OUR_BUG],
  ['EH0001 EH0002 EH0007 EH0008 EH0009 EH0012 EH0014', 'An argument of AscendCL is not accepted, or is null.', OUR_BUG],
  ['EH0003 EH0004', 'A path or a file is not valid.', PATH],
  ['EL0001', 'The device is not there, or does not answer.', DEVICE],
  ['EL0002', 'There is no device of that number.', DEVICE],
  [
    'EL0007',
    'The user may not use the device.',
    'Add the user to the group of /dev/davinci* (usually HwHiAiUser): sudo usermod -aG HwHiAiUser $USER, then log in again.',
  ],
  ['EZ2001', 'The device reported a fault.', 'Look at npu-smi info -t health and the logs of the device.'],
  ['EZ9999', 'A fault that has no code of its own, such as the state of an AI Core that failed.', 'Read the lines below it.'],
];

const WARNING_CODES: readonly TextRow[] = [
  ['W11001', 'An operator has no kernel of the fast kind, so the model may be slow there.', WARNING],
  ['W11002', 'The file for weight compression names nodes that the graph does not have.', WARNING],
  ['W11003', 'The implementation of an operator lacks a part, such as its tiling.', WARNING],
  ['WE0001', 'The runtime warns; the text says of what.', WARNING],
  ['W40010 W40011 W40012', 'The operator compiler warns; the text says of what.', WARNING],
];

export const TEXT_CODES: readonly TextRow[] = [...BUILD_CODES, ...RUN_CODES, ...WARNING_CODES];

/** By the first characters: who speaks, for codes that are not listed. */
export const TEXT_CODE_ORIGINS: readonly (readonly [prefix: string, origin: string])[] = [
  ['E10', 'GE, of an option or a parameter'],
  ['E11', 'GE, of a Caffe model or of outputs'],
  ['E12', 'GE, of a TensorFlow model'],
  ['E13', 'GE, of a file or an operator'],
  ['E14', 'GE, of the compilation of an operator'],
  ['E16', 'the ONNX parser'],
  ['E1', 'GE'],
  ['E2', 'the fusion engine'],
  ['E3', 'the starter of processes on the device'],
  ['E4', 'the operator compiler'],
  ['E5', 'the operator compiler'],
  ['E6', 'an operator'],
  ['E7', 'an operator'],
  ['E8', 'an operator'],
  ['EB', 'the operator compiler'],
  ['EE', 'the runtime'],
  ['EF', 'the tools of CANN'],
  ['EH', 'AscendCL'],
  ['EI', 'the collective communication library'],
  ['EJ', 'the collective communication library'],
  ['EL', 'the driver'],
  ['EZ', 'an operator or the device'],
  ['W', 'a warning of CANN'],
  ['E', 'CANN'],
];
