// The scanners against the regular expressions they stand for, run by PCRE2: exhaustively over short
// strings of an alphabet that has each class of characters, and at random over longer ones. (PCRE2's
// Unicode tables may be of another version than ours; the alphabet's characters are old enough to be the
// same in all. Every code point is compared with the reference in tokenizer_test.cpp.)
#include "tokenizer/pretokenizer.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <gtest/gtest.h>
#include <pcre2.h>

#include <random>
#include <string>
#include <vector>

namespace tokenmeter::tokenizer {
namespace {

constexpr const char* kContraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";

std::string Expression(Pattern pattern) {
  const std::string head = R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])";
  const std::string tail = R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])";
  const std::string contraction = kContraction;
  switch (pattern) {
    case Pattern::kGpt2:
      return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
    case Pattern::kCl100k:
      return contraction + R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" +
             R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
    case Pattern::kO200k:
      return R"([^\r\n\p{L}\p{N}]?)" + head + "*" + tail + "+" + contraction + "?" +
             R"(|[^\r\n\p{L}\p{N}]?)" + head + "+" + tail + "*" + contraction + "?" +
             R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  }
  return "";
}

// A compiled expression that says where the match at a place ends.
class Regex {
 public:
  explicit Regex(const std::string& expression) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    code_ = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.c_str()), PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_ANCHORED, &error, &offset,
                          nullptr);
    EXPECT_NE(code_, nullptr) << "offset " << offset;
    pcre2_jit_compile(code_, PCRE2_JIT_COMPLETE);
    match_ = pcre2_match_data_create_from_pattern(code_, nullptr);
  }
  Regex(const Regex&) = delete;
  Regex& operator=(const Regex&) = delete;
  ~Regex() {
    pcre2_match_data_free(match_);
    pcre2_code_free(code_);
  }

  size_t MatchEnd(const std::string& text, size_t at) const {
    const int matched = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                    PCRE2_NO_UTF_CHECK, match_, nullptr);
    return matched > 0 ? pcre2_get_ovector_pointer(match_)[1] : std::string::npos;
  }

 private:
  pcre2_code* code_;
  pcre2_match_data* match_;
};

using Scan = const char* (*)(const char*, const char*, bool (*)());

struct Scanner {
  const char* name;
  Pattern pattern;
  Scan piece_end;
};

void PrintTo(const Scanner& scanner, std::ostream* out) { *out << scanner.name; }

class PretokenizerTest : public testing::TestWithParam<Scanner> {
 protected:
  // Every cut of the text, in order; false at the first that differs.
  bool SameCuts(const std::string& text) {
    const char* const begin = text.data();
    for (size_t at = 0; at < text.size();) {
      const size_t expected = regex_.MatchEnd(text, at);
      const size_t found = GetParam().piece_end(begin + at, begin + text.size(), nullptr) - begin;
      if (found != expected) {
        ADD_FAILURE() << testing::PrintToString(text) << " at " << at << ": " << found << ", not "
                      << expected;
        return false;
      }
      at = found;
    }
    return true;
  }

  Regex regex_{Expression(GetParam().pattern)};
};

// All classes, the characters the patterns name, and those that fold to them or look like them.
const std::vector<std::string> kAlphabet = {
    "a",          "s", "T", "L", "e", "'", " ", "\n", "\r", "/", "1", "!", "\t",
    "\u00A0",      // no-break space: White_Space
    "\u0085",      // next line: White_Space, no newline of the patterns
    "\u017F",      // long s: folds to s
    "\u01C5",      // titlecase letter
    "\u02B0",      // modifier letter
    "\u65E5",      // other letter
    "\u0301",      // combining mark
    "\u00BD",      // other number
    "\u2167",      // letter number
    "\U0001F600",  // emoji
    "\uFEFF",      // no White_Space
};

TEST_P(PretokenizerTest, AllStringsOfFourCharacters) {
  const size_t n = kAlphabet.size();
  for (size_t i = 0; i < n * n * n * n; ++i) {
    const std::string text =
        kAlphabet[i % n] + kAlphabet[i / n % n] + kAlphabet[i / n / n % n] + kAlphabet[i / n / n / n];
    if (!SameCuts(text)) return;
  }
}

TEST_P(PretokenizerTest, AllStringsOfSevenOverTheTrickiest) {
  const std::vector<std::string> letters = {"s", "S", "'", " ", "\n", "\u65E5", "\u0301"};
  const size_t n = letters.size();
  size_t total = 1;
  for (int i = 0; i < 7; ++i) total *= n;
  for (size_t i = 0; i < total; ++i) {
    std::string text;
    for (size_t rest = i, length = 0; length < 7; rest /= n, ++length) text += letters[rest % n];
    if (!SameCuts(text)) return;
  }
}

TEST_P(PretokenizerTest, RandomStrings) {
  std::mt19937_64 random(20250523);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    const size_t length = random() % 200;
    const size_t width = 2 + random() % (kAlphabet.size() - 1);  // few different ones make long runs
    const size_t first = random() % kAlphabet.size();
    for (size_t i = 0; i < length; ++i) {
      text += kAlphabet[(first + random() % width) % kAlphabet.size()];
    }
    if (!SameCuts(text)) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Scanners, PretokenizerTest,
                         testing::Values(Scanner{"gpt2", Pattern::kGpt2, PieceEnd<Pattern::kGpt2>},
                                         Scanner{"cl100k", Pattern::kCl100k, PieceEnd<Pattern::kCl100k>},
                                         Scanner{"o200k", Pattern::kO200k, PieceEnd<Pattern::kO200k>}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tokenmeter::tokenizer
