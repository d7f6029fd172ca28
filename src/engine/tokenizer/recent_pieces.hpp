// What each thread remembers of the pieces it has met lately: how many tokens they are. Of fixed size, and
// overwritten as it goes.
#pragma once

#include <cstring>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// A piece too long for a PieceSlot: its bytes, padded with zeros, its length, and how many tokens it is. An
// empty one is all zeros.
class MediumPiece {
 public:
  static constexpr size_t kLongest = 30;
  static constexpr size_t kSize = 32;

  MediumPiece() = default;
  // Of the piece of `length` bytes at `bytes`, of which kSize are readable. Its count is 0.
  MediumPiece(const char* bytes, size_t length) {
    alignas(64) static constexpr auto kMasks = [] {
      struct {
        unsigned char bytes[2 * kSize];
      } masks = {};
      for (size_t i = 0; i < kSize; ++i) masks.bytes[i] = 0xFF;
      return masks;
    }();
    uint64_t mask[4];
    std::memcpy(words_, bytes, kSize);
    std::memcpy(mask, kMasks.bytes + kSize - length, kSize);
    for (int i = 0; i < 4; ++i) words_[i] &= mask[i];
    words_[3] |= uint64_t{length} << 56;
  }

  uint64_t count() const { return words_[3] >> 48 & 0xFF; }
  void set_count(uint64_t count) { words_[3] = (words_[3] & ~kCountBits) | count << 48; }

  // How many tokens the key's piece is, if this is that piece; else 0. The key's own count is 0.
  uint64_t CountOf(const MediumPiece& key) const {
    uint64_t difference = (words_[3] ^ key.words_[3]) & ~kCountBits;
    for (int i = 0; i < 3; ++i) difference |= words_[i] ^ key.words_[i];
    return count() & -uint64_t{difference == 0};
  }

  uint64_t Hash() const {
    return MixHash(MixHash(MixHash(MixHash(words_[0]) ^ words_[1]) ^ words_[2]) ^
                   (words_[3] & ~kCountBits));
  }

 private:
  static constexpr uint64_t kCountBits = uint64_t{0xFF} << 48;
  uint64_t words_[4];
};

class RecentPieces {
 public:
  // The calling thread's memory for a vocabulary. Made on first use; a thread that uses more vocabularies
  // than it has room for forgets the one it took up first. Throws std::bad_alloc.
  static RecentPieces& Of(const Vocabulary& vocabulary);

  // The count of the piece with this key, or 0: of those seen last, whatever they are.
  uint64_t FindSeen(const PieceSlot& key) const { return seen_[Index<kSeenBits>(key)].CountOf(key); }
  void RememberSeen(const PieceSlot& key, uint64_t count) {
    Put(&seen_[Index<kSeenBits>(key)], key, count);
  }

  // The same, of those that had to be merged.
  const PieceSlot* PrefetchMerged(const PieceSlot& key) const {
    const PieceSlot* slot = &merged_[Index<kMergedBits>(key)];
    __builtin_prefetch(slot);
    return slot;
  }
  void RememberMerged(const PieceSlot& key, uint64_t count) {
    Put(&merged_[Index<kMergedBits>(key)], key, count);
  }

  // The same, of pieces of medium length.
  uint64_t FindMedium(const MediumPiece& key) const {
    return medium_[key.Hash() >> (64 - kMediumBits)].CountOf(key);
  }
  void RememberMedium(MediumPiece piece, uint64_t count) {
    MediumPiece& slot = medium_[piece.Hash() >> (64 - kMediumBits)];
    slot = piece;
    slot.set_count(count);
  }

 private:
  // The first are asked for every piece and must be near; the others are dear.
  static constexpr int kSeenBits = 12;    // 64 KiB
  static constexpr int kMergedBits = 13;  // 128 KiB
  static constexpr int kMediumBits = 11;  // 64 KiB

  template <int bits>
  static size_t Index(const PieceSlot& key) {
    return PieceHash(key) >> (64 - bits);
  }
  static void Put(PieceSlot* slot, const PieceSlot& key, uint64_t count) {
    *slot = {key.low, key.high | count << 56};
  }

  PieceSlot seen_[size_t{1} << kSeenBits];
  PieceSlot merged_[size_t{1} << kMergedBits];
  MediumPiece medium_[size_t{1} << kMediumBits];
};

}  // namespace tokenmeter::tokenizer
