// A text counted in parts has the count of the whole, wherever it is cut.
#include <random>
#include <utility>

#include "oracle.hpp"

namespace tokenmeter::test {
namespace {

// Counts the text in parts of lengths that `next_length` gives; what is not taken comes again.
template <typename NextLength>
uint64_t CountInParts(const TmEncoding* encoding, std::string_view text, NextLength next_length) {
  uint64_t total = 0;
  size_t length = 0;
  for (;;) {
    length = std::min(length + next_length(), text.size());
    uint64_t count = 0;
    TmError error;
    const bool last = length == text.size();
    // Exactly the part's bytes, so that a sanitizer sees whoever reads behind them.
    const std::vector<char> part(text.begin(), text.begin() + static_cast<ptrdiff_t>(length));
    EXPECT_EQ(tm_count_part(encoding, part.data(), length, !last, nullptr, &count, &error), TM_OK);
    total += count;
    if (last) return total;
    EXPECT_LE(error.offset, length);
    EXPECT_EQ(error.offset == 0, count == 0);
    text.remove_prefix(error.offset);
    length -= error.offset;
  }
}

constexpr const char* kEncodings[] = {"o200k_base", "cl100k_base", "r50k_base"};

TEST(Parts, AnyCutOfShortTexts) {
  std::vector<std::string> texts = {
      "I'll don't WE'VE she'd 'tis x'l",
      "  two   spaces \r\n\r\n  \n x  ",
      "12345 6 ½ⅧⅨ٣٤٥٦7",
      "日本語 привет naïve ÅÉ e\u0301\u0301 \u00a0\u2003x",
      "!!!/// --\n\n/ \u017f'\u017f l'\u017f",
      "👩‍👩‍👧 😀😀\U0010FFFF",
      "\xE6\x97 \xFF\xC3( \xF0\x9F\x98",
      "HTTPServer fooBarBAZ ABCdef ǅǅ ㋿ªª",
  };
  for (size_t i = 0; i < 8; ++i) texts.push_back(texts[i] + texts[(i + 3) % 8]);
  for (const char* name : kEncodings) {
    const TmEncoding* encoding = FindEncoding(name);
    for (const std::string& text : texts) {
      const uint64_t whole = Count(encoding, text);
      for (size_t step = 1; step <= text.size(); ++step) {
        ASSERT_EQ(CountInParts(encoding, text, [step] { return step; }), whole) << name << text << step;
      }
      for (size_t first = 1; first < text.size(); ++first) {
        size_t next = first;
        ASSERT_EQ(CountInParts(encoding, text, [&] { return std::exchange(next, text.size()); }), whole)
            << name << text << first;
      }
    }
  }
}

TEST(Parts, CorpusInPartsOfAnyLength) {
  std::mt19937 random(20);
  for (const char* name : kEncodings) {
    const TmEncoding* encoding = FindEncoding(name);
    for (const char* file : {"english", "code", "chinese", "japanese", "russian", "arabic", "emoji"}) {
      const std::string text = ReadFile(std::string("corpus/") + file + ".txt").substr(0, 300000);
      const uint64_t whole = Count(encoding, text);
      for (size_t longest : {100, 1000, 20000}) {
        std::uniform_int_distribution<size_t> length(1, longest);
        ASSERT_EQ(CountInParts(encoding, text, [&] { return length(random); }), whole)
            << name << ' ' << file << ' ' << longest;
      }
    }
  }
}

TEST(Parts, NothingIsSettledOfOnePiece) {
  for (const char* name : kEncodings) {
    for (char c : {'a', ' ', '-', '\n'}) {
      const std::string text(100000, c);
      uint64_t count = 1;
      TmError error;
      ASSERT_EQ(tm_count_part(FindEncoding(name), text.data(), text.size(), true, nullptr, &count, &error),
                TM_OK);
      EXPECT_EQ(count, 0u);
      EXPECT_EQ(error.offset, 0u);
    }
  }
}

}  // namespace
}  // namespace tokenmeter::test
