// The fast way through a text: where pieces start, for up to 64 bytes at a time, by algebra on bit masks of
// character classes. What the masks cannot prove is left to the scalar scanners of pretokenizer.hpp, the
// ground truth: the answer covers only the pieces that are settled, which may be none.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tokenizer/byte_classes.hpp"
#include "tokenizer/pattern.hpp"

namespace tokenmeter::tokenizer {

struct PieceStarts {
  uint64_t starts;  // bit i: a piece starts at byte i; bits from `length` on are 0
  size_t length;    // bytes that are settled: the last piece ends here; 0 if none is
};

// How many bytes must be readable where a window of kByteWindow bytes is scanned.
inline constexpr size_t kReadableWindow = kByteWindow + 16;

// The pieces of a window of text whose first byte starts a piece. Only the first `length` bytes, at most
// kByteWindow, count; but kReadableWindow bytes must be readable. `at_text_end` says that the text ends
// with them.
template <Pattern pattern>
PieceStarts FindPieces(const char* bytes, size_t length, bool at_text_end);

#define DECLARE_FIND_PIECES(pattern) \
  extern template PieceStarts FindPieces<pattern>(const char*, size_t, bool);
FOR_EVERY_PATTERN(DECLARE_FIND_PIECES)
#undef DECLARE_FIND_PIECES

}  // namespace tokenmeter::tokenizer
