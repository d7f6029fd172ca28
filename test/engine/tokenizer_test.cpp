// The tokenizer against the reference: what npm's tiktoken says of real text, of nasty strings, of random
// strings and of every code point (test/data/oracle, made by make_expected.mjs).
#include "tokenizer/tokenizer.h"

#include <nlohmann/json.hpp>

#include "cpu_paths.hpp"
#include "oracle.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::test {
namespace {

using Json = nlohmann::json;

std::vector<Json> ReadJsonLines(const std::string& name) {
  std::vector<Json> lines;
  std::istringstream text(ReadFile(name));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

// The rows of a tab-separated file; lines that start with # are comments.
std::vector<std::vector<std::string>> ReadRows(const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream text(ReadFile(name));
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line.front() == '#') continue;
    auto& row = rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, '\t');) row.push_back(field);
  }
  return rows;
}

std::string CountAndHash(const std::vector<uint32_t>& tokens) {
  TokenHash hash;
  hash.Add(tokens);
  return std::to_string(tokens.size()) + ":" + hash.Hex();
}

TEST(TokenizerOracle, NastyStrings) {
  const std::vector<Json> cases = ReadJsonLines("oracle/nasty.jsonl");
  ASSERT_GE(cases.size(), 500u);
  for (const Json& c : cases) {
    const std::string text = c["text"];
    for (const auto& [name, expected] : c["ids"].items()) {
      for (const std::string& alike : EncodingsLike(name)) {
        const TmEncoding* encoding = FindEncoding(alike);
        const auto tokens = Encode(encoding, text);
        EXPECT_EQ(tokens, expected.get<std::vector<uint32_t>>()) << alike << ": " << c["name"];
        EXPECT_EQ(Count(encoding, text), tokens.size()) << alike << ": " << c["name"];
        EXPECT_EQ(Decode(encoding, tokens), text) << alike << ": " << c["name"];
      }
    }
  }
}

TEST(TokenizerOracle, RandomStrings) {
  const std::vector<Json> cases = ReadJsonLines("oracle/random.jsonl");
  ASSERT_GE(cases.size(), 10000u);
  for (const Json& c : cases) {
    const std::string text = c["text"];
    for (const auto& [name, expected] : c["expect"].items()) {
      const TmEncoding* encoding = FindEncoding(name);
      const auto tokens = Encode(encoding, text);
      ASSERT_EQ(CountAndHash(tokens), expected.get<std::string>())
          << name << ": " << Json(text).dump(-1, ' ', true);
      ASSERT_EQ(Count(encoding, text), tokens.size());
      ASSERT_EQ(Decode(encoding, tokens), text);
    }
  }
}

// The contexts of the files, by their index, with X for the code point.
const std::vector<std::pair<std::string, std::string>> kContexts = {
    {"", ""},
    {"a", "b"},
    {"A ", "b"},
    {"1", "2"},
    {" '", "s"},
    {".", "\n"},
    {"\n", " "},
    {"", ""},  // index 7: XX
    // Of a class by itself: `亚洲AV` is one token of o200k_base, one of the few with a capital after a
    // caseless letter.
    {"", "'s"},
    {"", "123"},
    {"  ", ""},
    {"亚洲AV", ""},
    {"", "亚洲AVb"}};
constexpr size_t kTwice = 7;

void CompareEveryCodePoint(const std::string& file, size_t block_count) {
  constexpr uint32_t kBlockSize = 1024;
  size_t blocks = 0;
  for (const auto& row : ReadRows(file)) {
    ASSERT_EQ(row.size(), 5u);
    const TmEncoding* encoding = FindEncoding(row[0]);
    const size_t context = std::stoul(row[1]);
    const auto first = static_cast<uint32_t>(std::stoul(row[2], nullptr, 16));
    TokenHash hash;
    uint64_t total = 0;
    for (uint32_t c = std::max(first, 1u); c < first + kBlockSize; ++c) {
      const std::string text = kContexts.at(context).first + Utf8(c) + (context == kTwice ? Utf8(c) : "") +
                               kContexts.at(context).second;
      const auto tokens = Encode(encoding, text);
      hash.Add(static_cast<uint32_t>(tokens.size()));
      hash.Add(tokens);
      total += tokens.size();
    }
    EXPECT_EQ(std::to_string(total), row[3]) << row[0] << " context " << row[1] << " from U+" << row[2];
    EXPECT_EQ(hash.Hex(), row[4]) << row[0] << " context " << row[1] << " from U+" << row[2];
    ++blocks;
  }
  EXPECT_EQ(blocks, block_count);
}

// Four encodings, so many contexts, the blocks without those of surrogates.
TEST(TokenizerOracle, EveryCodePoint) { CompareEveryCodePoint("oracle/code_points.tsv", 4 * 8 * 1086); }

TEST(TokenizerOracle, ClassOfEveryCodePoint) {
  CompareEveryCodePoint("oracle/code_point_classes.tsv", 4 * 5 * 1086);
}

TEST(TokenizerOracle, Corpus) {
  std::string name;
  std::string text;
  size_t bytes = 0;
  for (const auto& row : ReadRows("oracle/corpus.tsv")) {
    ASSERT_EQ(row.size(), 6u);
    if (row[0] != name) {
      name = row[0];
      text = ReadFile("corpus/" + name);
    }
    const std::string chunk = text.substr(std::stoul(row[1]), std::stoul(row[2]));
    for (const std::string& alike : EncodingsLike(row[3])) {
      const TmEncoding* encoding = FindEncoding(alike);
      const auto tokens = Encode(encoding, chunk);
      EXPECT_EQ(CountAndHash(tokens), row[4] + ":" + row[5]) << alike << ", " << name << " at " << row[1];
      EXPECT_EQ(Decode(encoding, tokens), chunk);
      OnEveryCpuPath([&](const char* path) { EXPECT_EQ(Count(encoding, chunk), tokens.size()) << path; });
    }
    if (row[3] == "o200k_base") bytes += chunk.size();
  }
  EXPECT_GE(bytes, 10'000'000u);
}

TEST(Tokenizer, KnowsTheSevenEncodings) {
  std::vector<std::string> names;
  for (size_t i = 0; const TmEncoding* encoding = tm_encoding_at(i); ++i) {
    names.push_back(tm_encoding_name(encoding));
    EXPECT_EQ(FindEncoding(names.back()), encoding);
  }
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"cl100k_base", "gpt2", "o200k_base", "o200k_harmony",
                                             "p50k_base", "p50k_edit", "r50k_base"}));
  EXPECT_EQ(tm_encoding_find("o200k", 5), nullptr);
  EXPECT_EQ(tm_encoding_find("", 0), nullptr);
}

TEST(Tokenizer, EmptyTextHasNoTokens) { EXPECT_EQ(Count(FindEncoding("gpt2"), ""), 0u); }

TEST(Tokenizer, SpecialTokensDecodeToTheirText) {
  const auto text = [](const char* encoding, uint32_t token) {
    return Decode(FindEncoding(encoding), {token});
  };
  EXPECT_EQ(text("gpt2", 50256), "<|endoftext|>");
  EXPECT_EQ(text("p50k_edit", 50283), "<|fim_suffix|>");
  EXPECT_EQ(text("cl100k_base", 100276), "<|endofprompt|>");
  EXPECT_EQ(text("o200k_base", 199999), "<|endoftext|>");
  EXPECT_EQ(text("o200k_harmony", 200008), "<|message|>");
  EXPECT_EQ(text("o200k_harmony", 201087), "<|reserved_201087|>");
  const char* bytes = nullptr;
  EXPECT_EQ(tm_token_bytes(FindEncoding("o200k_base"), 200008, &bytes), 0u);
  EXPECT_EQ(tm_token_bytes(FindEncoding("p50k_base"), 50281, &bytes), 0u);
  EXPECT_EQ(tm_token_bytes(FindEncoding("p50k_base"), 0xFFFFFFFF, &bytes), 0u);
}

// Bytes that are not UTF-8 must do no harm, and still decode to themselves.
TEST(Tokenizer, InvalidUtf8) {
  uint64_t state = 1;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    for (int i = 0; i < 64; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      bytes.push_back(static_cast<char>(state >> 56));
    }
    for (size_t i = 0; const TmEncoding* encoding = tm_encoding_at(i); ++i) {
      const auto tokens = Encode(encoding, bytes);
      ASSERT_EQ(Decode(encoding, tokens), bytes);
      ASSERT_EQ(Count(encoding, bytes), tokens.size());
    }
  }
}

TEST(Tokenizer, TooFewPlacesForTheTokens) {
  const std::string_view text = "one two three";
  uint32_t tokens[2];
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(
      tm_encode(FindEncoding("o200k_base"), text.data(), text.size(), nullptr, tokens, 2, &count, &error),
      TM_TOO_MANY);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(error.offset, std::string_view("one two").size());
}

// The flag is seen between pieces, within the scan of a long piece, and within its merging.
TEST(Tokenizer, CancelStopsEveryStage) {
  static int polls_left;
  const auto cancelled = [] { return polls_left-- <= 0; };
  const std::string many_pieces(1 << 20, '1');
  const std::string one_piece(1 << 20, 'x');
  for (size_t i = 0; const TmEncoding* encoding = tm_encoding_at(i); ++i) {
    for (const std::string& text : {many_pieces, one_piece}) {
      for (int polls : {0, 1, 3, 10, 14}) {
        polls_left = polls;
        uint64_t count = 0;
        TmError error;
        ASSERT_EQ(tm_count(encoding, text.data(), text.size(), cancelled, &count, &error), TM_CANCELLED)
            << tm_encoding_name(encoding) << ", " << polls << " polls";
        ASSERT_LT(error.offset, text.size());
      }
    }
  }
}

// What was done until a cancel is whole pieces: going on behind it gives the same tokens.
TEST(Tokenizer, CountingGoesOnAfterACancel) {
  static int polls;
  static int cancels;
  // The last piece is so long that it would be begun again for ever.
  const auto every_third = [] { return cancels < 100 && ++polls % 3 == 0; };
  std::string text;
  for (int i = 0; i < 40000; ++i) text += "Hello, world! 日本語 don't\n  " + std::to_string(i);
  text += std::string(100000, 'x');
  for (size_t i = 0; const TmEncoding* encoding = tm_encoding_at(i); ++i) {
    std::vector<uint32_t> tokens(text.size());
    uint64_t total = 0;
    cancels = 0;
    for (size_t done = 0; done < text.size();) {
      uint64_t count = 0;
      TmError error;
      const TmStatus status = tm_encode(encoding, text.data() + done, text.size() - done, every_third,
                                        tokens.data() + total, tokens.size() - total, &count, &error);
      ASSERT_TRUE(status == TM_OK || status == TM_CANCELLED);
      cancels += status == TM_CANCELLED;
      done += error.offset;
      total += count;
    }
    tokens.resize(total);
    EXPECT_EQ(cancels, 100);
    EXPECT_EQ(tokens, Encode(encoding, text)) << tm_encoding_name(encoding);
  }
}

TEST(Tokenizer, ExceptionEndsAtTheDoor) {
  TmError error;
  EXPECT_EQ(tm_fail_for_test(&error), TM_INTERNAL);
  EXPECT_STREQ(error.message, "thrown for a test");
}

}  // namespace
}  // namespace tokenmeter::test
