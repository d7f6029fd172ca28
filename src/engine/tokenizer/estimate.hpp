// How many tokens a text is about, for tokenizers that are not public. Each character has a weight by its
// kind, a script mostly, and by whether it is the first of a run of its kind: words of Latin letters are
// mostly one token, however long, while each Chinese character is nearly one. The weights are data
// (estimate_weights.inc), fitted by test/bench/fit_estimate.mjs to the counts of a tokenizer that can be
// had.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Thousandths of a token.
struct TmEstimatorWeights {
  uint16_t first;  // for the first character of a run
  uint16_t more;   // for each other one
};

namespace tokenmeter::tokenizer {

// The order is that of the weights.
enum class CharacterKind : uint8_t {
  kLower,  // a to z
  kUpper,  // A to Z
  kLatin,  // other Latin letters
  kDigit,  // 0 to 9
  kSpace,  // but for newlines
  kNewline,
  kPunctuation,  // ASCII's, and its symbols
  kSymbol,       // other punctuation and symbols
  kCyrillic,
  kGreek,
  kArabic,
  kHebrew,
  kDevanagari,
  kThai,
  kHangul,
  kHan,
  kKana,
  kEmoji,  // with what joins them
  kOther,
};
inline constexpr size_t kCharacterKinds = 19;

CharacterKind KindOf(uint32_t code_point);

// How many characters of each kind a text has.
struct KindCounts {
  std::array<uint64_t, kCharacterKinds> first = {};  // of a run
  std::array<uint64_t, kCharacterKinds> more = {};
};

// Counts the text's characters; false if cancelled, which may be null.
bool CountKinds(std::string_view text, bool (*cancelled)(), KindCounts* counts);

}  // namespace tokenmeter::tokenizer

struct TmEstimator {
  const char* name;
  std::array<TmEstimatorWeights, tokenmeter::tokenizer::kCharacterKinds> weights;
};

namespace tokenmeter::tokenizer {

// Null if there is none of that name.
const TmEstimator* FindEstimator(std::string_view name);

uint64_t Estimate(const TmEstimator& estimator, const KindCounts& counts);

}  // namespace tokenmeter::tokenizer
