// The host backend's "compiler": the graphs after the split, written as the sub-models of a bundle in GE's own layout,
// with the executable of the inference graph inside. Nothing is computed and no weight is read before the file is written.
import { type Bytes, utf8Bytes } from '../../base/bytes.js';
