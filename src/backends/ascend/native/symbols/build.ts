// GE's functions: cann-api §1.2 with the mangled names of §1.3, which are the same for the headers of 8.1.RC1 and 9.2, for both
// ABIs of std::string, on x86-64 and aarch64. None takes or returns a class by value: that cannot be called on aarch64.
import type { SymbolGroup } from './notation.js';

export const GE_COMPILER = {
  library: 'libge_compiler.so',
  header: 'ge/ge_ir_build.h',
  use: 'build',
  since: '8.0',
  functions: {
    aclgrphBuildInitialize: [
      'graphStatus',
      'globalOptions: object',
      '_ZN2ge22aclgrphBuildInitializeERSt3mapINS_12AscendStringES1_St4lessIS1_ESaISt4pairIKS1_S1_EEE',
    ],
    aclgrphBuildFinalize: ['void', '', '_ZN2ge20aclgrphBuildFinalizeEv'],
    aclgrphConvertToWeightRefreshableGraphs: [
      'graphStatus',
      'originGraph: object, constNames: object, weightRefreshableGraphs: object',
      '_ZN2ge39aclgrphConvertToWeightRefreshableGraphsERKNS_5GraphERKSt6vectorINS_12AscendStringESaIS4_EERNS_23WeightRefreshableGraphsE',
    ],
    aclgrphBundleBuildModel: [
      'graphStatus',
      'graphWithOptions: object, model: object',
      '_ZN2ge23aclgrphBundleBuildModelERKSt6vectorINS_16GraphWithOptionsESaIS1_EERNS_15ModelBufferDataE',
    ],
    aclgrphBundleSaveModel: ['graphStatus', 'outputFile: text, model: object', '_ZN2ge22aclgrphBundleSaveModelEPKcRKNS_15ModelBufferDataE'],
  },
} as const satisfies SymbolGroup;

export const GE_GRAPH = {
  library: 'libgraph.so',
  header: 'graph/graph.h',
  use: 'build',
  since: '8.0',
  functions: {
    'Graph.Graph': ['void', 'self: object, name: text', '_ZN2ge5GraphC1EPKc'],
    'Graph.LoadFromFile': ['graphStatus', 'self: object, fileName: text', '_ZN2ge5Graph12LoadFromFileEPKc'],
    'Graph.SaveToFile': ['graphStatus', 'self: object, fileName: text', '_ZNK2ge5Graph10SaveToFileEPKc'],
    'AscendString.AscendString': ['void', 'self: object, name: text', '_ZN2ge12AscendStringC1EPKc'],
  },
} as const satisfies SymbolGroup;

/** libstdc++'s own, for the maps we build (§7.3). */
export const STANDARD_LIBRARY = {
  library: 'libstdc++.so.6',
  header: 'bits/stl_tree.h',
  use: 'build',
  since: '8.0',
  functions: {
    insertAndRebalance: [
      'void',
      'insertLeft: bool, node: object, parent: object, header: object',
      '_ZSt29_Rb_tree_insert_and_rebalancebPSt18_Rb_tree_node_baseS0_RS_',
    ],
  },
} as const satisfies SymbolGroup;

export const ONNX_PARSER = {
  library: 'libfmk_onnx_parser.so',
  header: 'parser/onnx_parser.h',
  use: 'onnx',
  since: '8.0',
  functions: {
    aclgrphParseONNX: [
      'graphStatus',
      'modelFile: text, parserParams: object, graph: object',
      '_ZN2ge16aclgrphParseONNXEPKcRKSt3mapINS_12AscendStringES3_St4lessIS3_ESaISt4pairIKS3_S3_EEERNS_5GraphE',
    ],
  },
} as const satisfies SymbolGroup;

export const GE_OPTIONAL = {
  library: 'libge_compiler.so',
  header: 'ge/ge_ir_build.h',
  use: 'optional',
  since: '8.0',
  functions: {
    aclgrphGetIRVersion: ['graphStatus', 'major: out i32, minor: out i32, patch: out i32', '_ZN2ge19aclgrphGetIRVersionEPiS0_S0_'],
    aclgrphDumpGraph: ['graphStatus', 'graph: object, file: bytes, len: u64', '_ZN2ge16aclgrphDumpGraphERKNS_5GraphEPKcm'],
    aclgrphSetOpAttr: [
      'graphStatus',
      'graph: object, attrType: i32, cfgPath: text',
      '_ZN2ge16aclgrphSetOpAttrERNS_5GraphENS_15aclgrphAttrTypeEPKc',
    ],
    aclgrphBuildModel: [
      'graphStatus',
      'graph: object, buildOptions: object, model: object',
      '_ZN2ge17aclgrphBuildModelERKNS_5GraphERKSt3mapINS_12AscendStringES4_St4lessIS4_ESaISt4pairIKS4_S4_EEERNS_15ModelBufferDataE',
    ],
    aclgrphSaveModel: ['graphStatus', 'outputFile: text, model: object', '_ZN2ge16aclgrphSaveModelEPKcRKNS_15ModelBufferDataE'],
    aclgrphParseONNXFromMem: [
      'graphStatus',
      'buffer: bytes, size: u64, parserParams: object, graph: object',
      '_ZN2ge23aclgrphParseONNXFromMemEPKcmRKSt3mapINS_12AscendStringES3_St4lessIS3_ESaISt4pairIKS3_S3_EEERNS_5GraphE',
    ],
    'Graph.LoadFromMem': ['graphStatus', 'self: object, data: bytes, len: u64', '_ZN2ge5Graph11LoadFromMemEPKhm'],
    'Graph.LoadFromSerializedModelArray': [
      'graphStatus',
      'self: object, serializedModel: bytes, size: u64',
      '_ZN2ge5Graph28LoadFromSerializedModelArrayEPKvm',
    ],
    'Graph.GetName': ['graphStatus', 'self: object, name: object', '_ZNK2ge5Graph7GetNameERNS_12AscendStringE'],
    'Graph.IsValid': ['bool', 'self: object', '_ZNK2ge5Graph7IsValidEv'],
    'AscendString.GetString': ['text', 'self: object', '_ZNK2ge12AscendString9GetStringEv'],
    'AscendString.GetLength': ['u64', 'self: object', '_ZNK2ge12AscendString9GetLengthEv'],
  },
} as const satisfies SymbolGroup;
