// Passes over bytes that a step leaves alone, eight at a time.
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

inline uint64_t MarkZeros(uint64_t word) {
  return ~(((word & ~kHighBits) + ~kHighBits) | word) & kHighBits;
}

// In each byte, what it differs from this one in.
inline uint64_t DifferencesFrom(uint64_t word, char byte) {
  return word ^ static_cast<uint8_t>(byte) * kEachByte;
}

// Of each byte, whether it is this one.
inline uint64_t MarkEqual(uint64_t word, char byte) { return MarkZeros(DifferencesFrom(word, byte)); }

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

// The first place from `at` on where these two bytes stand side by side, or `end`.
inline const char* FindPair(const char* at, const char* end, char first, char second) {
  for (; end - at > 8; at += 8) {
    uint64_t word;
    uint64_t next;
    std::memcpy(&word, at, sizeof word);
    std::memcpy(&next, at + 1, sizeof next);
    const uint64_t marks = MarkZeros(DifferencesFrom(word, first) | DifferencesFrom(next, second));
    if (marks != 0) return at + std::countr_zero(marks) / 8;
  }
  for (; end - at > 1; ++at) {
    if (at[0] == first && at[1] == second) return at;
  }
  return end;
}

}  // namespace tokenmeter::tokenizer
