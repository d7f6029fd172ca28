// The mask scanner against the scalar ones, on every CPU path: what it settles must be cut as they do.
#include "tokenizer/mask_scanner.hpp"

#include "cuts.hpp"
#include "texts.hpp"

namespace tokenmeter::tokenizer {
namespace {

class MaskScannerTest : public testing::TestWithParam<test::Scanner> {
 protected:
  // Masks that settle nothing would make no mistake.
  void TearDown() override {
    const bool leaves_invalid_bytes = GetParam().pattern == Pattern::kDeepSeekV3;
    EXPECT_GT(check_.settled(), leaves_invalid_bytes ? 0.15 : 0.5);
  }

  test::MaskCheck check_{GetParam()};
};

TEST_P(MaskScannerTest, AllStrings) { test::AllStrings(test::EveryClass(GetParam()), 5, 4, &check_); }

TEST_P(MaskScannerTest, EveryCodePoint) { test::EveryCodePoint(test::kFewContexts, &check_); }

TEST_P(MaskScannerTest, RandomTexts) { test::RandomTexts(2, 10'000'000, &check_); }

TEST_P(MaskScannerTest, RandomBytes) { test::RandomBytes(3, 20'000'000, &check_); }

// ASCII characters, spelled with three and with four bytes.
TEST_P(MaskScannerTest, OverlongForms) {
  for (int c = 0; c < 0x80; ++c) {
    const std::string last = {static_cast<char>(0x80 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    for (const auto& [before, after] : test::AllContexts()) {
      ASSERT_TRUE(check_(before + "\xE0" + last + after, false));
      ASSERT_TRUE(check_(before + "\xF0\x80" + last + after, false));
    }
  }
}

// On ordinary text little is left to the scalar scanner.
TEST_P(MaskScannerTest, SettlesMostOfOrdinaryText) {
  check_(
      "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be "
      "in want of a wife.\n\n\"My dear Mr. Bennet,\" said his lady to him one day, \u201Chave you heard "
      "that \u041D\u0435\u0437\u0435\u0440\u0444\u0438\u043B\u0434 \u0441\u0434\u0430\u043D?\u201D");
  EXPECT_GT(check_.settled(), 0.9);
}

FOR_EVERY_SCANNER(MaskScannerTest);

}  // namespace
}  // namespace tokenmeter::tokenizer
