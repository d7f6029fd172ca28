// Merging against its definition, and the facts that encoding by windows rests on (bpe.hpp):
//   1. Uniqueness is the definition's: every step is determined. Any run of an encoding's tokens encodes
//      its own bytes, because no merge crossed its edges, so the merges within it were the same alone.
//   2. If each two neighbours encode to themselves, so does the sequence: the first merge to cross an edge
//      would be the lowest pair of all, so also the lowest within those two neighbours, which it cannot.
//   3. Follows: up to the shared token all neighbours stand in the first encoding, from it on in the other.
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "cpu_paths.hpp"
#include "oracle.hpp"
#include "tokenizer/builtin.hpp"
#include "tokenizer/piece_encoder.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Tokens = std::vector<TokenId>;

struct Output {
  const Vocabulary& vocabulary;
  Tokens tokens;
  void Add(const TokenRun& run) {
    const size_t before = tokens.size();
    run.Visit(vocabulary, [this](TokenId token) { tokens.push_back(token); });
    EXPECT_EQ(tokens.size() - before, run.count());
  }
  void Clear() { tokens.clear(); }
};

Tokens EncodePiece(const Vocabulary& vocabulary, const std::string& piece) {
  PieceEncoder encoder(vocabulary, nullptr);
  Output output{vocabulary, {}};
  EXPECT_TRUE(encoder.Encode(piece.data(), piece.size(), &output));
  return output.tokens;
}

Tokens MergePiece(const Vocabulary& vocabulary, BpeEncoder* encoder, const std::string& piece) {
  Output output{vocabulary, {}};
  EXPECT_TRUE(encoder->Merge(piece.data(), piece.size(), &output));
  return output.tokens;
}

// The definition, word by word, with bytes instead of the pair table: quadratic.
Tokens EncodeByDefinition(const Vocabulary& vocabulary, const std::string& piece) {
  std::vector<std::string> parts;
  for (char c : piece) parts.emplace_back(1, c);
  for (;;) {
    TokenId lowest = kNoToken;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const std::string both = parts[i] + parts[i + 1];
      const TokenId token = vocabulary.FindToken(both.data(), both.size());
      if (token < lowest) {
        lowest = token;
        at = i;
      }
    }
    if (lowest == kNoToken) break;
    parts[at] += parts[at + 1];
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(at) + 1);
  }
  Tokens tokens;
  for (const std::string& part : parts) tokens.push_back(vocabulary.FindToken(part.data(), part.size()));
  return tokens;
}

std::string RandomText(std::mt19937_64* random, std::string_view alphabet, size_t length) {
  std::string text;
  while (text.size() < length) text += alphabet[(*random)() % alphabet.size()];
  return text;
}

constexpr std::string_view kAlphabets[] = {"a",
                                           "ab",
                                           "-",
                                           " ",
                                           "-=*_#",
                                           "aeinrst",
                                           "0123456789",
                                           "abcdefghijklmnopqrstuvwxyz",
                                           "\xE6\x97\xA5\x9C\xAC"};

TEST(PieceEncoder, FollowsTheDefinition) {
  std::mt19937_64 random(1);
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    for (std::string_view alphabet : kAlphabets) {
      for (size_t length : {2, 3, 7, 20, 47, 48, 49, 120, 700}) {
        const std::string piece = RandomText(&random, alphabet, length);
        ASSERT_EQ(EncodePiece(encoding.vocabulary, piece), EncodeByDefinition(encoding.vocabulary, piece))
            << encoding.name << ": " << piece;
      }
    }
  }
}

// Text as people write it, of several scripts: characters that stand for their bytes meet all sorts of
// neighbours, whole or cut apart.
TEST(PieceEncoder, FollowsTheDefinitionInAllScripts) {
  std::mt19937_64 random(3);
  for (const char* corpus : {"chinese", "japanese", "russian", "arabic", "emoji", "code"}) {
    const std::string text = test::ReadFile(std::string("corpus/") + corpus + ".txt");
    for (const TmEncoding& encoding : BuiltinEncodings()) {
      for (int round = 0; round < 400; ++round) {
        // Some characters from one place, and now and then from another, which makes unheard-of neighbours.
        std::string piece;
        for (size_t parts = 1 + random() % 3; parts > 0; --parts) {
          piece += text.substr(random() % text.size(), 1 + random() % 40);
        }
        ASSERT_EQ(EncodePiece(encoding.vocabulary, piece), EncodeByDefinition(encoding.vocabulary, piece))
            << encoding.name << ": " << testing::PrintToString(piece);
      }
    }
  }
}

TEST(PieceEncoder, FollowsTheDefinitionWithRandomCharacters) {
  std::mt19937_64 random(4);
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    std::vector<std::string> characters = {" ", "a", "\x80", "\xE4", "\xE4\xB8"};
    for (TokenId token = 0; token < encoding.vocabulary.token_limit(); ++token) {
      const std::string bytes(encoding.vocabulary.TokenBytes(token));
      if (bytes.size() < 2 || bytes.size() > 4 || static_cast<unsigned char>(bytes[0]) < 0xC2) continue;
      characters.push_back(bytes);
    }
    for (int round = 0; round < 3000; ++round) {
      const size_t width = 2 + random() % 100;
      const size_t first = random() % characters.size();
      std::string piece;
      for (size_t length = 1 + random() % 30; length > 0; --length) {
        piece += characters[(first + random() % width) % characters.size()];
      }
      ASSERT_EQ(EncodePiece(encoding.vocabulary, piece), EncodeByDefinition(encoding.vocabulary, piece))
          << encoding.name << ": " << testing::PrintToString(piece);
    }
  }
}

TEST(PieceEncoder, MergesAlikeOnEveryCpuPath) {
  std::mt19937_64 random(5);
  const std::string text = test::ReadFile("corpus/russian.txt") + test::ReadFile("corpus/english.txt");
  const Vocabulary vocabulary = BuiltinEncodings()[0].vocabulary;
  std::vector<MergeJob> jobs;
  for (int i = 0; i < 20000; ++i) {
    const size_t length = 1 + random() % MergeJob::kLongest;
    jobs.push_back({text.data() + random() % (text.size() - length), length});
  }
  std::vector<MergeResult> expected(jobs.size());
  MergePortably(vocabulary, jobs, MergeWish::kCountsAndStarts, expected.data());
  test::OnEveryCpuPath([&](const char* name) {
    std::vector<MergeResult> results(jobs.size());
    cpu_path->merge_jobs(vocabulary, jobs, MergeWish::kCountsAndStarts, results.data());
    for (size_t i = 0; i < jobs.size(); ++i) {
      ASSERT_EQ(results[i].count, expected[i].count) << name;
      ASSERT_EQ(results[i].starts, expected[i].starts) << name;
      ASSERT_EQ(results[i].count, static_cast<uint32_t>(std::popcount(results[i].starts)));
    }
  });
}

TEST(CpuPath, TheFastestThatRunsHereIsInUse) {
  EXPECT_STREQ(CpuPaths().back().name, "portable");
  EXPECT_TRUE(CpuPaths().back().runs_here());
  for (const CpuPath& path : CpuPaths()) {
    if (!path.runs_here()) continue;
    EXPECT_EQ(cpu_path, &path) << path.name;
    return;
  }
}

// Facts 1 and 2, checked on what comes out: any two neighbours must encode, by the definition, to
// themselves, and the bytes must be all there.
void ExpectValidEncoding(const TmEncoding& encoding, const std::string& piece) {
  const Tokens tokens = EncodePiece(encoding.vocabulary, piece);
  std::string bytes;
  for (TokenId token : tokens) bytes += encoding.vocabulary.TokenBytes(token);
  ASSERT_TRUE(bytes == piece);
  std::set<std::pair<TokenId, TokenId>> seen;
  for (size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!seen.emplace(tokens[i], tokens[i + 1]).second) continue;
    const std::string both = std::string(encoding.vocabulary.TokenBytes(tokens[i])) +
                             std::string(encoding.vocabulary.TokenBytes(tokens[i + 1]));
    ASSERT_EQ(EncodeByDefinition(encoding.vocabulary, both), (Tokens{tokens[i], tokens[i + 1]}))
        << encoding.name << " at token " << i << ": " << both;
  }
}

// Long pieces go window by window.
TEST(PieceEncoder, LongPiecesAreValidEncodings) {
  std::mt19937_64 random(2);
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    for (std::string_view alphabet : kAlphabets) {
      ExpectValidEncoding(encoding, RandomText(&random, alphabet, 20000));
    }
  }
}

// Where the text repeats itself, tokens are put out many times over. Repetitions of all sorts of periods,
// with something else before, between and behind them.
TEST(PieceEncoder, RepetitionsAreValidEncodings) {
  std::mt19937_64 random(6);
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    for (std::string_view alphabet : kAlphabets) {
      std::string piece = RandomText(&random, alphabet, 300);
      for (size_t period : {1, 2, 3, 7, 8, 9, 64, 100, 700, 1500}) {
        const std::string once = RandomText(&random, alphabet, period);
        for (size_t length = random() % 60000; length > 0; length -= std::min(length, once.size())) {
          piece.append(once, 0, length);
        }
        piece += RandomText(&random, "abcdefghij", random() % 5000);
      }
      ExpectValidEncoding(encoding, piece);
    }
  }
}

// Small windows that agree on nothing leave no trace: what large ones make of the piece is not done again.
TEST(PieceEncoder, RunsOfATokenAreEncodedOnce) {
  struct CountingOutput {
    size_t cleared = 0;
    void Add(const TokenRun&) {}
    void Clear() { ++cleared; }
  };
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    BpeEncoder encoder(encoding.vocabulary, nullptr);
    for (TokenId token = 0; token < encoding.vocabulary.token_limit(); token += token < 1000 ? 1 : 97) {
      const std::string_view bytes = encoding.vocabulary.TokenBytes(token);
      if (bytes.empty()) continue;
      std::string run;
      while (run.size() < 65) run += bytes;
      CountingOutput output;
      for (; run.size() < 300; run += bytes) {
        ASSERT_TRUE(encoder.Merge(run.data(), run.size(), &output));
        ASSERT_EQ(output.cleared, 0u) << encoding.name << ": " << run;
      }
    }
  }
}

// The pair table has one pair for each token; that is enough if merging makes every token of its bytes.
TEST(PieceEncoder, MergingMakesEveryToken) {
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    BpeEncoder encoder(encoding.vocabulary, nullptr);
    for (TokenId token = 0; token < encoding.vocabulary.token_limit(); ++token) {
      const std::string bytes(encoding.vocabulary.TokenBytes(token));
      if (bytes.empty()) continue;
      ASSERT_EQ(MergePiece(encoding.vocabulary, &encoder, bytes), Tokens{token}) << encoding.name;
    }
  }
}

}  // namespace
}  // namespace tokenmeter::tokenizer
