// All lowerings. One file per family of operators.

import { binaryLowerings } from './binary.js';
import type { Lowerings } from './context.js';
import { convLowerings } from './conv.js';
import { gatherLowerings } from './gather.js';
import { indexLowerings } from './index-ops.js';
import { layoutLowerings } from './layout.js';
import { normLowerings } from './norm.js';
import { poolLowerings } from './pool.js';
import { unaryLowerings } from './unary.js';

export const lowerings: Lowerings = {
  ...unaryLowerings,
  ...binaryLowerings,
  ...convLowerings,
  ...poolLowerings,
  ...normLowerings,
  ...layoutLowerings,
  ...gatherLowerings,
  ...indexLowerings,
};
