// Truncation against its definition: the longest of all prefixes of whole characters, each counted by
// itself.
#include "tokenizer/truncate.hpp"

#include <algorithm>
#include <random>

#include "oracle.hpp"
#include "texts.hpp"

namespace tokenmeter::test {
namespace {

using tokenizer::HasKnownPieces;
using tokenizer::Truncate;

constexpr const char* kEncodings[] = {"o200k_base", "cl100k_base", "p50k_base", "r50k_base"};

bool IsCharacterStart(std::string_view text, size_t at) {
  return at == text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
}

// At most so many bytes of the text, whole characters.
std::string FirstBytes(const std::string& text, size_t length) {
  length = std::min(length, text.size());
  while (!IsCharacterStart(text, length)) --length;
  return text.substr(0, length);
}

struct Prefix {
  size_t length;
  uint64_t count;
  bool operator==(const Prefix&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Prefix& prefix) {
  return out << prefix.length << " bytes, " << prefix.count << " tokens";
}

Prefix TruncateText(const TmEncoding* encoding, std::string_view text, uint64_t max_tokens) {
  TmTruncation known = {};
  TmError error;
  Prefix prefix = {};
  EXPECT_EQ(tm_truncate(encoding, text.data(), text.size(), false, max_tokens, nullptr, &known,
                        &prefix.length, &prefix.count, &error),
            TM_OK);
  return prefix;
}

// The same of a text that comes in parts.
Prefix TruncateParts(const TmEncoding* encoding, const std::string& text, uint64_t max_tokens,
                     size_t step) {
  TmTruncation known = {};
  TmError error;
  Prefix prefix = {};
  for (size_t length = std::min(step, text.size());; length = std::min(length + step, text.size())) {
    // Exactly the part's bytes, so that a sanitizer sees whoever reads behind them.
    const std::vector<char> part(text.begin(), text.begin() + static_cast<ptrdiff_t>(length));
    const TmStatus status = tm_truncate(encoding, part.data(), length, length < text.size(), max_tokens,
                                        nullptr, &known, &prefix.length, &prefix.count, &error);
    if (status == TM_OK) return prefix;
    EXPECT_EQ(status, TM_NEEDS_MORE);
    if (length == text.size()) return {};
  }
}

// The own counts of all prefixes of whole characters.
std::vector<Prefix> AllPrefixes(const TmEncoding* encoding, std::string_view text) {
  std::vector<Prefix> prefixes;
  for (size_t length = 0; length <= text.size(); ++length) {
    if (IsCharacterStart(text, length))
      prefixes.push_back({length, Count(encoding, text.substr(0, length))});
  }
  return prefixes;
}

Prefix Longest(const std::vector<Prefix>& prefixes, uint64_t max_tokens) {
  return *std::find_if(prefixes.rbegin(), prefixes.rend(),
                       [max_tokens](const Prefix& prefix) { return prefix.count <= max_tokens; });
}

// For random limits, in one part and in several.
void CompareWithDefinition(const char* name, const std::string& text, size_t limits, Random* random) {
  const TmEncoding* encoding = FindEncoding(name);
  const std::vector<Prefix> prefixes = AllPrefixes(encoding, text);
  const uint64_t whole = prefixes.back().count;
  for (size_t i = 0; i < limits; ++i) {
    const uint64_t max_tokens = (*random)() % (whole + 2);
    const Prefix expected = Longest(prefixes, max_tokens);
    ASSERT_EQ(TruncateText(encoding, text, max_tokens), expected)
        << name << ' ' << max_tokens << ": " << text;
    const size_t step = 1 + (*random)() % (text.size() + 1);
    ASSERT_EQ(TruncateParts(encoding, text, max_tokens, step), expected)
        << name << ' ' << max_tokens << ' ' << step << ": " << text;
  }
}

TEST(Truncate, ShortStringsOfEveryClass) {
  Random random(1);
  for (const char* name : kEncodings) {
    for (int i = 0; i < 4000 && !testing::Test::HasFatalFailure(); ++i) {
      std::string text;
      for (size_t left = 1 + random() % 12; left != 0; --left) {
        text += random() % 4 == 0 ? "'" : kEveryClass[random() % kEveryClass.size()];
      }
      CompareWithDefinition(name, text, 3, &random);
    }
  }
}

TEST(Truncate, RandomTexts) {
  Random random(2);
  for (int i = 0; i < 700; ++i) {
    const Strings alphabet = RandomAlphabet(&random);
    const std::string text = FirstBytes(RandomText(alphabet, &random), 1200);
    for (const char* name : kEncodings) {
      CompareWithDefinition(name, text, 4, &random);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

// Pieces much longer than any token, and texts that are one piece or another as they go on.
TEST(Truncate, LongPieces) {
  Random random(3);
  const std::vector<Strings> alphabets = {{"a"},
                                          {" "},
                                          {"-"},
                                          {"\n"},
                                          {"1"},
                                          {"\u65E5"},
                                          {"\u0301"},
                                          {"a", "b"},
                                          {"a", "e", "i", "n", "r", "s", "t"},
                                          {"A", "C", "G", "T"},
                                          {"1", "2", "3", "7", "0"},
                                          {"=", "-", "*", "#"},
                                          {" ", " ", " ", " ", " ", "\t", "\n"},
                                          {"  ", "    ", "\u00A0", "\r\n"},
                                          {"A", "B", "C", "\u65E5"},
                                          {"A", "N", "T", "\u0301"},
                                          {"A", "N", "T", "a"},
                                          {"\u0E01", "\u0E49", "\u0E32", "\u0E19"},
                                          {"\u65E5", "\u672C", "\u8A9E", "\u7684"},
                                          {"\u0434", "\u0430", "\u0442", "\u043E"},
                                          {"\U0001F468", "\u200D", "\U0001F469", "\U0001F3FD"},
                                          {"/", "/", "\n", "."}};
  for (const Strings& alphabet : alphabets) {
    for (int i = 0; i < 4; ++i) {
      std::string text = i % 2 == 0 ? "" : "Well, here ";
      const size_t length = 300 + random() % 600;
      while (text.size() < length) {
        const std::string& character = alphabet[random() % alphabet.size()];
        const size_t times = i < 2 || random() % 8 != 0 ? 1 : random() % 300;
        for (size_t j = 0; j < times; ++j) text += character;
      }
      text = FirstBytes(text, 900) + kFollowing[random() % kFollowing.size()];
      for (const char* name : kEncodings) {
        CompareWithDefinition(name, text, 5, &random);
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Truncate, Corpus) {
  Random random(4);
  for (const char* name : kEncodings) {
    const TmEncoding* encoding = FindEncoding(name);
    for (const char* file : {"english", "code", "chinese", "japanese", "russian", "arabic", "emoji"}) {
      const std::string text = ReadFile(std::string("corpus/") + file + ".txt");
      for (int i = 0; i < 4; ++i) {
        size_t start = random() % (text.size() - 50000);
        while (!IsCharacterStart(text, start)) ++start;
        const std::string part = FirstBytes(text.substr(start, 50000), 50000);
        const uint64_t max_tokens = random() % 4000;
        const Prefix found = TruncateText(encoding, part, max_tokens);
        EXPECT_EQ(Count(encoding, part.substr(0, found.length)), found.count);
        EXPECT_LE(found.count, max_tokens);
        EXPECT_EQ(TruncateParts(encoding, part, max_tokens, 5000), found);
        // Prefixes this much longer never have fewer tokens in real text.
        for (size_t length = found.length + 1; length < std::min(part.size(), found.length + 150);
             ++length) {
          if (!IsCharacterStart(part, length)) continue;
          ASSERT_GT(Count(encoding, part.substr(0, length)), max_tokens) << name << file << start;
        }
      }
    }
  }
}

// Where nothing is known of the encoding, the answer is within the limit, and mostly the longest.
TEST(Truncate, WithoutKnownPieces) {
  Random random(5);
  size_t longest = 0;
  size_t total = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string text = FirstBytes(RandomText(RandomAlphabet(&random), &random), 1500);
    for (const char* name : kEncodings) {
      const TmEncoding* encoding = FindEncoding(name);
      const std::vector<Prefix> prefixes = AllPrefixes(encoding, text);
      const uint64_t max_tokens = random() % (prefixes.back().count + 2);
      TmTruncation known = {};
      TmError error;
      Prefix found = {};
      ASSERT_EQ(Truncate(*encoding, false, text, false, max_tokens, nullptr, &known, &found.length,
                         &found.count, &error),
                TM_OK);
      ASSERT_EQ(Count(encoding, text.substr(0, found.length)), found.count);
      ASSERT_LE(found.count, max_tokens);
      longest += found == Longest(prefixes, max_tokens);
      ++total;
    }
  }
  EXPECT_GE(longest * 100, total * 99);
}

TEST(Truncate, Limits) {
  const TmEncoding* encoding = FindEncoding("o200k_base");
  EXPECT_EQ(TruncateText(encoding, "", 0), (Prefix{0, 0}));
  EXPECT_EQ(TruncateText(encoding, "", 9), (Prefix{0, 0}));
  EXPECT_EQ(TruncateText(encoding, "a b c", 0), (Prefix{0, 0}));
  EXPECT_EQ(TruncateText(encoding, "a b c", 3), (Prefix{5, 3}));
  EXPECT_EQ(TruncateText(encoding, "a b c", UINT64_MAX), (Prefix{5, 3}));
  // No single token is a whole character of it.
  EXPECT_EQ(TruncateText(encoding, "\U000F0000 x", 1), (Prefix{0, 0}));
}

// However often it is cancelled, the answer is the same, and what is settled is not counted again.
TEST(Truncate, GoesOnAfterACancel) {
  static Random random(7);
  static int cancels;
  // A long piece would be begun again for ever.
  const auto now_and_then = [] { return cancels < 100 && random() % 3 == 0; };
  const TmEncoding* encoding = FindEncoding("o200k_base");
  const std::string text = ReadFile("corpus/english.txt").substr(0, 2'500'000);
  const Prefix expected = TruncateText(encoding, text, 500'000);
  TmTruncation known = {};
  Prefix found = {};
  for (TmStatus status = TM_CANCELLED; status != TM_OK; ++cancels) {
    TmError error;
    const uint64_t before = known.last.offset;
    status = tm_truncate(encoding, text.data(), text.size(), false, 500'000, now_and_then, &known,
                         &found.length, &found.count, &error);
    ASSERT_TRUE(status == TM_OK || status == TM_CANCELLED);
    EXPECT_GE(known.last.offset, before);
    if (status == TM_CANCELLED) {
      EXPECT_EQ(error.offset, known.last.offset);
    }
  }
  EXPECT_EQ(cancels, 101);
  EXPECT_EQ(found, expected);
}

TEST(Tail, FitsAndIsNearlyTheLongest) {
  Random random(6);
  size_t longest = 0;
  size_t total = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string text = FirstBytes(RandomText(RandomAlphabet(&random), &random), 800);
    for (const char* name : kEncodings) {
      const TmEncoding* encoding = FindEncoding(name);
      const uint64_t max_tokens = random() % (Count(encoding, text) + 2);
      size_t start = 0;
      TmError error;
      ASSERT_EQ(tm_tail(encoding, text.data(), text.size(), max_tokens, nullptr, &start, &error), TM_OK);
      ASSERT_TRUE(IsCharacterStart(text, start));
      ASSERT_LE(Count(encoding, text.substr(start)), max_tokens);
      size_t first = 0;
      while (!IsCharacterStart(text, first) || Count(encoding, text.substr(first)) > max_tokens) ++first;
      longest += first == start;
      ++total;
    }
  }
  EXPECT_GE(longest * 100, total * 99);
}

}  // namespace
}  // namespace tokenmeter::test
