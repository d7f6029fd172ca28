// The image compiler: what it makes of small vocabularies, and what it refuses.
#include "tokenizer/compiler.hpp"

#include <gtest/gtest.h>

#include "tokenizer/perfect_hash.hpp"

namespace tokenmeter::tokenizer {
namespace {

Tokens SingleBytes() {
  Tokens tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return tokens;
}

TEST(Compiler, ReadsTiktokenLinesAndHoles) {
  const Tokens tokens = ReadTiktoken("IQ== 0\nIiM= 2\n");
  EXPECT_EQ(tokens, (Tokens{"!", "", "\"#"}));
}

TEST(Compiler, RefusesWhatIsNoTiktokenFile) {
  EXPECT_THROW(ReadTiktoken("IQ==\n"), CompileError);
  EXPECT_THROW(ReadTiktoken("IQ== x\n"), CompileError);
  EXPECT_THROW(ReadTiktoken("I*== 1\n"), CompileError);
  EXPECT_THROW(ReadTiktoken("IQ== 4294967295\n"), CompileError);
}

TEST(Compiler, RefusesIncompleteOrDoubledVocabularies) {
  Tokens tokens = SingleBytes();
  tokens[7].clear();
  EXPECT_THROW(CompileVocabulary(tokens, {}), CompileError);
  tokens = SingleBytes();
  tokens.push_back("ab");
  tokens.push_back("ab");
  EXPECT_THROW(CompileVocabulary(tokens, {}), CompileError);
}

TEST(Compiler, ReadsEncodingsOfOneVocabulary) {
  const auto encodings = ReadEncodings("v", "# comment\ne\tv\to200k\nother\tw\tgpt2\n",
                                       "e\t301\t302\t<|r{id}|>\ne\t300\t300\t<|x|>\nother\t1\t1\ty\n");
  ASSERT_EQ(encodings.size(), 1u);
  EXPECT_EQ(encodings[0].name, "e");
  EXPECT_EQ(encodings[0].pattern, Pattern::kO200k);
  ASSERT_EQ(encodings[0].special_tokens.size(), 3u);
  EXPECT_EQ(encodings[0].special_tokens[0].text, "<|x|>");
  EXPECT_EQ(encodings[0].special_tokens[2].text, "<|r302|>");
  EXPECT_THROW(ReadEncodings("v", "e\tv\tunheard-of\n", ""), CompileError);
}

TEST(Compiler, ImageAnswersLookups) {
  Tokens tokens = SingleBytes();
  tokens.push_back("ab");   // 256
  tokens.push_back("");     // 257: a hole
  tokens.push_back("abc");  // 258
  const std::string image = CompileVocabulary(tokens, {{"e", Pattern::kGpt2, {{300, "<|x|>"}}}});
  const Vocabulary vocabulary(image.data());
  EXPECT_EQ(vocabulary.header().size, image.size());
  EXPECT_EQ(vocabulary.FindToken("abc", 3), 258u);
  EXPECT_EQ(vocabulary.FindToken("abd", 3), kNoToken);
  EXPECT_EQ(vocabulary.FindToken("abcd", 4), kNoToken);
  EXPECT_EQ(vocabulary.TokenBytes(257), "");
  EXPECT_EQ(vocabulary.Merge('a', 'b'), 256u);
  EXPECT_EQ(vocabulary.Merge(256, 'c'), 258u);
  EXPECT_EQ(vocabulary.Merge('b', 'c'), kNoToken);
  ASSERT_EQ(vocabulary.Encodings().size(), 1u);
  EXPECT_STREQ(vocabulary.EncodingName(vocabulary.Encodings()[0]), "e");
}

// Perfect hashes are found for tables of any size.
TEST(Compiler, VocabulariesMayBeSmall) {
  for (size_t pairs = 0; pairs < 300; ++pairs) {
    Tokens tokens = SingleBytes();
    for (size_t i = 0; i < pairs; ++i) {
      tokens.push_back({static_cast<char>('a' + i % 26), static_cast<char>('a' + i / 26)});
    }
    const std::string image = CompileVocabulary(tokens, {});
    const Vocabulary vocabulary(image.data());
    for (TokenId token = 256; token < tokens.size(); ++token) {
      ASSERT_EQ(
          vocabulary.Merge(static_cast<uint8_t>(tokens[token][0]), static_cast<uint8_t>(tokens[token][1])),
          token);
    }
  }
}

std::string NameOf(size_t key) { return "key " + std::to_string(key); }

std::string FaultOf(const std::vector<uint64_t>& hashes) {
  try {
    PerfectHash perfect(hashes, NameOf);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "no error";
}

// Hashes that were made to meet end in an error soon.
TEST(PerfectHash, RefusesHashesThatAreAlike) {
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < 100'000; ++i) hashes.push_back(MixHash(i));
  EXPECT_EQ(FaultOf(hashes), "no error");
  hashes.push_back(hashes[7]);
  EXPECT_EQ(FaultOf(hashes), "key 7 and key 100000 have the same hash");
  // All in one group, for only their low halves differ.
  for (uint64_t i = 0; i < hashes.size(); ++i) hashes[i] = i;
  EXPECT_EQ(FaultOf(hashes), "key 0 and 100000 others have hashes that are too much alike");
  // In groups that are a little too large, so that each takes long.
  for (uint64_t i = 0; i < hashes.size(); ++i) hashes[i] = MixHash(i / 24) << 32 | MixHash(i) >> 32;
  EXPECT_NE(FaultOf(hashes), "no error");
}

// The hash of short pieces mixes their two halves: of any two high ones there are low ones to make it
// equal.
TEST(PerfectHash, RefusesTokensThatWereMadeToCollide) {
  Tokens tokens = SingleBytes();
  const PieceSlot first = PieceKey("abcdefghijklmno", 15);
  PieceSlot second = PieceKey("ABCDEFGHIJKLMNO", 15);
  second.low = first.low ^ (first.high * 0x9E3779B97F4A7C15) ^ (second.high * 0x9E3779B97F4A7C15);
  ASSERT_EQ(PieceHash(first), PieceHash(second));
  for (const PieceSlot& piece : {first, second}) tokens.emplace_back(piece.bytes(), 15);
  try {
    CompileVocabulary(tokens, {});
    FAIL() << "is not refused";
  } catch (const DefinitionError& error) {
    EXPECT_TRUE(std::string(error.what()).ends_with(" have the same hash")) << error.what();
  }
}

TEST(Compiler, RefusesUnknownUnicodeProperties) {
  EXPECT_THROW(CompileUnicode("0041\t005A\tXx\n"), CompileError);
  EXPECT_THROW(CompileUnicode("0041\t110000\tLu\n"), CompileError);
}

}  // namespace
}  // namespace tokenmeter::tokenizer
