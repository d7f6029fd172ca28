// What is remembered of whole texts: the hash is SipHash, and no count is ever another text's.
#include "tokenizer/recent_texts.hpp"

#include <array>
#include <thread>

#include "oracle.hpp"

namespace tokenmeter::test {
namespace {

using tokenizer::Hash128;
using tokenizer::RecentText;
using tokenizer::SipHash128;
using tokenizer::SipKey;
using tokenizer::TextTable;

// Switched off again at the end: the other tests are to count.
class RecentTexts : public testing::Test {
 protected:
  RecentTexts() { tm_remember_texts(1024); }
  ~RecentTexts() override { tm_remember_texts(0); }

  // A text long enough to be remembered; each seed makes its own, some of the same length.
  static std::string LongText(int seed) {
    std::string text;
    while (text.size() < RecentText::kShortest) text += "text " + std::to_string(seed % 10) + ", ";
    return text + std::to_string(seed);
  }

  // What the memory says of a text; 0 for nothing.
  static uint64_t Remembered(std::string_view encoding, std::string_view text) {
    uint64_t count = 0;
    RecentText(*FindEncoding(encoding), text).Find(&count);
    return count;
  }

  // Makes the memory hold what no counting could give, so that an answer shows where it came from.
  static void Pretend(std::string_view encoding, std::string_view text, uint64_t count) {
    RecentText(*FindEncoding(encoding), text).Remember(count);
  }
};

// The authors' vectors of SipHash-2-4 with 128 bits, for the key 00 01 .. 0f and the inputs 00 01 .. of
// some lengths.
TEST(SipHash, PublishedVectors) {
  struct Vector {
    size_t length;
    std::array<uint8_t, 16> hash;
  };
  constexpr Vector kVectors[] = {
      {0, {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93}},
      {59,
       {0x9f, 0xec, 0xde, 0x1c, 0xef, 0xdc, 0x1c, 0xbe, 0xd4, 0x76, 0x36, 0x74, 0xd9, 0x57, 0x53, 0x59}},
      {60,
       {0xe3, 0x04, 0x0c, 0x00, 0xeb, 0x28, 0xf1, 0x53, 0x66, 0xca, 0x73, 0xcb, 0xd8, 0x72, 0xe7, 0x40}},
      {61,
       {0x76, 0x97, 0x00, 0x9a, 0x6a, 0x83, 0x1d, 0xfe, 0xcc, 0xa9, 0x1c, 0x59, 0x93, 0x67, 0x0f, 0x7a}},
      {62,
       {0x58, 0x53, 0x54, 0x23, 0x21, 0xf5, 0x67, 0xa0, 0x05, 0xd5, 0x47, 0xa4, 0xf0, 0x47, 0x59, 0xbd}},
      {63,
       {0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c}},
  };
  const SipKey key = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
  std::string input;
  for (int i = 0; i < 64; ++i) input.push_back(static_cast<char>(i));
  for (const Vector& vector : kVectors) {
    Hash128 expected = {};
    for (size_t i = 0; i < 8; ++i) {
      expected.low |= uint64_t{vector.hash[i]} << 8 * i;
      expected.high |= uint64_t{vector.hash[8 + i]} << 8 * i;
    }
    EXPECT_EQ((SipHash128<2, 4>(key).Finish(input.data(), vector.length)), expected) << vector.length;
    if (vector.length < 8) continue;
    SipHash128<2, 4> by_words(key);
    by_words.Add(0x0706050403020100);
    EXPECT_EQ(by_words.Finish(input.data() + 8, vector.length - 8), expected) << vector.length;
  }
}

// A change of any one bit changes both halves.
TEST(SipHash, EveryBitCounts) {
  std::string text(4096, 'x');
  const SipKey key = {1, 2};
  const auto hash = [&] { return SipHash128<1, 3>(key).Finish(text.data(), text.size()); };
  const Hash128 before = hash();
  for (size_t bit = 0; bit < 8 * text.size(); ++bit) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
    const Hash128 after = hash();
    ASSERT_TRUE(after.low != before.low && after.high != before.high) << bit;
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ 1 << bit % 8);
  }
}

TEST(TextTable, ForgetsTheLeastRecentlyUsed) {
  TextTable table(TextTable::kBucket);
  for (uint64_t i = 0; i < TextTable::kBucket; ++i) table.Remember({i, i}, i);
  ASSERT_NE(table.Find({0, 0}), nullptr);
  table.Remember({9, 9}, 9);
  EXPECT_NE(table.Find({0, 0}), nullptr) << "was asked for";
  EXPECT_EQ(table.Find({1, 1}), nullptr) << "was not, and is the oldest";
  ASSERT_NE(table.Find({9, 9}), nullptr);
  EXPECT_EQ(*table.Find({9, 9}), 9u);
  EXPECT_EQ(table.Find({9, 8}), nullptr);
  EXPECT_EQ(table.Find({8, 9}), nullptr);
}

TEST(TextTable, HoldsAnyCount) {
  TextTable table(1);
  table.Remember({0, 0}, 0);
  table.Remember({1, 0}, UINT64_MAX);
  ASSERT_NE(table.Find({0, 0}), nullptr);
  EXPECT_EQ(*table.Find({0, 0}), 0u);
  EXPECT_EQ(*table.Find({1, 0}), UINT64_MAX);
}

TEST_F(RecentTexts, TheSecondCountIsRemembered) {
  const std::string text = LongText(1);
  const uint64_t count = Count(FindEncoding("o200k_base"), text);
  EXPECT_EQ(Remembered("o200k_base", text), count);
  Pretend("o200k_base", text, 123456789012);
  TmError error;
  uint64_t pretended = 0;
  EXPECT_EQ(tm_count(FindEncoding("o200k_base"), text.data(), text.size(), nullptr, &pretended, &error),
            TM_OK);
  EXPECT_EQ(pretended, 123456789012u);
  EXPECT_EQ(error.offset, text.size());
  EXPECT_EQ(Encode(FindEncoding("o200k_base"), text).size(), count) << "encoding asks no memory";
}

TEST_F(RecentTexts, CountsBelongToVocabularyAndPattern) {
  const std::string text = LongText(1);
  Pretend("p50k_base", text, 42);
  EXPECT_EQ(Remembered("p50k_edit", text), 42u);
  for (const char* other : {"r50k_base", "gpt2", "cl100k_base", "o200k_base"}) {
    EXPECT_EQ(Remembered(other, text), 0u) << other;
  }
  // The same vocabulary, cut into pieces by another pattern.
  TmEncoding other_pattern = *FindEncoding("p50k_base");
  other_pattern.pattern = tokenizer::Pattern::kO200k;
  uint64_t count = 0;
  EXPECT_FALSE(RecentText(other_pattern, text).Find(&count));
}

TEST_F(RecentTexts, OnlyLongTexts) {
  const TmEncoding* encoding = FindEncoding("o200k_base");
  for (size_t length : {size_t{0}, RecentText::kShortest - 1, RecentText::kLongest + 1}) {
    const std::string text(length, ' ');
    Count(encoding, text);
    EXPECT_EQ(Remembered("o200k_base", text), 0u) << length;
  }
  for (size_t length : {RecentText::kShortest, RecentText::kLongest}) {
    const std::string text(length, ' ');
    Count(encoding, text);
    EXPECT_NE(Remembered("o200k_base", text), 0u) << length;
  }
}

TEST_F(RecentTexts, ACancelledCountIsNotRemembered) {
  std::string text;
  while (text.size() < 300000) text += LongText(1) + "\n";
  static int polls;
  polls = 0;
  uint64_t count = 0;
  TmError error;
  ASSERT_EQ(tm_count(
                FindEncoding("o200k_base"), text.data(), text.size(), [] { return ++polls == 3; }, &count,
                &error),
            TM_CANCELLED);
  ASSERT_GT(count, 0u);
  EXPECT_EQ(Remembered("o200k_base", text), 0u);
}

TEST_F(RecentTexts, ManyTextsInLittleRoom) {
  const TmEncoding* encoding = FindEncoding("cl100k_base");
  for (size_t capacity : {0, 1, 5, 64, 4096}) {
    tm_remember_texts(capacity);
    for (int round = 0; round < 2; ++round) {
      for (int seed = 0; seed < 500; ++seed) {
        const std::string text = LongText(seed);
        ASSERT_EQ(Count(encoding, text), Encode(encoding, text).size()) << capacity << ", " << seed;
      }
    }
  }
}

TEST_F(RecentTexts, AnotherCapacityForgetsAll) {
  const std::string text = LongText(1);
  Count(FindEncoding("o200k_base"), text);
  ASSERT_NE(Remembered("o200k_base", text), 0u);
  tm_remember_texts(1024);
  EXPECT_EQ(Remembered("o200k_base", text), 0u);
}

TEST_F(RecentTexts, EachThreadHasItsOwn) {
  const std::string text = LongText(1);
  Pretend("o200k_base", text, 1);
  std::thread([&] { EXPECT_EQ(Remembered("o200k_base", text), 0u); }).join();
  EXPECT_EQ(Remembered("o200k_base", text), 1u);
}

}  // namespace
}  // namespace tokenmeter::test
