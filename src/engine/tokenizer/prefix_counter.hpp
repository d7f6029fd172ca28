// How many tokens the prefixes of one piece are, for many prefixes of nearly the same length: each costs
// the merging of a short window, however long the piece.
//
// Of the four facts in bpe.hpp the third: where the encoding of a prefix has a token, and that of a window
// that starts with this token begins with it too, the tokens before it and those of the window are together
// the encoding of the whole. So a few such places are kept, and the nearest one that proves to be one is
// used.
#pragma once

#include <optional>
#include <vector>

#include "tokenizer/bpe.hpp"

namespace tokenmeter::tokenizer {

class PrefixCounter {
 public:
  // Of the bytes from `start` on; `cancelled` may be null.
  PrefixCounter(Vocabulary vocabulary, const char* start, bool (*cancelled)());

  const char* start() const { return places_.front().at; }

  // The tokens of [start, end) as one piece: one if it is a token as a whole, else those of merging it,
  // which are never fewer. nullopt if cancelled. O(1) near the end asked for before; O(end - start)
  // elsewhere. May throw std::bad_alloc.
  std::optional<uint64_t> Count(const char* end);

 private:
  // Where a token of some prefix starts: so many tokens stand before it, and it has so many bytes. At the
  // start of the piece any token may.
  struct Place {
    const char* at;
    uint64_t tokens_before;
    size_t token_length;
  };
  // Of a window's tokens: takes them from BpeEncoder, and keeps some as places.
  class Window;

  // A window begins at the last place that has so many tokens behind it, or more.
  static constexpr size_t kTokensBehind = 3;
  // And places are so many bytes apart, so that a long piece has few.
  static constexpr size_t kApart = 2048;

  Vocabulary vocabulary_;
  BpeEncoder encoder_;
  std::vector<Place> places_;
};

}  // namespace tokenmeter::tokenizer
