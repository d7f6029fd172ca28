// Decomposition and composition of single characters: the part of Unicode normalization that its stability
// policy freezes, so any version of utf8proc gives the same for characters that Unicode 9.0 knows.
#pragma once

#include <utf8proc.h>

#include <cstdint>
#include <span>

namespace tokenmeter::tokenizer {

// A full decomposition has at most so many characters (U+FDFA).
inline constexpr size_t kLongestDecomposition = 18;

// The full decomposition, canonical or, with `compatible`, that of compatibility too.
inline std::span<const int32_t> Decompose(uint32_t code_point, bool compatible,
                                          int32_t (*buffer)[kLongestDecomposition]) {
  const auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (compatible ? UTF8PROC_COMPAT : 0));
  int last_boundary_class = 0;
  const auto length = utf8proc_decompose_char(static_cast<int32_t>(code_point), *buffer,
                                              kLongestDecomposition, options, &last_boundary_class);
  return {*buffer, static_cast<size_t>(length)};
}

// The primary composite of two characters, or 0.
inline uint32_t ComposePair(uint32_t first, uint32_t second) {
  int32_t pair[2] = {static_cast<int32_t>(first), static_cast<int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  return utf8proc_normalize_utf32(pair, 2, options) == 1 ? static_cast<uint32_t>(pair[0]) : 0;
}

inline uint8_t CombiningClass(uint32_t code_point) {
  return static_cast<uint8_t>(utf8proc_get_property(static_cast<int32_t>(code_point))->combining_class);
}

}  // namespace tokenmeter::tokenizer
