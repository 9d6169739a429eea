// The host backend's "compiler": the graphs after the split, written as the sub-models of a bundle in GE's own layout,
// with the executable of the inference graph inside. No weight is read before the file is written.
import { type Bytes, concatBytes, utf8Bytes, zeroBytes } from '../../base/bytes.js';
import { encode } from '../../base/protobuf/index.js';
import { AscendBundleError } from '../../base/errors.js';
import { modelDefFromGraph } from '../../formats/encodings/ge-graph-write.js';
import { ModelDef } from '../../formats/encodings/ge-model.js';
import { OnnxModel } from '../../formats/encodings/onnx-model.js';
import type { OnnxProgram } from '../../formats/encodings/onnx-program.js';
import type { AttrValue, Attrs, Graph, Node } from '../../graph/graph.js';
import { constValue } from '../../graph/graph.js';
import type { NamedSpec, Tensor } from '../../graph/tensor.js';
import type { CompiledBundle, CompileJob, GraphSource } from '../backend.js';
