// Estimates: kinds of characters, and how far the weights fitted to o200k_base are from its counts of real
// text.
#include "tokenizer/estimate.hpp"

#include <cmath>

#include "oracle.hpp"
#include "texts.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::test {
namespace {

using tokenizer::CharacterKind;
using tokenizer::KindOf;

constexpr const char* kEstimators[] = {"general", "claude", "claude-4.7", "gemini"};

uint64_t EstimateText(const char* estimator, std::string_view text) {
  const TmEstimator* found = tm_estimator_find(estimator, std::string_view(estimator).size());
  EXPECT_NE(found, nullptr) << estimator;
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(tm_estimate(found, text.data(), text.size(), nullptr, &count, &error), TM_OK);
  return count;
}

TEST(Estimate, KindsOfCharacters) {
  using enum CharacterKind;
  const std::vector<std::pair<const char32_t*, CharacterKind>> cases = {
      {U"az", kLower},
      {U"AZ", kUpper},
      {U"éßſıệﬁ", kLatin},
      {U"09", kDigit},
      {U" \t\u00A0\u3000", kSpace},
      {U"\r\n", kNewline},
      {U"!/:@[`{~", kPunctuation},
      {U"×“”…€。「，≤", kSymbol},
      {U"Яжі", kCyrillic},
      {U"Ωάἀ", kGreek},
      {U"سﻻ", kArabic},
      {U"שּׁ", kHebrew},
      {U"नमः", kDevanagari},
      {U"กฮ๙", kThai},
      {U"가힣ㄱᄀ", kHangul},
      {U"世界𠀀豈", kHan},
      {U"かナｱ", kKana},
      {U"😀☀\u200D\uFE0F", kEmoji},
      {U"\u0001\u16A0\u0250\U0010FFFF", kOther}};
  for (const auto& [characters, kind] : cases) {
    for (const char32_t* c = characters; *c != 0; ++c)
      EXPECT_EQ(KindOf(*c), kind) << std::hex << uint32_t{*c};
  }
  EXPECT_EQ(KindOf(tokenizer::kInvalidCodePoint), kOther);
}

TEST(Estimate, NothingIsNoneAndAnythingIsSome) {
  for (const char* estimator : kEstimators) {
    EXPECT_EQ(EstimateText(estimator, ""), 0u);
    for (uint32_t c = 1; c < kCodePointLimit; c += c < 0x3000 ? 1 : 37) {
      ASSERT_GE(EstimateText(estimator, Utf8(c)), 1u) << c;
      ASSERT_LE(EstimateText(estimator, Utf8(c)), 5u) << c;
    }
  }
  EXPECT_EQ(tm_estimator_find("gpt", 3), nullptr);
}

TEST(Estimate, BytesThatAreNoText) {
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    for (const char* estimator : kEstimators) EXPECT_LE(EstimateText(estimator, bytes), 5 * bytes.size());
  }
}

// The errors of docs/token.md, and some room.
TEST(Estimate, IsNearTheCountOfRealText) {
  for (const auto& [file, most] : std::vector<std::pair<std::string, double>>{{"english", 0.08},
                                                                              {"code", 0.05},
                                                                              {"russian", 0.11},
                                                                              {"arabic", 0.03},
                                                                              {"chinese", 0.05},
                                                                              {"japanese", 0.03},
                                                                              {"emoji", 0.08}}) {
    const std::string text = ReadFile("corpus/" + file + ".txt");
    const auto exact = static_cast<double>(Count(FindEncoding("o200k_base"), text));
    EXPECT_LE(std::abs(static_cast<double>(EstimateText("general", text)) / exact - 1), most) << file;
  }
}

TEST(Estimate, CancelIsSeen) {
  const std::string text(1 << 20, 'x');
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(
      tm_estimate(
          tm_estimator_find("claude", 6), text.data(), text.size(), [] { return true; }, &count, &error),
      TM_CANCELLED);
}

}  // namespace
}  // namespace tokenmeter::test
