// The longest prefix of a text whose own count is within a limit, and the end of a text for which the same
// is nearly so.
//
// The count of a prefix is no monotone function of its length: "1234567" may have more tokens than
// "12345678", and the end of the text, where the pre-tokenizer's look-ahead sees nothing, cuts what is one
// piece in the text. So the prefixes are looked at from long to short, and the search is about how few need
// be. It rests on
//
//   Settled counts (any encoding that keeps what tm_count_part promises). Where tm_count_part answers
//   `count` tokens and `offset` bytes for the first q bytes, each prefix of q bytes or more has these
//   tokens, and those of what follows them. So
//     - if they are too many, so are those of every prefix of q bytes or more;
//     - else only what follows them need be counted.
//   That alone makes the answer exact: it narrows down the lengths to those between a settled place and a
//   bound, commonly 16 bytes, and the prefixes of these lengths are all counted.
//
//   Runs of prefixes (byte-level BPE with a known pattern). A long piece, such as a megabyte of one letter,
//   leaves many lengths. Let L be the bytes of the longest token; so n tokens have n * L bytes at most. If
//   at each of L consecutive ends within one piece the piece up to there has more tokens than are left,
//   then so it is at every later end: its encoding has a token that ends at one of these, up to which it is
//   that prefix's encoding (bpe.hpp, fact 1). A longer text may also cut the bytes in two where the shorter
//   one does not, and the other way round: behind the last newline of a run of spaces, or the last letter
//   without case of a word in capitals. But it cuts them, if at all, where the prefix alone is cut, or
//   within its last kCutMargin bytes. So all ways are counted, at L + kCutMargin ends.
//
// For other encodings, which may rewrite text or merge otherwise, the second has no proof. Among many
// lengths, prefixes are then looked at that are up to kSearchWindow bytes longer than one that fits while
// the next does not, and none that is so long that it has twice the tokens: the answer never has too many
// tokens, but a longer one may, theoretically, have few enough.
#pragma once

#include <string_view>

#include "tokenizer/builtin.hpp"
#include "tokenizer/tokenizer.h"

namespace tokenmeter::tokenizer {

// Part of the proof above, for all known patterns: a contraction's bytes, or the last of several spaces.
inline constexpr size_t kCutMargin = 8;
inline constexpr size_t kSearchWindow = 64;

// Whether the encoding is byte-level BPE with a known pattern.
bool HasKnownPieces(const TmEncoding& encoding);

// As tm_truncate; `known_pieces` says whether to rely on what holds for byte-level BPE with a known
// pattern. May throw std::bad_alloc.
TmStatus Truncate(const TmEncoding& encoding, bool known_pieces, std::string_view text, bool more_follows,
                  uint64_t max_tokens, bool (*cancelled)(), TmTruncation* known, size_t* prefix,
                  uint64_t* count, TmError* error);

// As tm_tail.
TmStatus FindTail(const TmEncoding& encoding, std::string_view text, uint64_t max_tokens,
                  bool (*cancelled)(), size_t* start, TmError* error);

}  // namespace tokenmeter::tokenizer
