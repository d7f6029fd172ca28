// What the known patterns consist of, as far as they differ: the parameters of the scalar scanners
// (pretokenizer.cpp) and of the masks (mask_scanner.cpp).
#pragma once

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

struct PatternTraits {
  enum class Words {
    kAfterSpace,     // ` ?\p{L}+`
    kAfterPrefix,    // `[^\r\n\p{L}\p{N}]?\p{L}+`
    kCased,          // upper case before lower case, see pretokenizer.cpp
    kWithinSegment,  // of the sequence of expressions of DeepSeek V3
  };
  enum class Numbers { kRuns, kSingle, kGroupsOfThree };
  enum class Contractions {
    kNone,
    kLowerCase,
    kAnyCase,
    kSuffixes
  };  // the last: of any case, part of a word

  Words words;
  Numbers numbers;
  Contractions contractions;
  bool slashes_in_tail = false;  // behind symbols: `[\r\n/]*` instead of `[\r\n]*`
};

consteval PatternTraits TraitsOf(Pattern pattern) {
  using enum PatternTraits::Words;
  using enum PatternTraits::Numbers;
  using enum PatternTraits::Contractions;
  switch (pattern) {
    case Pattern::kGpt2:
      return {kAfterSpace, kRuns, kLowerCase};
    case Pattern::kCl100k:
      return {kAfterPrefix, kGroupsOfThree, kAnyCase};
    case Pattern::kO200k:
      return {kCased, kGroupsOfThree, kSuffixes, true};
    case Pattern::kQwen2:
      return {kAfterPrefix, kSingle, kAnyCase};
    case Pattern::kTekken:
      return {kCased, kSingle, kNone, true};
    case Pattern::kDeepSeekV3:
      return {kWithinSegment, kGroupsOfThree, kNone};
    case Pattern::kNone:
      break;
  }
  return {};
}

// Do(pattern) for each, for explicit instantiations.
#define FOR_EVERY_PATTERN(Do)                                                                          \
  Do(Pattern::kGpt2) Do(Pattern::kCl100k) Do(Pattern::kO200k) Do(Pattern::kQwen2) Do(Pattern::kTekken) \
      Do(Pattern::kDeepSeekV3)

}  // namespace tokenmeter::tokenizer
