// UTF-8 decoding for the scanners. Total: bytes that are not well-formed UTF-8 decode, one at a
// time, to kInvalidCodePoint, so a scanner always makes progress and never reads past the end. And
// encoding.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokenmeter::tokenizer {

inline constexpr uint32_t kInvalidCodePoint = 0xFFFFFFFF;

struct DecodedCharacter {
  uint32_t code_point;
  uint32_t length;  // bytes, 1 to 4
};

// Decodes the character that starts at `at`; requires at < end. Surrogates are let through as the code
// point they spell: they have no class, like every unassigned code point.
__attribute__((always_inline)) inline DecodedCharacter DecodeCharacter(const char* at, const char* end) {
  const auto byte = [at](int i) { return static_cast<uint8_t>(at[i]); };
  const auto continues = [byte](int i) { return (byte(i) & 0xC0) == 0x80; };
  constexpr DecodedCharacter kInvalid = {kInvalidCodePoint, 1};
  const uint8_t lead = byte(0);
  const auto available = end - at;
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2) return kInvalid;
  if (lead < 0xE0) {
    if (available < 2 || !continues(1)) return kInvalid;
    return {(lead & 0x1Fu) << 6 | (byte(1) & 0x3Fu), 2};
  }
  // What fewer bytes can spell must be spelt by these.
  if (lead < 0xF0) {
    if (available < 3 || !continues(1) || !continues(2)) return kInvalid;
    const uint32_t code_point = (lead & 0x0Fu) << 12 | (byte(1) & 0x3Fu) << 6 | (byte(2) & 0x3Fu);
    return code_point >= 0x800 ? DecodedCharacter{code_point, 3} : kInvalid;
  }
  if (lead > 0xF4 || available < 4 || !continues(1) || !continues(2) || !continues(3)) return kInvalid;
  const uint32_t code_point =
      (lead & 0x07u) << 18 | (byte(1) & 0x3Fu) << 12 | (byte(2) & 0x3Fu) << 6 | (byte(3) & 0x3Fu);
  return code_point >= 0x10000 ? DecodedCharacter{code_point, 4} : kInvalid;
}

// Writes a code point below 0x110000 to `bytes`, which has room for 4; returns how many bytes it took.
inline size_t EncodeCharacter(uint32_t code_point, char* bytes) {
  const auto put = [bytes](int i, uint32_t value) { bytes[i] = static_cast<char>(value); };
  const auto continuation = [code_point](int shift) { return 0x80 | (code_point >> shift & 0x3F); };
  if (code_point < 0x80) {
    put(0, code_point);
    return 1;
  }
  if (code_point < 0x800) {
    put(0, 0xC0 | code_point >> 6);
    put(1, continuation(0));
    return 2;
  }
  if (code_point < 0x10000) {
    put(0, 0xE0 | code_point >> 12);
    put(1, continuation(6));
    put(2, continuation(0));
    return 3;
  }
  put(0, 0xF0 | code_point >> 18);
  put(1, continuation(12));
  put(2, continuation(6));
  put(3, continuation(0));
  return 4;
}

}  // namespace tokenmeter::tokenizer
