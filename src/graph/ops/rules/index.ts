// All output rules. One file per family of operators.

import type { OutputRules } from '../context.js';
import { channelRules } from './channel.js';
import { convRules } from './conv.js';
import { diagonalRules } from './diagonal.js';
import { elementwiseRules } from './elementwise.js';
import { fillRules } from './fill.js';
import { gatherRules } from './gather.js';
import { indexRules } from './index-ops.js';
import { joinRules } from './join.js';
import { layoutRules } from './layout.js';
import { matmulRules } from './matmul.js';
import { normRules } from './norm.js';
import { poolRules } from './pool.js';
import { reduceRules } from './reduce.js';
import { resizeRules } from './resize.js';
import { sampleRules } from './sample.js';
import { segmentRules } from './segment.js';
import { selectRules } from './select.js';
import { sequenceRules } from './sequence.js';
import { sliceRules } from './slice.js';
import { sourceRules } from './sources.js';
import { spaceRules } from './space.js';

export const outputRules: OutputRules = {
  ...sourceRules,
  ...elementwiseRules,
  ...channelRules,
  ...reduceRules,
  ...matmulRules,
  ...convRules,
  ...poolRules,
  ...normRules,
  ...layoutRules,
  ...gatherRules,
  ...indexRules,
  ...sliceRules,
  ...joinRules,
  ...fillRules,
  ...sampleRules,
  ...diagonalRules,
  ...segmentRules,
  ...spaceRules,
  ...resizeRules,
  ...sequenceRules,
  ...selectRules,
};
