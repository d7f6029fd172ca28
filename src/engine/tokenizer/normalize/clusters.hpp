// Grapheme clusters, extended, of Unicode 17.0 (UAX #29), one character after another.
#pragma once

#include <cstdint>

#include "tokenizer/normalize/normalization_table.hpp"

namespace tokenmeter::tokenizer {

// What of a cluster decides whether the next character belongs to it.
class ClusterState {
 public:
  // The first character of a cluster.
  ClusterState(uint32_t code_point, ClusterClass cluster) { Pass(code_point, cluster); }

  // Whether the next character belongs to the cluster; if so, it has become the last one.
  bool Continues(uint32_t code_point, ClusterClass next) {
    if (!Joins(code_point, next)) return false;
    Pass(code_point, next);
    return true;
  }

 private:
  using enum ClusterClass;

  // Of a sequence of pictographs, or of consonants: nothing, the first of the pair, and what joins the
  // second.
  enum class Pair : uint8_t { kNone, kFirst, kJoined };

  bool Joins(uint32_t code_point, ClusterClass next) const {
    if (after_cr_) return code_point == '\n';
    if (last_ == kControl || next == kControl) return false;
    switch (next) {
      case kExtend:
      case kLinkedExtend:
      case kLinker:
      case kJoiner:
      case kSpacingMark:
        return true;
      default:
        break;
    }
    if (last_ == kPrepend) return true;
    switch (next) {
      case kHangulL:
      case kHangulLv:
      case kHangulLvt:
        return last_ == kHangulL;
      case kHangulV:
        return last_ == kHangulL || last_ == kHangulV || last_ == kHangulLv;
      case kHangulT:
        return last_ == kHangulV || last_ == kHangulT || last_ == kHangulLv || last_ == kHangulLvt;
      case kRegionalIndicator:
        return last_ == kRegionalIndicator && odd_indicators_;
      case kPictographic:
        return pictographs_ == Pair::kJoined;
      case kConsonant:
        return consonants_ == Pair::kJoined;
      default:
        return false;
    }
  }

  void Pass(uint32_t code_point, ClusterClass next) {
    after_cr_ = code_point == '\r';
    odd_indicators_ = next == kRegionalIndicator && !(last_ == kRegionalIndicator && odd_indicators_);
    // \p{Extended_Pictographic} \p{Extend}* ZWJ
    const bool extends = next == kExtend || next == kLinkedExtend || next == kLinker;
    if (next == kPictographic) {
      pictographs_ = Pair::kFirst;
    } else if (next == kJoiner && pictographs_ == Pair::kFirst) {
      pictographs_ = Pair::kJoined;
    } else if (!extends || pictographs_ == Pair::kJoined) {
      pictographs_ = Pair::kNone;
    }
    // Consonant and then, in any order, linkers and what may stand between; at least one linker.
    if (next == kConsonant) {
      consonants_ = Pair::kFirst;
    } else if (next == kLinker && consonants_ != Pair::kNone) {
      consonants_ = Pair::kJoined;
    } else if (next != kLinkedExtend && next != kJoiner) {
      consonants_ = Pair::kNone;
    }
    last_ = next;
  }

  ClusterClass last_ = kOther;
  bool after_cr_ = false;
  bool odd_indicators_ = false;
  Pair pictographs_ = Pair::kNone;
  Pair consonants_ = Pair::kNone;
};

}  // namespace tokenmeter::tokenizer
