// All lowerings. One file per family of operators.

import { activationLowerings } from './activation.js';
import { binaryLowerings } from './binary.js';
import { channelLowerings } from './channel.js';
import type { Lowerings } from './context.js';
import { convLowerings } from './conv.js';
import { diagonalLowerings } from './diagonal.js';
import { fillLowerings } from './fill.js';
import { gatherLowerings } from './gather.js';
import { indexLowerings } from './index-ops.js';
import { joinLowerings } from './join.js';
import { layoutLowerings } from './layout.js';
import { logicLowerings } from './logic.js';
import { matmulLowerings } from './matmul.js';
import { normLowerings } from './norm.js';
import { passingLowerings } from './passing.js';
import { poolLowerings } from './pool.js';
import { reduceLowerings } from './reduce.js';
import { resizeLowerings } from './resize.js';
import { runningLowerings } from './running.js';
import { sampleLowerings } from './sample.js';
import { segmentLowerings } from './segment.js';
import { selectLowerings } from './select.js';
import { sequenceLowerings } from './sequence.js';
import { sliceLowerings } from './slice.js';
import { spaceLowerings } from './space.js';
import { unaryLowerings } from './unary.js';

export const lowerings: Lowerings = {
  ...unaryLowerings,
  ...binaryLowerings,
  ...runningLowerings,
  ...reduceLowerings,
  ...matmulLowerings,
  ...passingLowerings,
  ...logicLowerings,
  ...channelLowerings,
  ...activationLowerings,
  ...convLowerings,
  ...poolLowerings,
  ...normLowerings,
  ...layoutLowerings,
  ...gatherLowerings,
  ...indexLowerings,
  ...sliceLowerings,
  ...joinLowerings,
  ...fillLowerings,
  ...sampleLowerings,
  ...diagonalLowerings,
  ...segmentLowerings,
  ...spaceLowerings,
  ...resizeLowerings,
  ...sequenceLowerings,
  ...selectLowerings,
};
