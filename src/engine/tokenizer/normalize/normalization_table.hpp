// What the normalizers need to know of a character. Two things are from here and not from the system's
// libraries, whose Unicode may be older or newer: what Hugging Face's library holds each character for
// (each of its parts knows another version: vocab/make_normalizer_unicode.mjs), and which characters a
// normalization form may touch.
#pragma once

#include <cstdint>

#include "tokenizer/two_level_table.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

// The normalization forms. Values are shifts in NormalizationRecord::flags.
enum class Form : uint8_t { kNfc = 0, kNfd = 2, kNfkc = 4, kNfkd = 6 };

// What a character is in the rules of grapheme clusters.
enum class ClusterClass : uint8_t {
  kOther,
  kControl,  // CR and LF too
  kExtend,
  kLinkedExtend,  // of these, what may stand between two consonants that are joined
  kLinker,        // and what joins them
  kJoiner,        // U+200D
  kRegionalIndicator,
  kPrepend,
  kSpacingMark,
  kHangulL,
  kHangulV,
  kHangulT,
  kHangulLv,
  kHangulLvt,
  kPictographic,
  kConsonant,
};

struct NormalizationRecord {
  // Of each form, shifted by its value. A character that does not join the one before it starts a stretch
  // that is normalized by itself; one that neither changes nor joins is such a stretch, unless the next one
  // joins.
  static constexpr uint16_t kChanges = 1;
  static constexpr uint16_t kJoins = 2;

  static constexpr uint16_t kMark = 1 << 8;
  static constexpr uint16_t kNonspacingMark = 1 << 9;
  static constexpr uint16_t kWhiteSpace = 1 << 10;
  static constexpr uint16_t kControl = 1 << 11;  // categories Cc, Cf and Co
  static constexpr int kClusterShift = 12;

  uint16_t flags;
  uint16_t to_lower;  // what to add to the low 16 bits to get the lower-case letter

  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  bool Changes(Form form) const { return Has(kChanges << static_cast<int>(form)); }
  bool Joins(Form form) const { return Has(kJoins << static_cast<int>(form)); }
  ClusterClass cluster() const { return static_cast<ClusterClass>(flags >> kClusterShift); }
};

// Written by CompileNormalizationTable and linked into read-only data.
using NormalizationImage = TwoLevelTable<NormalizationRecord, uint8_t, 128>;

const NormalizationImage& NormalizationTable();

// Nothing is known of bytes that are no character.
inline NormalizationRecord NormalizationOf(const NormalizationImage& image, uint32_t code_point) {
  return image[code_point];
}

inline uint32_t ToLower(uint32_t code_point, NormalizationRecord record) {
  return (code_point & ~0xFFFFu) | ((code_point + record.to_lower) & 0xFFFF);
}

}  // namespace tokenmeter::tokenizer
