// What the pre-tokenizers need to know of a character: one class per code point, from Unicode 16.0
// (the version of the reference tokenizers), whatever tables the system's own libraries have.
#pragma once

#include <cstdint>

#include "tokenizer/two_level_table.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

// The classes are disjoint, and every set that the known patterns name is a union of them.
enum class CharacterClass : uint8_t {
  kOther,     // everything else: controls, unassigned, invalid bytes
  kUpper,     // \p{Lu} \p{Lt}
  kLower,     // \p{Ll}
  kCaseless,  // \p{Lm} \p{Lo}
  kMark,      // \p{M}
  kNumber,    // \p{N}
  kSpace,     // \s (the White_Space property) but for the two newlines
  kNewline,   // \r \n
  kSymbol,    // \p{P} \p{S}
};

// Written by the image compiler and linked into read-only data.
using UnicodeImage = TwoLevelTable<CharacterClass, uint8_t, 256>;

const UnicodeImage& Unicode();

inline CharacterClass ClassOf(const UnicodeImage& unicode, uint32_t code_point) {
  return unicode[code_point];
}

constexpr bool IsLetter(CharacterClass c) {
  return c == CharacterClass::kUpper || c == CharacterClass::kLower || c == CharacterClass::kCaseless;
}

// [一-龥぀-ゟ゠-ヿ], as DeepSeek V3 names Chinese and Japanese characters
constexpr bool IsEastAsian(uint32_t code_point) {
  return code_point - 0x3040 <= 0x30FF - 0x3040 || code_point - 0x4E00 <= 0x9FA5 - 0x4E00;
}

constexpr bool IsSpace(CharacterClass c) {
  return c == CharacterClass::kSpace || c == CharacterClass::kNewline;
}

}  // namespace tokenmeter::tokenizer
