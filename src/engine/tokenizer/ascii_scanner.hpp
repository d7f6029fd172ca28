// The fast way through ASCII text: where pieces start, for up to 64 bytes at a time, by algebra on bit
// masks of character classes. What the masks cannot prove is left to the scalar scanners of
// pretokenizer.hpp, the ground truth: the answer covers only the pieces that are settled, which may be
// none.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

struct PieceStarts {
  uint64_t starts;  // bit i: a piece starts at byte i; bits from `length` on are 0
  size_t length;    // bytes that are settled: the last piece ends here; 0 if none is
};

// How many bytes of text one call looks at.
inline constexpr size_t kAsciiWindow = 64;
inline constexpr size_t kReadableWindow = kAsciiWindow + 16;

// The pieces of a window of text whose first byte starts a piece. Only the first `length` bytes, at most
// kAsciiWindow, count; but kReadableWindow bytes must be readable. `at_text_end` says that the text ends
// with them.
template <Pattern pattern>
PieceStarts FindAsciiPieces(const char* bytes, size_t length, bool at_text_end);

extern template PieceStarts FindAsciiPieces<Pattern::kGpt2>(const char*, size_t, bool);
extern template PieceStarts FindAsciiPieces<Pattern::kCl100k>(const char*, size_t, bool);
extern template PieceStarts FindAsciiPieces<Pattern::kO200k>(const char*, size_t, bool);

}  // namespace tokenmeter::tokenizer
