// Foreign regular expressions against PCRE2: random expressions over random texts of few characters; what
// they refuse, and which ones are known. Over all of Unicode, splitter_test.cpp compares them with
// Oniguruma.
#include "tokenizer/expression.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <gtest/gtest.h>
#include <pcre2.h>

#include <random>
#include <string>
#include <vector>

namespace tokenmeter::tokenizer {
namespace {

using Random = std::mt19937_64;

class ByPcre2 {
 public:
  explicit ByPcre2(const std::string& pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error, &offset, nullptr);
    EXPECT_NE(code_, nullptr) << pattern;
    match_ = pcre2_match_data_create(64, nullptr);
  }
  ByPcre2(const ByPcre2&) = delete;
  ByPcre2& operator=(const ByPcre2&) = delete;
  ~ByPcre2() {
    pcre2_match_data_free(match_);
    pcre2_code_free(code_);
  }

  bool Find(std::string_view text, size_t from, size_t* start, size_t* end) const {
    const int matched = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from, 0,
                                    match_, nullptr);
    if (matched < 0) return false;
    *start = pcre2_get_ovector_pointer(match_)[0];
    *end = pcre2_get_ovector_pointer(match_)[1];
    return true;
  }

 private:
  pcre2_code* code_;
  pcre2_match_data* match_;
};

template <typename Choices>
std::string Pick(const Choices& choices, Random* random) {
  return choices[(*random)() % std::size(choices)];
}

std::string RandomSet(Random* random) {
  static const char* const kSets[] = {
      "a",   "b",   "A",      "\u00E9", "1",    " ",      "\\n",    "[ab]",         "[^a]",
      "\\s", "\\S", "\\p{L}", "\\d",    "[a1]", "(?i:a)", "\\p{N}", "[^\\s\\p{L}]", "."};
  return Pick(kSets, random);
}

std::string RandomExpression(int depth, Random* random) {
  static const char* const kQuantifiers[] = {"*",     "+",    "?",  "*?", "+?", "??",    "{2}",
                                             "{1,2}", "{2,}", "++", "*+", "?+", "{1,3}?"};
  static const char* const kLooks[] = {"(?!a)", "(?=a)", "(?!\\S)", "$", "\\z", "(?!\\n|$)", "(?=[^1]|$)"};
  const auto inner = [&] { return RandomExpression(depth - 1, random); };
  const auto quantified = [&](const std::string& what) {
    return what + ((*random)() % 2 == 0 ? Pick(kQuantifiers, random) : "");
  };
  if (depth == 0) return quantified(RandomSet(random));
  switch ((*random)() % 8) {
    case 0:
      return inner() + "|" + inner();
    case 1:
    case 2:
      return quantified("(?:" + inner() + ")");
    case 3:
      return quantified(RandomSet(random)) + Pick(kLooks, random);
    case 4:
      return (*random)() % 4 == 0 ? "(?>" + inner() + ")" + inner() : inner();
    default:
      return "(?:" + inner() + ")" + quantified(RandomSet(random)) + inner();
  }
}

std::string RandomText(Random* random) {
  static const char* const kCharacters[] = {"a", "a", "b", "A", "\u00E9", "1", " ", " ", "\n", "."};
  std::string text;
  for (size_t left = (*random)() % 12; left != 0; --left) text += Pick(kCharacters, random);
  return text;
}

// All matches, one behind the other, and from every place.
TEST(ExpressionTest, FindsWhatPcre2Finds) {
  Random random(1);
  int compiled = 0;
  int refused = 0;
  uint64_t matches = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string pattern = RandomExpression(static_cast<int>(random() % 4), &random);
    std::string program;
    try {
      program = CompileExpression(pattern, Dialect::kFancyRegex);
    } catch (const DefinitionError&) {
      ++refused;
      continue;
    }
    ++compiled;
    const Expression expression(program);
    const ByPcre2 expected(pattern);
    for (int j = 0; j < 20; ++j) {
      const std::string text = RandomText(&random);
      for (size_t from = 0; from <= text.size(); ++from) {
        if (from < text.size() && (text[from] & 0xC0) == 0x80) continue;
        size_t start = 0;
        size_t end = 0;
        size_t expected_start = 0;
        size_t expected_end = 0;
        const bool found = expression.Find(text, from, &start, &end);
        const bool is_expected = expected.Find(text, from, &expected_start, &expected_end);
        ASSERT_EQ(found, is_expected)
            << pattern << " in " << testing::PrintToString(text) << " from " << from;
        if (!found) continue;
        ++matches;
        ASSERT_EQ(start, expected_start)
            << pattern << " in " << testing::PrintToString(text) << " from " << from;
        ASSERT_EQ(end, expected_end) << pattern << " in " << testing::PrintToString(text) << " from "
                                     << from;
      }
    }
  }
  EXPECT_GT(compiled, 2'000) << refused;
  EXPECT_GT(matches, 100'000u);
}

// What is forgotten for want of room is found again.
TEST(ExpressionTest, ManyStatesAreForgotten) {
  const std::string pattern = "[ab]*a[ab]{14}c";
  const std::string program = CompileExpression(pattern);
  const Expression expression(program);
  const ByPcre2 expected(pattern);
  Random random(2);
  std::string text;
  while (text.size() < 40'000) text += random() % 1000 == 0 ? "c" : random() % 2 == 0 ? "a" : "b";
  size_t at = 0;
  for (size_t start, end; expected.Find(text, at, &start, &end); at = end) {
    size_t found_start = 0;
    size_t found_end = 0;
    ASSERT_TRUE(expression.Find(text, at, &found_start, &found_end));
    ASSERT_EQ(found_start, start);
    ASSERT_EQ(found_end, end);
  }
  EXPECT_GT(at, text.size() / 2);
}

TEST(ExpressionTest, BytesThatAreNoUtf8MatchNothing) {
  const std::string program = CompileExpression("[^x]");
  const Expression expression(program);
  size_t start = 0;
  size_t end = 0;
  EXPECT_FALSE(expression.Find("\xFF\xE2\x82x", 0, &start, &end));
  EXPECT_TRUE(expression.Find("\xE2\x82y", 0, &start, &end));
  EXPECT_EQ(start, 2u);
}

std::string ErrorOf(std::string_view pattern, Dialect dialect = Dialect::kOniguruma) {
  try {
    CompileExpression(pattern, dialect);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "none";
}

TEST(ExpressionTest, SaysWhatIsNotSupportedAndWhere) {
  const std::string regex = "regular expression: ";
  EXPECT_EQ(ErrorOf("\u00E9(?<=a)b"), regex + "look-behind (\"(?<=\") is not supported at character 2");
  EXPECT_EQ(ErrorOf("a(?=bc)"),
            regex + "look-ahead for other than one character (\"(?=bc)\") is not supported at character 2");
  EXPECT_EQ(ErrorOf("(a"), regex + "missing \")\" for the group at character 1");
  EXPECT_EQ(ErrorOf("a)"), regex + "unmatched \")\" at character 2");
  EXPECT_EQ(ErrorOf("[a"), regex + "missing \"]\" for the class at character 1");
  EXPECT_EQ(ErrorOf("\\p{Foo}"), regex + "property (\"\\p{Foo}\") is not supported at character 1");
  EXPECT_EQ(ErrorOf("\\bx"), regex + "escape (\"\\b\") is not supported at character 1");
  EXPECT_EQ(ErrorOf("^a"), regex + "anchor (\"^\") is not supported at character 1");
  EXPECT_EQ(ErrorOf("(a)\\1"), regex + "escape (\"\\1\") is not supported at character 4");
  EXPECT_EQ(ErrorOf("(a*)*"),
            regex + "repetition of what may be empty (\"(a*)*\") is not supported at character 1");
  EXPECT_EQ(ErrorOf("x{2000}"), regex + "repetition of more than 1000 at character 6");
  EXPECT_EQ(ErrorOf("+"), regex + "nothing to repeat at character 1");
  EXPECT_EQ(ErrorOf("a(?i)b"),
            regex + "change of flags within a sequence (\"(?i\") is not supported at character 2");
  EXPECT_EQ(ErrorOf("(?x: a)"), regex + "flag \"x\" (\"x\") is not supported at character 3");
  EXPECT_EQ(ErrorOf("(?i:ss)"),
            regex + "ignoring the case of \"ss\" (\"s\") is not supported at character 6");
  EXPECT_EQ(ErrorOf("(?i:ss)", Dialect::kFancyRegex), "none");
  EXPECT_EQ(ErrorOf("\xFF"), regex + "invalid UTF-8 at character 1");
}

TEST(ExpressionTest, IsLimited) {
  EXPECT_EQ(ErrorOf(std::string(70'000, 'a')), "regular expression is longer than 65536 bytes");
  EXPECT_EQ(ErrorOf(std::string(3'000, 'a')),
            "regular expression: more than 2000 elements at character 2001");
  EXPECT_EQ(ErrorOf("(?:x{1000}){1000}"), "regular expression is too large");
  EXPECT_NE(ErrorOf(std::string(60'000, '(')).find("nested too deeply"), std::string::npos);
  EXPECT_NE(ErrorOf(std::string(60'000, '[')).find("nested too deeply"), std::string::npos);
  std::string nested = "x";
  for (int i = 0; i < 40; ++i) nested += "{1000}";
  EXPECT_EQ(ErrorOf(nested), "regular expression is too large");
}

TEST(ExpressionTest, KnowsPatternsHoweverWritten) {
  const char* const gpt2 =
      R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s)";
  EXPECT_EQ(KnownPattern(gpt2, Dialect::kFancyRegex), Pattern::kGpt2);
  const char* const qwen2 =
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*)"
      R"(|\s*[\r\n]|\s+(?!\S)|\s+)";
  EXPECT_EQ(KnownPattern(qwen2, Dialect::kOniguruma), Pattern::kQwen2);
  EXPECT_EQ(KnownPattern(qwen2, Dialect::kFancyRegex), Pattern::kQwen2);
  const char* const cl100k =
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+)"
      R"(|\s*[\r\n]|\s+(?!\S)|\s)";
  EXPECT_EQ(KnownPattern(cl100k, Dialect::kFancyRegex), Pattern::kCl100k);
  // To Oniguruma, {1,3}+ is any number of digits.
  EXPECT_EQ(KnownPattern(cl100k, Dialect::kOniguruma), std::nullopt);
  // White space with a newline at the end of the text is one piece here, and two in cl100k.
  const char* const to_the_end =
      R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+)"
      R"(|\s++$|\s*[\r\n]|\s+(?!\S)|\s)";
  EXPECT_EQ(KnownPattern(to_the_end, Dialect::kFancyRegex), std::nullopt);
}

}  // namespace
}  // namespace tokenmeter::tokenizer
