// The bundle around compiled models, in memory and as it is saved. Source: om-format.md §2. Part of libge_compiler.so.
#pragma once
#include "convert.h"
#include "ge_types.h"

namespace compile {

/** Layout v2, or v1 for a CANN of 8.1; STANDIN_CANN_BUNDLE overrides. */
ge::ModelBufferData bundleOf(const std::vector<Model> &models, uint64_t variableBytes);

struct SavedBundle {
  std::vector<model::Blob> pieces;
  /** Whether a model carries host libraries, so that the file is bound to one system. */
  bool isBound = false;
};

/** Packs host libraries into models of dynamic shape. @throws std::runtime_error in GE's words */
SavedBundle repack(const ge::ModelBufferData &buffer);

}  // namespace compile
