// Every option that GE's bundle build takes: its key, the flag that users of atc know, the places that take it in CANN 8.1 and
// 9.2, and what a value looks like. Source: cann-api §2, §1.6; the counts there (37/42 global, 47/55 build, 8 parser) are tested.
import type { ValueKind } from './value.js';

/** `global`: Initialize. `build`: one graph of a bundle. `parser`: the ONNX parser. */
export type Place = 'global' | 'build' | 'parser';

export interface GeOptionRow {
  readonly key: string;
  /** Without dashes, as atc spells it: `soc_version`. */
  readonly flag: string | undefined;
  readonly value: ValueKind;
  /** Where CANN 8.1 takes it; nowhere for what came later. */
  readonly in81: readonly Place[];
  /** Where CANN 9.2 takes it. */
  readonly in92: readonly Place[];
  /** Taken although the public lists of the headers do not have it. */
  readonly isUnlisted: boolean;
  /** Names inputs, outputs or shapes of the inference graph: must never reach the init and update graphs (§2.3). */
  readonly isInferenceOnly: boolean;
}

/**
 * key | atc flag | places in 8.1 | places in 9.2 | value. Places: G global, B build, P parser, - none; `*` unlisted, `!` for the
 * inference graph only.
 */
const ROWS = `
ge.socVersion                     | soc_version                | G  | G    | word
input_shape                       | input_shape                | BP | BP ! | shapes
input_format                      | input_format               | B  | B !  | one of ND NCHW NHWC NCDHW NDHWC
ge.dynamicBatchSize               | dynamic_batch_size         | B  | B !  | numbers
ge.dynamicImageSize               | dynamic_image_size         | B  | B !  | gears
ge.dynamicDims                    | dynamic_dims               | B  | B !  | gears
input_shape_range                 | input_shape_range          | B  | B !  | text
ge.exec.precision_mode            | precision_mode             | GB | GB   | one of force_fp16 force_fp32 cube_fp16in_fp32out allow_mix_precision allow_mix_precision_fp16 allow_mix_precision_bf16 allow_fp32_to_fp16 allow_fp32_to_bf16 must_keep_origin_dtype
ge.exec.precision_mode_v2         | precision_mode_v2          | GB | GB   | one of fp16 origin cube_fp16in_fp32out mixed_float16 mixed_bfloat16 mixed_hif8 cube_hif8
ge.exec.modify_mixlist            | modify_mixlist             | GB | GB   | file
ge.customizeDtypes                | customize_dtypes           | B  | B    | file
ge.exec.allow_hf32                | allow_hf32                 | GB | GB   | one of true false
ge.exec.op_precision_mode         | op_precision_mode          | B  | B    | file
ge.opSelectImplmode               | op_select_implmode         | G  | G    | one of high_performance high_precision high_performance_for_all high_precision_for_all
ge.optypelistForImplmode          | optypelist_for_implmode    | G  | G    | text
ge.outputNodeName                 | out_nodes                  | BP | BP ! | text
ge.outputDatatype                 | output_type                | B  | B !  | one of FP32 FP16 UINT8 INT8 HIF8 HIF4 FP8E5M2 FP8E4M3FN
ge.INPUT_NODES_SET_FP16           | input_fp16_nodes           | BP | BP ! | text
ge.insertOpFile                   | insert_op_conf             | B  | B !  | file
ge.externalWeight                 | external_weight            | B  | B    | one of 0 1 2
ge.exec.disableReuseMemory        | disable_reuse_memory       | GB | GB   | one of 0 1
ge.bufferOptimize                 | buffer_optimize            | G  | G    | one of l2_optimize l1_optimize off_optimize
ge.enableSmallChannel             | enable_small_channel       | G  | G    | one of 0 1
ge.fusionSwitchFile               | fusion_switch_file         | G  | G    | file
ge.aicoreNum                      | aicore_num                 | G  | G    | text
ge.engineType                     | core_type                  | G  | G    | one of AiCore VectorCore
ge.virtual_type                   | virtual_type               | G  | G    | one of 0 1
ge.deterministic                  | deterministic              | G  | G    | one of 0 1
ge.deterministicLevel             | deterministic_level        | -  | G    | one of 0 1 2 3
ge.oo.level                       | oo_level                   | GB | GB   | one of O3 O1
ge.oo.constantFolding             | -                          | GB | GB   | one of true false
ge.oo.deadCodeElimination         | -                          | GB | GB   | one of true false
ge.opDebugLevel                   | op_debug_level             | GB | GB   | one of 0 1 2 3 4
ge.debugDir                       | debug_dir                  | GB | GB   | folder
ge.op_compiler_cache_dir          | op_compiler_cache_dir      | GB | GB   | folder
ge.op_compiler_cache_mode         | op_compiler_cache_mode     | GB | GB   | one of enable disable force
log                               | log                        | B  | B    | one of debug info warning error null
ge.host_env_os                    | host_env_os                | G  | G *  | one of linux minios
ge.host_env_cpu                   | host_env_cpu               | G  | G *  | one of x86_64 aarch64 arm64 arm
ge.screen_print_mode              | -                          | G  | G *  | one of enable disable
ge.enableCompressWeight           | enable_compress_weight     | G  | G    | one of true false
compress_weight_conf              | compress_weight_conf       | G  | G    | file
ge.enableSparseMatrixWeight       | sparsity                   | G  | G    | one of 0 1
ge.exec.tuneDeviceIds             | device_id                  | GB | GB   | text
ge.autoTuneMode                   | auto_tune_mode             | GB | GB   | text
ge.enableSingleStream             | enable_single_stream       | G  | G    | one of true false
ac_parallel_enable                | ac_parallel_enable         | GB | GB   | one of 0 1
op_debug_option                   | -                          | GB | GB   | text
ge.compressionOptimizeConf        | compression_optimize_conf  | G  | G    | file
op_debug_config                   | op_debug_config            | GB | GB   | file
ge.cluster_config                 | cluster_config             | G  | G    | text
ge.op_dependency_in_om            | -                          | G  | G    | text
ge.tiling_schedule_optimize       | tiling_schedule_optimize   | GB | GB   | one of 0 1
ge.graphMaxParallelModelNum       | -                          | GB | GB   | text
ge.exportCompileStat              | -                          | GB | GB   | one of 0 1 2
ge.hccl_sub_comm_config           | hccl_sub_comm_config       | -  | G    | text
ge.buildConfig                    | -                          | -  | GB   | text
ge.compile.h2dOverlappedWithCompute | h2d_overlapped_with_compute | - | GB  | text
ge.optimizationSwitch             | optimization_switch        | -  | GB   | text
ge.variableMemoryMaxSize          | -                          | G  | G *  | text
op_name_map                       | op_name_map                | B  | B    | file
ge.mdl_bank_path                  | mdl_bank_path              | B  | B    | folder
ge.op_bank_path                   | op_bank_path               | B  | B    | folder
ge.op_bank_update                 | -                          | B  | B    | one of true false
ge.performance_mode               | -                          | B  | B    | one of normal high
ge.shape_generalized_build_mode   | shape_generalized_build_mode | B | B   | text
ge.build_inner_model              | -                          | B  | B    | one of true false
ge.exec.exclude_engines           | -                          | B  | B    | text
ge.distributed_cluster_build      | -                          | B  | B    | text
ge.offline_model_relation         | -                          | B  | B    | text
ge.enableGraphParallel            | -                          | B  | B    | text
ge.graphParallelOptionPath        | -                          | B  | B    | file
ge.quant_dumpable                 | quant_dumpable             | B  | B    | text
ge.inputHintShape                 | input_hint_shape           | -  | B !  | text
ge.inputHintValue                 | -                          | -  | B !  | text
ge.exec.outputReuseInputMemIndexes | -                         | -  | B !  | text
ge.offlineMode                    | -                          | -  | B    | text
ge.exec.exec_device_config_path   | -                          | -  | B    | file
is_input_adjust_hw_layout         | is_input_adjust_hw_layout  | P  | P    | text
is_output_adjust_hw_layout        | is_output_adjust_hw_layout | P  | P    | text
input_data_names                  | -                          | P  | P    | text
enable_scope_fusion_passes        | enable_scope_fusion_passes | P  | P    | text
output                            | -                          | P  | P    | text
`;

const LETTERS: Readonly<Record<string, Place>> = { G: 'global', B: 'build', P: 'parser' };

function places(text: string): readonly Place[] {
  return [...text].flatMap((letter) => LETTERS[letter] ?? []);
}

function parseRow(line: string): GeOptionRow {
  const [key, flag, in81, in92, value] = line.split('|').map((cell) => cell.trim()) as [string, string, string, string, string];
  const [kind, ...words] = value.split(/\s+(?:of\s+)?/) as [string, ...string[]];
  return {
    key,
    flag: flag === '-' ? undefined : flag,
    value: kind === 'one' ? { kind: 'choice', choices: words } : { kind: kind as Exclude<ValueKind['kind'], 'choice'> },
    in81: places(in81),
    in92: places(in92),
    isUnlisted: in92.includes('*'),
    isInferenceOnly: in92.includes('!'),
  };
}

export const GE_OPTIONS: readonly GeOptionRow[] = ROWS.trim().split('\n').map(parseRow);

/** Other names of a key: a vendor page gives `ge.inputShape`, which GE itself refuses; atc takes both in a raw options file. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['ge.inputShape', 'input_shape'],
  ['ge.inputShapeRange', 'input_shape_range'],
]);

/**
 * The row of a key as a user types it: with or without `ge.`, `ge.exec.`.
 */
export function findOption(typed: string): GeOptionRow | undefined {
  const bare = typed.replace(/^ge\.(exec\.)?/, '');
  const names = [typed, ALIASES.get(typed), `ge.${bare}`, `ge.exec.${bare}`, bare];
  return names.map((name) => GE_OPTIONS.find(({ key }) => key === name)).find((row) => row !== undefined);
}

/** What atc takes and GE's calls for bundles do not: worth a message of its own. */
export const ATC_ONLY: ReadonlySet<string> = new Set([
  'ge.jit_compile',
  'ge.is_weight_clip',
  'ge.exec.static_model_ops_lower_limit',
  'ge.exec.atomicCleanPolicy',
  'check_report',
  'display_model_info',
  'dump_mode',
  'framework_type',
  'keep_dtype',
  'target',
]);
