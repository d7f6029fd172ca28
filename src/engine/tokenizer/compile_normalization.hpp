// The compiler of the table of character properties (normalization_table.hpp). Runs in the build.
#pragma once

#include <string>
#include <string_view>

namespace tokenmeter::tokenizer {

// Compiles the rows of vocab/normalizer-unicode.tsv into the bytes of a NormalizationImage. Throws
// CompileError.
std::string CompileNormalizationTable(std::string_view text);

}  // namespace tokenmeter::tokenizer
