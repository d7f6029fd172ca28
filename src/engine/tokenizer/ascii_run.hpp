// Passes over the ASCII that a step leaves alone, eight bytes at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace tokenmeter::tokenizer {

inline constexpr uint64_t kEachByte = 0x0101010101010101;
inline constexpr uint64_t kHighBits = 0x80 * kEachByte;

// Each set marks the bytes that are in it by their high bits; all hold every byte that is not ASCII.
struct NonAscii {
  static uint64_t Mark(uint64_t word) { return word & kHighBits; }
};

// Of each byte that is ASCII, whether it is at least `limit`.
template <uint8_t limit>
uint64_t MarkFrom(uint64_t word) {
  return (word & ~kHighBits) + (0x80 - limit) * kEachByte;
}

struct NonAsciiOrUpper {
  static uint64_t Mark(uint64_t word) {
    return (word | (MarkFrom<'A'>(word) ^ MarkFrom<'Z' + 1>(word))) & kHighBits;
  }
};

// Of each byte, whether it is this one.
inline uint64_t MarkEqual(uint64_t word, char byte) {
  const uint64_t different = word ^ static_cast<uint8_t>(byte) * kEachByte;
  return ~(((different & ~kHighBits) + ~kHighBits) | different) & kHighBits;
}

// Also those below `first`, and U+007F.
template <uint8_t first>
struct NonAsciiOrBelow {
  static uint64_t Mark(uint64_t word) {
    return (word | ~MarkFrom<first>(word) | MarkFrom<0x7F>(word)) & kHighBits;
  }
};

// The first byte from `at` on that is in the set, or `end`.
template <typename Set>
const char* FindInSet(const char* at, const char* end) {
  for (; end - at >= 8; at += 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof word);
    if (const uint64_t marks = Set::Mark(word); marks != 0) return at + std::countr_zero(marks) / 8;
  }
  while (at < end && (Set::Mark(static_cast<uint8_t>(*at)) & 0x80) == 0) ++at;
  return at;
}

}  // namespace tokenmeter::tokenizer
