#include "tokenizer/estimate.hpp"

#include <algorithm>

#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

using enum CharacterKind;

constexpr TmEstimator kEstimators[] = {
#include "tokenizer/estimate_weights.inc"
};

// From this code point on up to the next range's.
struct Range {
  uint32_t first;
  CharacterKind kind;
};

constexpr Range kRanges[] = {
    {0x80, kSymbol},    {0xAA, kLatin},    {0xAB, kSymbol},      {0xB5, kLatin},    {0xB6, kSymbol},
    {0xBA, kLatin},     {0xBB, kSymbol},   {0xC0, kLatin},       {0xD7, kSymbol},   {0xD8, kLatin},
    {0xF7, kSymbol},    {0xF8, kLatin},    {0x250, kOther},      {0x370, kGreek},   {0x400, kCyrillic},
    {0x530, kOther},    {0x590, kHebrew},  {0x600, kArabic},     {0x700, kOther},   {0x750, kArabic},
    {0x780, kOther},    {0x8A0, kArabic},  {0x900, kDevanagari}, {0x980, kOther},   {0xE00, kThai},
    {0xE80, kOther},    {0x1100, kHangul}, {0x1200, kOther},     {0x1E00, kLatin},  {0x1F00, kGreek},
    {0x2000, kSymbol},  {0x200D, kEmoji},  {0x200E, kSymbol},    {0x2600, kEmoji},  {0x27C0, kSymbol},
    {0x2C00, kOther},   {0x2E00, kSymbol}, {0x2E80, kHan},       {0x3000, kSymbol}, {0x3040, kKana},
    {0x3100, kOther},   {0x3130, kHangul}, {0x3190, kOther},     {0x31F0, kKana},   {0x3200, kSymbol},
    {0x3400, kHan},     {0x4DC0, kSymbol}, {0x4E00, kHan},       {0xA000, kOther},  {0xAC00, kHangul},
    {0xD7B0, kOther},   {0xF900, kHan},    {0xFB00, kLatin},     {0xFB13, kOther},  {0xFB1D, kHebrew},
    {0xFB50, kArabic},  {0xFE00, kEmoji},  {0xFE10, kSymbol},    {0xFE70, kArabic}, {0xFF00, kSymbol},
    {0xFF66, kKana},    {0xFFA0, kHangul}, {0xFFE0, kSymbol},    {0x10000, kOther}, {0x1F000, kEmoji},
    {0x1FB00, kSymbol}, {0x20000, kHan},   {0x40000, kOther},    {0xE0000, kEmoji}, {0xE0100, kOther},
};

constexpr CharacterKind KindOfAscii(uint32_t c) {
  if (c >= 'a' && c <= 'z') return kLower;
  if (c >= 'A' && c <= 'Z') return kUpper;
  if (c >= '0' && c <= '9') return kDigit;
  if (c == '\n' || c == '\r') return kNewline;
  if (c == ' ' || (c >= '\t' && c < '\r')) return kSpace;
  return c < ' ' || c == 0x7F ? kOther : kPunctuation;
}

constexpr auto kKindsOfAscii = [] {
  std::array<CharacterKind, 0x80> kinds{};
  for (uint32_t c = 0; c < kinds.size(); ++c) kinds[c] = KindOfAscii(c);
  return kinds;
}();

}  // namespace

CharacterKind KindOf(uint32_t code_point) {
  if (code_point < kKindsOfAscii.size()) return kKindsOfAscii[code_point];
  if (code_point == 0xA0 || code_point == 0x3000) return kSpace;
  return std::prev(std::ranges::upper_bound(kRanges, code_point, {}, &Range::first))->kind;
}

bool CountKinds(std::string_view text, bool (*cancelled)(), KindCounts* counts) {
  const char* at = text.data();
  const char* const end = at + text.size();
  int previous = -1;
  while (at != end) {
    const char* const poll_at = at + std::min<size_t>(kPollInterval, end - at);
    while (at < poll_at) {
      const DecodedCharacter character = DecodeCharacter(at, end);
      const int kind = static_cast<int>(KindOf(character.code_point));
      ++(kind == previous ? counts->more : counts->first)[kind];
      previous = kind;
      at += character.length;
    }
    if (at != end && cancelled != nullptr && cancelled()) return false;
  }
  return true;
}

const TmEstimator* FindEstimator(std::string_view name) {
  const auto* found = std::ranges::find(kEstimators, name, &TmEstimator::name);
  return found != std::end(kEstimators) ? found : nullptr;
}

uint64_t Estimate(const TmEstimator& estimator, const KindCounts& counts) {
  uint64_t thousandths = 0;
  uint64_t characters = 0;
  for (size_t kind = 0; kind < kCharacterKinds; ++kind) {
    const TmEstimatorWeights& weights = estimator.weights[kind];
    thousandths += counts.first[kind] * weights.first + counts.more[kind] * weights.more;
    characters += counts.first[kind];
  }
  return std::max<uint64_t>((thousandths + 500) / 1000, characters != 0);
}

}  // namespace tokenmeter::tokenizer
