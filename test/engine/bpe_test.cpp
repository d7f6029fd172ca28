// Merging against its definition, and the facts that encoding by windows rests on (bpe.hpp):
//   1. Uniqueness is the definition's: every step is determined. Any run of an encoding's tokens encodes
//      its own bytes, because no merge crossed its edges, so the merges within it were the same alone.
//   2. If each two neighbours encode to themselves, so does the sequence: the first merge to cross an edge
//      would be the lowest pair of all, so also the lowest within those two neighbours, which it cannot.
//   3. Follows: up to the shared token all neighbours stand in the first encoding, from it on in the other.
#include "tokenizer/bpe.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tokenizer/builtin.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Tokens = std::vector<TokenId>;

Tokens EncodePiece(const Vocabulary& vocabulary, const std::string& piece) {
  Tokens tokens;
  PieceEncoder encoder(vocabulary, nullptr);
  EXPECT_TRUE(encoder.Encode(piece.data(), piece.size(), [&](std::span<const TokenId> run) {
    tokens.insert(tokens.end(), run.begin(), run.end());
  }));
  return tokens;
}

Tokens MergePiece(PieceEncoder* encoder, const std::string& piece) {
  Tokens tokens;
  EXPECT_TRUE(encoder->Merge(piece.data(), piece.size(), [&](std::span<const TokenId> run) {
    tokens.insert(tokens.end(), run.begin(), run.end());
  }));
  return tokens;
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

// Long pieces go window by window. Facts 1 and 2, checked on what comes out: any two neighbours must
// encode, by the definition, to themselves, and the bytes must be all there.
TEST(PieceEncoder, LongPiecesAreValidEncodings) {
  std::mt19937_64 random(2);
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    for (std::string_view alphabet : kAlphabets) {
      const std::string piece = RandomText(&random, alphabet, 20000);
      const Tokens tokens = EncodePiece(encoding.vocabulary, piece);
      std::string bytes;
      for (TokenId token : tokens) bytes += encoding.vocabulary.TokenBytes(token);
      ASSERT_EQ(bytes, piece);
      for (size_t i = 0; i + 1 < tokens.size(); ++i) {
        const std::string both = std::string(encoding.vocabulary.TokenBytes(tokens[i])) +
                                 std::string(encoding.vocabulary.TokenBytes(tokens[i + 1]));
        ASSERT_EQ(EncodeByDefinition(encoding.vocabulary, both), (Tokens{tokens[i], tokens[i + 1]}))
            << encoding.name << " at token " << i << ": " << both;
      }
    }
  }
}

// The pair table has one pair for each token; that is enough if merging makes every token of its bytes.
TEST(PieceEncoder, MergingMakesEveryToken) {
  for (const TmEncoding& encoding : BuiltinEncodings()) {
    PieceEncoder encoder(encoding.vocabulary, nullptr);
    for (TokenId token = 0; token < encoding.vocabulary.token_limit(); ++token) {
      const std::string bytes(encoding.vocabulary.TokenBytes(token));
      if (bytes.empty()) continue;
      ASSERT_EQ(MergePiece(&encoder, bytes), Tokens{token}) << encoding.name;
    }
  }
}

}  // namespace
}  // namespace tokenmeter::tokenizer
