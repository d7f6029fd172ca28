// Pre-tokenizers: where the pieces of a text end. One scalar scanner for each known pattern; each is
// exactly the regular expression that stands for it in pretokenizer.cpp, as leftmost-first matching with
// Unicode classes would run it, in one pass without backtracking over more than one run.
#pragma once

#include "tokenizer/pattern.hpp"

namespace tokenmeter::tokenizer {

// How far a text is worked through between two polls of a cancel flag.
inline constexpr size_t kPollInterval = 64 * 1024;

// The end of the piece that starts at `at`. Requires at < end; the answer is in (at, end], or nullptr if
// `cancelled`, which may be null and is polled in pieces longer than kPollInterval, returned true. What
// follows the piece decides where it ends, so `end` is the end of the text, not of a part of it.
template <Pattern pattern>
const char* PieceEnd(const char* at, const char* end, bool (*cancelled)());

// The same where `end` may be that of a part of the text: *settled says whether the answer holds whatever
// follows.
template <Pattern pattern>
const char* PartPieceEnd(const char* at, const char* end, bool (*cancelled)(), bool* settled);

#define DECLARE_PIECE_ENDS(pattern)                                                    \
  extern template const char* PieceEnd<pattern>(const char*, const char*, bool (*)()); \
  extern template const char* PartPieceEnd<pattern>(const char*, const char*, bool (*)(), bool*);
FOR_EVERY_PATTERN(DECLARE_PIECE_ENDS)
#undef DECLARE_PIECE_ENDS

}  // namespace tokenmeter::tokenizer
