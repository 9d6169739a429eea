// graphStatus: the statuses of GE's C++ calls (graph/ge_error_codes.h), and GE's own numbers, which come through unchanged.
import type { StatusRow } from './code.js';

const READ_TEXT = "Read GE's text and the first [ERROR] line of its log; the number says nothing more.";
const REPORT = 'It is GE that is at fault here, or a graph it does not expect: report it with the text, the log and the graph.';
const MEMORY = 'Free memory of the machine, or build with TE_PARALLEL_COMPILER=1.';

export const GRAPH_STATUS: readonly StatusRow[] = [
  [0, 'GRAPH_SUCCESS', 'Done.'],
  [0xffff_ffff, 'GRAPH_FAILED', 'GE failed, without saying in the number what at.', READ_TEXT],
  [
    50331649,
    'GRAPH_PARAM_INVALID',
    'An argument of the call is not accepted.',
    'Check the names of the constants and the options; where there is no text, the log says which one.',
    'a build option that GE does not know, a constant that is not there or is named twice, fewer than two graphs, an input shape or format that does not fit',
  ],
  [50331648, 'GRAPH_NODE_WITHOUT_CONST_INPUT', 'A node needs a constant as input and has none.', REPORT],
  [50331647, 'GRAPH_NODE_NEED_REPASS', 'A pass has to run again on a node; this should not leave GE.', REPORT],
  [
    50331646,
    'GRAPH_INVALID_IR_DEF',
    'A node does not agree with the definition of its operator.',
    'Check inputs and attributes of the node.',
  ],
  [50331645, 'OP_WITHOUT_IR_DATATYPE_INFER_RULE', 'An operator has no rule for the dtypes of its outputs.', REPORT],
  [50331644, 'GRAPH_PARAM_OUT_OF_RANGE', 'A value is outside of its range.', READ_TEXT],
  [50331539, 'GRAPH_MEM_OPERATE_FAILED', 'An operation on host memory failed.', MEMORY],
  [50331538, 'GRAPH_NULL_PTR', 'A pointer is null where GE needs an object.', REPORT, 'memory that could not be allocated'],
  [50331537, 'GRAPH_MEMCPY_FAILED', 'Copying host memory failed.', MEMORY],
  [50331536, 'GRAPH_MEMSET_FAILED', 'Clearing host memory failed.', MEMORY],
  [50331429, 'GRAPH_MATH_CAL_FAILED', 'A computation with sizes failed.', 'Check the shapes of the graph.'],
  [50331428, 'GRAPH_ADD_OVERFLOW', 'A sum of sizes is too large.', 'Check the shapes of the graph.'],
  [50331427, 'GRAPH_MUL_OVERFLOW', 'A product of dimensions is too large.', 'Check the shapes of the graph.'],
  [50331426, 'GRAPH_RoundUp_Overflow', 'A size is too large to be aligned.', 'Check the shapes of the graph.'],
  [1343242304, 'GRAPH_NOT_CHANGED', 'A pass changed nothing; this should not leave GE.', REPORT],
  [
    1343225857,
    'PARAM_INVALID',
    'Inside GE, an argument is not accepted.',
    'Check the options and the file: the log names the one that is refused. Where the very start of GE fails and has no text, ascend-bundle doctor says whether its table of texts, conf/error_manager/error_code.json beside lib64, is missing.',
    'a table of error texts that is not there, a build option that GE does not know, a log level that it does not know, a model that was saved before, a graph in memory of 2 GiB or more',
  ],
  [1343225859, 'RT_FAILED', 'Inside GE, a call of the runtime failed.', 'Look for the aclError of the runtime in the log.'],
  [1343225860, 'INTERNAL_ERROR', 'Inside GE, something failed.', READ_TEXT],
  [
    1343225888,
    'GE_PLGMGR_FUNC_NOT_EXIST',
    'A plug-in of GE lacks a function.',
    'Check that all packages of CANN have one version: ascend-bundle doctor.',
  ],
  [1343225889, 'GE_PLGMGR_INVOKE_FAILED', 'A plug-in of GE failed.', READ_TEXT],
];

const GE_SYSTEM = 8;
const GE_MODULES = [
  'common',
  'client',
  'initialisation',
  'session',
  'graph',
  'engine',
  'operator',
  'plug-in',
  'runtime',
  'executor',
  'generator',
  'LLM engine',
];

/**
 * What the bits of one of GE's own numbers say: where (2 bits), type (2), level (3), system (8), module (5), number (12).
 *
 * @returns undefined when it is none of GE's
 */
export function geInternalMeaning(status: number): string | undefined {
  if (Math.floor(status / 2 ** 17) % 256 !== GE_SYSTEM || status >>> 28 === 0) return undefined;
  const module = GE_MODULES[(status >>> 12) & 31];
  return module === undefined ? undefined : `Failure ${status & 0xfff} of GE's ${module} module.`;
}

export const GRAPH_STATUS_FIX = READ_TEXT;
