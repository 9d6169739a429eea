// Checks of option maps, and what the parser and the compiler do with input_shape alike. Becomes libge_common.so.
#include "options.h"

#include <set>
#include <sstream>

#include "standin.h"

namespace options {

using ge::GE_FAILED;
using ge::GRAPH_FAILED;
using ge::GRAPH_PARAM_INVALID;
using ge::GRAPH_SUCCESS;
using ge::graphStatus;

namespace {

std::set<std::string> words(const char *text) {
  std::istringstream stream(text);
  std::set<std::string> out;
  for (std::string word; stream >> word;) out.insert(word);
  return out;
}

const std::set<std::string> BUILD = words(
    "input_shape input_format ge.dynamicBatchSize ge.dynamicImageSize ge.dynamicDims input_shape_range ge.exec.precision_mode "
    "ge.exec.precision_mode_v2 ge.exec.modify_mixlist ge.customizeDtypes ge.exec.allow_hf32 ge.exec.op_precision_mode ge.outputNodeName "
    "ge.outputDatatype ge.INPUT_NODES_SET_FP16 ge.insertOpFile ge.externalWeight ge.exec.disableReuseMemory ge.oo.level "
    "ge.oo.constantFolding ge.oo.deadCodeElimination ge.opDebugLevel ge.debugDir ge.op_compiler_cache_dir ge.op_compiler_cache_mode log "
    "op_name_map ge.exec.tuneDeviceIds ge.autoTuneMode op_debug_option ge.mdl_bank_path ge.op_bank_path ge.op_bank_update "
    "ge.performance_mode ge.shape_generalized_build_mode ge.build_inner_model op_debug_config ge.exec.exclude_engines "
    "ge.distributed_cluster_build ge.offline_model_relation ge.enableGraphParallel ac_parallel_enable ge.graphParallelOptionPath "
    "ge.quant_dumpable ge.tiling_schedule_optimize ge.graphMaxParallelModelNum ge.exportCompileStat");
const std::set<std::string> BUILD_92 = words(
    "ge.buildConfig ge.optimizationSwitch ge.inputHintShape ge.inputHintValue ge.exec.outputReuseInputMemIndexes "
    "ge.compile.h2dOverlappedWithCompute ge.offlineMode ge.exec.exec_device_config_path");
const std::set<std::string> GLOBAL = words(
    "ge.socVersion ge.exec.precision_mode ge.exec.precision_mode_v2 ge.exec.modify_mixlist ge.exec.allow_hf32 ge.exec.op_precision_mode "
    "ge.opSelectImplmode ge.optypelistForImplmode ge.exec.disableReuseMemory ge.bufferOptimize ge.enableSmallChannel ge.fusionSwitchFile "
    "ge.aicoreNum ge.engineType ge.virtual_type ge.deterministic ge.deterministicLevel ge.oo.level ge.oo.constantFolding "
    "ge.oo.deadCodeElimination ge.opDebugLevel ge.debugDir ge.op_compiler_cache_dir ge.op_compiler_cache_mode ge.host_env_os "
    "ge.host_env_cpu ge.screen_print_mode ge.enableCompressWeight compress_weight_conf ge.enableSparseMatrixWeight ge.exec.tuneDeviceIds "
    "ge.autoTuneMode ge.enableSingleStream ac_parallel_enable op_debug_option ge.compressionOptimizeConf op_debug_config "
    "ge.cluster_config ge.op_dependency_in_om ge.tiling_schedule_optimize ge.graphMaxParallelModelNum ge.exportCompileStat "
    "ge.hccl_sub_comm_config ge.buildConfig ge.compile.h2dOverlappedWithCompute ge.optimizationSwitch ge.variableMemoryMaxSize ge.externalWeight");
const std::set<std::string> PARSER = words(
    "input_shape ge.outputNodeName output ge.INPUT_NODES_SET_FP16 is_input_adjust_hw_layout is_output_adjust_hw_layout input_data_names "
    "enable_scope_fusion_passes");

const std::map<std::string, std::set<std::string>> VALUES = {
    {"ge.exec.precision_mode", words("force_fp16 force_fp32 cube_fp16in_fp32out allow_mix_precision allow_mix_precision_fp16 "
                                     "allow_mix_precision_bf16 allow_fp32_to_fp16 allow_fp32_to_bf16 must_keep_origin_dtype")},
    {"ge.exec.precision_mode_v2", words("fp16 origin cube_fp16in_fp32out mixed_float16 mixed_bfloat16 mixed_hif8 cube_hif8")},
    {"ge.deterministic", words("0 1")},
};

void refuseValue(const std::string &key, const std::string &value, const std::string &legal) {
  standin::reportError("E10001", "Invalid_Argument", "Value [" + value + "] for parameter [" + key + "] is invalid. Reason: " + legal + ".",
                       "Try again with a valid argument.");
}

graphStatus checkValues(const ge::Options &options) {
  for (const auto &[key, legal] : VALUES) {
    const std::string value = valueOf(options, key.c_str());
    if (value.empty() || legal.count(value) != 0) continue;
    std::string list;
    for (const auto &one : legal) list += (list.empty() ? "" : ", ") + one;
    refuseValue(key, value, "the value must be one of " + list);
    return GRAPH_PARAM_INVALID;
  }
  if (!valueOf(options, "ge.exec.precision_mode").empty() && !valueOf(options, "ge.exec.precision_mode_v2").empty()) {
    standin::reportError("E10056", "Config_Error", "Parameters [ge.exec.precision_mode] and [ge.exec.precision_mode_v2] cannot be set together.",
                         "Delete one of them.");
    return GRAPH_PARAM_INVALID;
  }
  return GRAPH_SUCCESS;
}

/** The text of the assertion that fails around the real reason, which is in the log alone. */
graphStatus assertFailed(const std::string &reason) {
  standin::logLine("ERROR", "GE", reason);
  standin::reportError("E19999", "Inner_Error", "Assert ((BuildModel(graph, options, model)) == ge::GRAPH_SUCCESS) failed", "");
  return GE_FAILED;
}

}  // namespace

std::string valueOf(const ge::Options &options, const char *key) {
  const auto found = options.find(ge::AscendString(key));
  return found == options.end() ? "" : found->second.GetString();
}

graphStatus checkGlobal(const ge::Options &options) {
  for (const auto &[key, value] : options) {
    if (GLOBAL.count(key.GetString()) == 0) standin::logLine("WARNING", "GE", std::string("unsupported option(") + key.GetString() + ")");
  }
  const std::string print = valueOf(options, "ge.screen_print_mode");
  if (!print.empty() && print != "enable" && print != "disable") {
    standin::reportError("E10003", "Invalid_Argument", "Value [" + print + "] for parameter [ge.screen_print_mode] is invalid.", "Use enable or disable.");
    return GRAPH_PARAM_INVALID;
  }
  standin::setScreenPrint(print != "disable");
  return checkValues(options);
}

graphStatus checkBuild(const ge::Options &options) {
  for (const auto &[key, value] : options) {
    if (key.GetLength() == 0 || value.GetLength() == 0) {
      standin::logLine("ERROR", "GE", "option key or value is empty");
      return GRAPH_FAILED;
    }
    const bool isKnown = BUILD.count(key.GetString()) != 0 || (standin::layout() != 81 && BUILD_92.count(key.GetString()) != 0);
    if (!isKnown) return assertFailed(std::string("[Check][Options] unsupported option(") + key.GetString() + ")");
  }
  const std::string log = valueOf(options, "log"), format = valueOf(options, "input_format");
  if (!log.empty() && words("debug info warning error null").count(log) == 0) return assertFailed("[Check][Options] log(" + log + ") is invalid");
  if (!format.empty() && words("ND NCHW NHWC NCDHW NDHWC").count(format) == 0) {
    refuseValue("--input_format", format, "the value must be one of ND, NCHW, NHWC, NCDHW, NDHWC");
    return GE_FAILED;
  }
  return checkValues(options);
}

graphStatus checkParser(const ge::Options &options) {
  for (const auto &[key, value] : options) {
    if (PARSER.count(key.GetString()) != 0) continue;
    standin::reportError("E10016", "Invalid_Argument", std::string("Opname [") + key.GetString() + "] specified in [parser_params] is not found in the model.",
                         "Check the name.");
    return GRAPH_FAILED;
  }
  return GRAPH_SUCCESS;
}

namespace {

/** `name:1,3,8;other:2`, item by item. @throws std::runtime_error */
std::vector<std::pair<std::string, std::string>> shapeItems(const std::string &shapes) {
  std::vector<std::pair<std::string, std::string>> items;
  for (size_t from = 0; from < shapes.size();) {
    const size_t end = std::min(shapes.find(';', from), shapes.size());
    const std::string item = shapes.substr(from, end - from);
    from = end + 1;
    const size_t colon = item.rfind(':');
    if (colon == std::string::npos) throw std::runtime_error("input_shape " + item + " has no colon");
    items.push_back({item.substr(0, colon), item.substr(colon + 1)});
  }
  return items;
}

}  // namespace

std::vector<std::string> namesOfShapes(const std::string &shapes) {
  std::vector<std::string> names;
  for (const auto &item : shapeItems(shapes)) names.push_back(item.first);
  return names;
}

void applyInputShapes(model::GraphDef &root, const std::string &shapes) {
  for (const auto &[name, numbers] : shapeItems(shapes)) {
    // A name that is not in the graph is passed over in silence.
    model::Op *op = model::findOp(root, name);
    if (op == nullptr || op->type != "Data") continue;
    model::Dims dims;
    for (size_t at = 0; at < numbers.size();) {
      const size_t comma = std::min(numbers.find(',', at), numbers.size());
      dims.push_back(strtoll(numbers.substr(at, comma - at).c_str(), nullptr, 10));
      at = comma + 1;
    }
    if (op->inputDescs.empty()) op->inputDescs.resize(1);
    op->inputDescs[0].dims = dims;
    op->outputDescs.at(0).dims = dims;
  }
}

}  // namespace options
