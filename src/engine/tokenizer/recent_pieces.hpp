// What each thread remembers of the short pieces it has merged lately: how many tokens they are. Of fixed
// size, and overwritten as it goes; the image has the pieces that are one token, this has the rest.
#pragma once

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

class RecentPieces {
 public:
  // The calling thread's memory for a vocabulary. Made on first use; a thread that uses more vocabularies
  // than it has room for forgets the one it took up first. Null where there is no memory to be had.
  static RecentPieces* Of(const Vocabulary& vocabulary);

  // The count of the piece with this key, or 0.
  uint64_t Find(const PieceSlot& key) const {
    const PieceSlot& slot = slots_[Index(key)];
    return slot.Holds(key) ? slot.count() : 0;
  }

  void Remember(const PieceSlot& key, uint64_t count) {
    slots_[Index(key)] = {key.low, key.high | count << 56};
  }

 private:
  static constexpr int kIndexBits = 14;  // 256 KiB

  static size_t Index(const PieceSlot& key) { return PieceHash(key) >> (64 - kIndexBits); }

  PieceSlot slots_[size_t{1} << kIndexBits];
};

}  // namespace tokenmeter::tokenizer
