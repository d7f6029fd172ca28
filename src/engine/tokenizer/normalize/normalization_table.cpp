#include "tokenizer/normalize/normalization_table.hpp"

// Made by CompileNormalizationTable, brought in by images.S.
extern "C" const char tm_image_normalization[];

namespace tokenmeter::tokenizer {

const NormalizationImage& NormalizationTable() {
  return *reinterpret_cast<const NormalizationImage*>(tm_image_normalization);
}

}  // namespace tokenmeter::tokenizer
