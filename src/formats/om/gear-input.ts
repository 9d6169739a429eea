// The input that GE adds to a model that is compiled for a few sizes (ge.dynamicBatchSize and the like). Nobody gives it a value: the
// calls that choose the size fill it (cann-api §3.5).
export const GEAR_INPUT = 'ascend_mbatch_shape_data';
