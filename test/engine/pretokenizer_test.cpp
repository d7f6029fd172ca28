// The scalar scanners against the regular expressions that they stand for.
#include "tokenizer/pretokenizer.hpp"

#include "expression.hpp"
#include "texts.hpp"

namespace tokenmeter::tokenizer {
namespace {

class PretokenizerTest : public testing::TestWithParam<test::Scanner> {
 protected:
  test::ExpressionCheck check_{GetParam()};
};

TEST_P(PretokenizerTest, AllStrings) { test::AllStrings(test::EveryClass(GetParam()), 5, 3, &check_); }

TEST_P(PretokenizerTest, EveryCodePoint) { test::EveryCodePoint(test::kFewContexts, &check_); }

TEST_P(PretokenizerTest, RandomTexts) { test::RandomTexts(1, 10'000'000, &check_); }

// No UTF-8 has surrogates, so no expression knows them: they are as what is not assigned.
TEST_P(PretokenizerTest, SurrogatesAreAsUnassigned) {
  const std::string unassigned = test::Utf8(0xFFFF);
  for (uint32_t c = 0xD800; c < 0xE000; ++c) {
    for (const auto& [before, after] : test::AllContexts()) {
      test::Cuts found;
      test::Cuts expected;
      const std::string text = before + test::Utf8(c) + after;
      GetParam().by_scanner(text, &found);
      GetParam().by_scanner(before + unassigned + after, &expected);
      ASSERT_TRUE(test::SameCuts(text, found, expected, "a surrogate"));
    }
  }
}

FOR_EVERY_SCANNER(PretokenizerTest);

}  // namespace
}  // namespace tokenmeter::tokenizer
