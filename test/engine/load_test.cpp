// The loaders: what they make of small files written here, each message, and facts that hold between the
// real files of several formats.
#include "tokenizer/load/load.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tokenizer/compiler.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Kind = SplitStep::Kind;
using Behavior = SplitStep::Behavior;

// What a loader says of a file that it refuses.
template <typename Load>
std::string MessageOf(Load load) {
  try {
    load();
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "no error";
}

std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

std::string EncodeBase64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += i + j <= bytes.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

// Hugging Face
// -----------------------------------------------------------------------------------------------

constexpr char kBpe[] = R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]})";
constexpr char kWordPiece[] =
    R"({"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
    "max_input_chars_per_word": 100, "vocab": {"[UNK]": 0, "a": 1, "##b": 2}})";

std::string File(std::string_view model, std::string_view more = "") {
  return R"({"version": "1.0")" + std::string(more.empty() ? "" : ", ") + std::string(more) +
         R"(, "model": )" + std::string(model) + "}";
}

Definition WithMembers(const std::string& members) { return LoadHuggingFace(File(kBpe, members)); }

std::string ModelFault(std::string_view model) {
  return MessageOf([&] { LoadHuggingFace(File(model)); });
}

std::string MemberFault(const std::string& members) {
  return MessageOf([&] { WithMembers(members); });
}

// The tokens of all bytes, ids from 100 on, each behind `before` and before `after`.
std::string ByteTokens(const std::string& before, const std::string& after, bool with_ids) {
  std::string tokens;
  for (int byte = 0; byte < 256; ++byte) {
    char name[16];
    std::snprintf(name, sizeof name, "\"<0x%02X>\"", byte);
    tokens += before + name + (with_ids ? ": " + std::to_string(100 + byte) : "") + after;
  }
  return tokens;
}

TEST(LoadHuggingFace, Bpe) {
  const Definition definition =
      LoadHuggingFace(File(R"({"type": "BPE", "dropout": 0.1, "unk_token": "<unk>",
      "continuing_subword_prefix": "", "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
      "ignore_merges": true, "vocab": {"<unk>": 0, "a": 5, "b": 1, "ab": 2)" +
                           ByteTokens(", ", "", true) + R"(, "abb": 7},
      "merges": ["a b", ["ab", "b"]]})"));
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_EQ(std::vector<std::string>(definition.tokens.begin(), definition.tokens.begin() + 8),
            (std::vector<std::string>{"<unk>", "b", "ab", "", "", "a", "", "abb"}));
  EXPECT_FALSE(definition.byte_level);
  EXPECT_FALSE(definition.merge_any);
  EXPECT_TRUE(definition.whole_pieces);
  EXPECT_TRUE(definition.fuse_unknown);
  EXPECT_EQ(definition.unknown, 0u);
  EXPECT_TRUE(definition.byte_fallback);
  ASSERT_EQ(definition.byte_tokens.size(), 256u);
  EXPECT_EQ(definition.byte_tokens[10], 110u);
  ASSERT_EQ(definition.merges.size(), 2u);
  EXPECT_EQ(definition.merges[0].left, 5u);
  EXPECT_EQ(definition.merges[1].left, 2u);
  EXPECT_EQ(definition.merges[1].right, 1u);
  EXPECT_EQ(definition.merges[1].merged, 7u);
}

TEST(LoadHuggingFace, ByteTokensAreMadeByFallbackOnly) {
  EXPECT_EQ(ModelFault(R"({"byte_fallback": true, "vocab": {"<": 0, "0x41>": 1, "<0x41>": 2},
                       "merges": [["<", "0x41>"]]})"),
            "model.merges has a merge of byte tokens, \"<\" and \"0x41>\", which is not supported");
  EXPECT_EQ(ModelFault(R"({"type": "Unigram", "unk_id": 0, "byte_fallback": true,
                       "vocab": [["a", 0], ["<0x41>", 0]]})"),
            "model.byte_fallback is not supported where model.vocab has some of the 256 bytes only");
}

// Of a pair that comes twice the library keeps the later rank; it skips the first line of a merges.txt.
TEST(LoadHuggingFace, MergesThatComeTwice) {
  const Definition definition = LoadHuggingFace(File(R"({"vocab": {"a": 0, "b": 1, "ab": 2, "ba": 3},
      "merges": ["#version: 0.2", "a b", "b a", "a b"]})"));
  ASSERT_EQ(definition.merges.size(), 2u);
  EXPECT_EQ(definition.merges[0].merged, 3u);
  EXPECT_EQ(definition.merges[1].merged, 2u);
}

TEST(LoadHuggingFace, MergesWithSpaces) {
  const Definition definition =
      LoadHuggingFace(File(R"({"vocab": {" ": 0, "x": 1, " x": 2, "x ": 3}, "merges": ["  x", "x  "]})"));
  ASSERT_EQ(definition.merges.size(), 2u);
  EXPECT_EQ(definition.merges[0].merged, 2u);
  EXPECT_EQ(definition.merges[1].merged, 3u);
  EXPECT_EQ(
      ModelFault(R"({"vocab": {" ": 0, "a": 1, "a ": 2, "b": 3, " b": 4, "a b": 5}, "merges": ["a  b"]})"),
      "model.merges[0] is no merge: \"a  b\" is two tokens in more than one way");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 1}, "merges": ["a a a"]})"),
            "model.merges[0] is no merge: \"a a a\" is not two tokens with a space between them");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 1}, "merges": [")" + Repeat(" ", 129) + R"("]})"),
            "model.merges[0] is no merge: \"" + Repeat(" ", 64) +
                "...\" is too long to tell which space is between the tokens");
}

TEST(LoadHuggingFace, ByteLevel) {
  const Definition definition = LoadHuggingFace(
      File(R"({"type": "BPE", "unk_token": "?!", "vocab": {"\u0120": 0, "a": 1, "\u0120a": 2, "<\uff5c>": 3,
          "?!": 4, "\u0143": 5}, "merges": ["\u0120 a"]})",
           R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true})"));
  EXPECT_TRUE(definition.byte_level);
  EXPECT_EQ(definition.tokens, (std::vector<std::string>{" ", "a", " a", "<\uff5c>", "?!", "\xAD"}));
  EXPECT_EQ(definition.unreachable, std::vector<TokenId>{3});
  EXPECT_EQ(definition.unknown, 4u);
  ASSERT_EQ(definition.splitter.size(), 1u);
  EXPECT_EQ(definition.splitter[0].kind, Kind::kByteLevel);
  EXPECT_TRUE(definition.splitter[0].use_regex);
}

TEST(LoadHuggingFace, ByteLevelThatOnlyMapsIsNoStep) {
  Definition definition = WithMembers(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": "\\d+"}, "behavior": "Isolated", "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]})");
  EXPECT_TRUE(definition.byte_level);
  ASSERT_EQ(definition.splitter.size(), 1u);
  EXPECT_EQ(definition.splitter[0].kind, Kind::kRegex);
  EXPECT_EQ(definition.splitter[0].pattern, "\\d+");
  EXPECT_EQ(definition.splitter[0].behavior, Behavior::kIsolated);
  definition = WithMembers(R"("normalizer": {"type": "ByteLevel"})");
  EXPECT_FALSE(definition.byte_level);
  ASSERT_EQ(definition.normalizer.size(), 1u);
}

TEST(LoadHuggingFace, Unigram) {
  const Definition definition =
      LoadHuggingFace(File(R"({"type": "Unigram", "unk_id": 1, "vocab": [["a", -1.5], ["<unk>", 0])" +
                           ByteTokens(", [", ", -2e1]", false) + R"(], "byte_fallback": true})"));
  EXPECT_EQ(definition.model, ModelKind::kUnigram);
  ASSERT_EQ(definition.tokens.size(), 258u);
  EXPECT_EQ(definition.tokens[2 + 0x41], "<0x41>");
  EXPECT_EQ(definition.scores[0], -1.5);
  EXPECT_EQ(definition.scores[2], -20);
  EXPECT_EQ(definition.unknown_score, -30);
  EXPECT_FALSE(definition.scores_are_float);
  EXPECT_EQ(definition.unknown, 1u);
  EXPECT_TRUE(definition.fuse_unknown);
  EXPECT_EQ(definition.byte_tokens.at(0x41), 2u + 0x41);
}

TEST(LoadHuggingFace, WordPiece) {
  const Definition definition = LoadHuggingFace(File(kWordPiece));
  EXPECT_EQ(definition.model, ModelKind::kWordPiece);
  EXPECT_EQ(definition.unknown, 0u);
  EXPECT_EQ(definition.continuing_prefix, "##");
  EXPECT_EQ(definition.longest_word, 100u);
}

// Old files do not tell the model's kind.
TEST(LoadHuggingFace, ModelsWithoutType) {
  EXPECT_EQ(LoadHuggingFace(File(R"({"vocab": {"a": 0}, "merges": []})")).model, ModelKind::kBpe);
  EXPECT_EQ(LoadHuggingFace(File(R"({"vocab": [["a", 0]], "unk_id": 0})")).model, ModelKind::kUnigram);
  EXPECT_EQ(LoadHuggingFace(File(R"({"unk_token": "a", "continuing_subword_prefix": "",
      "max_input_chars_per_word": 1, "vocab": {"a": 0}})"))
                .model,
            ModelKind::kWordPiece);
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "unk_token": "a"})"),
            "model is of the type \"WordLevel\", which is not supported");
  EXPECT_EQ(ModelFault(R"({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"})"),
            "model.type \"WordLevel\" is not supported");
}

TEST(LoadHuggingFace, Normalizers) {
  const Definition definition = WithMembers(R"("normalizer": {"type": "Sequence", "normalizers": [
      {"type": "NFC"}, {"type": "NFD"},
      {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "NFKD"}, {"type": "Lowercase"}]},
      {"type": "StripAccents"}, {"type": "Nmt"}, {"type": "Strip", "strip_left": false, "strip_right": true},
      {"type": "Prepend", "prepend": "_"}, {"type": "Replace", "pattern": {"String": " "}, "content": "_"},
      {"type": "Replace", "pattern": {"Regex": " +"}, "content": ""},
      {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": false, "strip_accents": null,
       "lowercase": true},
      {"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAAA"}]})");
  using Step = NormalizerStep::Kind;
  std::vector<Step> kinds;
  for (const NormalizerStep& step : definition.normalizer) kinds.push_back(step.kind);
  EXPECT_EQ(kinds, (std::vector<Step>{Step::kNfc, Step::kNfd, Step::kNfkc, Step::kNfkd, Step::kLowercase,
                                      Step::kStripAccents, Step::kNmt, Step::kStrip, Step::kPrepend,
                                      Step::kReplace, Step::kReplaceRegex, Step::kBert, Step::kCharsmap}));
  EXPECT_FALSE(definition.normalizer[7].left);
  EXPECT_TRUE(definition.normalizer[7].right);
  EXPECT_EQ(definition.normalizer[8].content, "_");
  EXPECT_EQ(definition.normalizer[9].pattern, " ");
  EXPECT_EQ(definition.normalizer[9].content, "_");
  EXPECT_TRUE(definition.normalizer[11].strip_accents);
  EXPECT_FALSE(definition.normalizer[11].handle_chinese_chars);
  EXPECT_EQ(definition.normalizer[12].content, std::string("\4\0\0\0\0\0\0\0\0", 9));
}

TEST(LoadHuggingFace, PreTokenizers) {
  const Definition definition = WithMembers(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"String": "x"}, "behavior": "MergedWithNext", "invert": true},
      {"type": "Digits", "individual_digits": true}, {"type": "Whitespace"}, {"type": "WhitespaceSplit"},
      {"type": "Punctuation"}, {"type": "Punctuation", "behavior": "Contiguous"}, {"type": "BertPreTokenizer"},
      {"type": "UnicodeScripts"}, {"type": "CharDelimiterSplit", "delimiter": "\u00e9"}, {"type": "FixedLength"},
      {"type": "FixedLength", "length": 7}]})");
  std::vector<Kind> kinds;
  for (const SplitStep& step : definition.splitter) kinds.push_back(step.kind);
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::kString, Kind::kDigits, Kind::kWhitespace, Kind::kWhitespaceSplit,
                               Kind::kPunctuation, Kind::kPunctuation, Kind::kBert, Kind::kUnicodeScripts,
                               Kind::kCharDelimiter, Kind::kFixedLength, Kind::kFixedLength}));
  EXPECT_EQ(definition.splitter[0].behavior, Behavior::kMergedWithNext);
  EXPECT_TRUE(definition.splitter[0].invert);
  EXPECT_TRUE(definition.splitter[1].individual);
  EXPECT_EQ(definition.splitter[4].behavior, Behavior::kIsolated);
  EXPECT_EQ(definition.splitter[5].behavior, Behavior::kContiguous);
  EXPECT_EQ(definition.splitter[8].pattern, "\u00e9");
  EXPECT_EQ(definition.splitter[9].length, 5u);
  EXPECT_EQ(definition.splitter[10].length, 7u);
}

TEST(LoadHuggingFace, MetaspaceOldAndNew) {
  const auto read = [](const std::string& members) {
    return WithMembers(R"("pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581")" + members + "}")
        .splitter.at(0);
  };
  using Prepend = SplitStep::Prepend;
  EXPECT_EQ(read("").pattern, "\u2581");
  EXPECT_EQ(read("").prepend, Prepend::kAlways);
  EXPECT_TRUE(read("").split);
  EXPECT_EQ(read(R"(, "str_rep": "\u2581", "add_prefix_space": true)").prepend, Prepend::kAlways);
  EXPECT_EQ(read(R"(, "add_prefix_space": false)").prepend, Prepend::kNever);
  EXPECT_EQ(read(R"(, "prepend_scheme": "first", "split": false)").prepend, Prepend::kFirst);
  EXPECT_FALSE(read(R"(, "prepend_scheme": "first", "split": false)").split);
  EXPECT_EQ(MessageOf([&] { read(R"(, "add_prefix_space": false, "prepend_scheme": "first")"); }),
            "pre_tokenizer.prepend_scheme \"first\" contradicts add_prefix_space");
  EXPECT_EQ(MessageOf([&] { read(R"(, "prepend_scheme": "last")"); }),
            "pre_tokenizer.prepend_scheme \"last\" is not supported");
  EXPECT_EQ(MessageOf([&] { read(R"(, "str_rep": "_")"); }),
            "pre_tokenizer.str_rep \"_\" is not the replacement");
}

std::string Added(std::string_view id, std::string_view content) {
  return R"({"id": )" + std::string(id) + R"(, "content": ")" + std::string(content) +
         R"(", "single_word": false, "lstrip": true, "rstrip": false, "normalized": true, "special": false})";
}

TEST(LoadHuggingFace, AddedTokens) {
  const Definition definition = WithMembers(R"("added_tokens": [)" + Added("2", "ab") + "," +
                                            Added("9", "<x>") + "," + Added("9", "") + "]");
  ASSERT_EQ(definition.added_tokens.size(), 2u);
  EXPECT_EQ(definition.added_tokens[0].id, 2u);
  EXPECT_EQ(definition.added_tokens[1].id, 9u);
  EXPECT_EQ(definition.added_tokens[1].content, "<x>");
  EXPECT_TRUE(definition.added_tokens[1].lstrip);
  EXPECT_TRUE(definition.added_tokens[1].normalized);
  EXPECT_FALSE(definition.added_tokens[1].special);
  EXPECT_EQ(definition.tokens.size(), 3u);
  EXPECT_EQ(MemberFault(R"("added_tokens": [)" + Added("3", "ab") + "]"),
            "added_tokens[0] is \"ab\" with the id 3, which contradicts model.vocab");
  EXPECT_EQ(MemberFault(R"("added_tokens": [)" + Added("1", "<x>") + "]"),
            "added_tokens[0] is \"<x>\" with the id 1, which contradicts model.vocab");
  EXPECT_EQ(MemberFault(R"("added_tokens": [)" + Added("7", "<x>") + "," + Added("7", "<y>") + "]"),
            "added_tokens has two tokens with the id 7");
  EXPECT_EQ(MemberFault(R"("added_tokens": [)" + Added("7", "<x>") + "," + Added("8", "<x>") + "]"),
            "added_tokens[1].content \"<x>\" comes twice");
  EXPECT_EQ(MemberFault(R"("added_tokens": [)" + Added("2097151", "<x>") + "]"),
            "added_tokens[0].id must be an integer from 0 to 2097150");
  EXPECT_EQ(MemberFault(R"("added_tokens": [{"id": 7, "content": "x"}])"),
            "added_tokens[0] has no \"special\"");
}

TEST(LoadHuggingFace, NamesWhatIsNotSupported) {
  EXPECT_EQ(MemberFault(R"("pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Whitespace"},
      {"type": "Whitespace"}, {"type": "Foo"}]})"),
            "pre_tokenizer.pretokenizers[2].type \"Foo\" is not supported");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "Foo"})"), "normalizer.type \"Foo\" is not supported");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "NFC", "form": 1})"), "normalizer.form is not supported");
  EXPECT_EQ(MemberFault(R"("normalizer": {})"), "normalizer has no \"type\"");
  EXPECT_EQ(MemberFault(R"("normalizer": [])"), "normalizer must be an object");
  EXPECT_EQ(MemberFault(R"("tables": 1)"), "tables is not supported");
  EXPECT_EQ(MemberFault(R"("odd key": 1)"), "[\"odd key\"] is not supported");
  EXPECT_EQ(MemberFault(R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a", "String": "a"},
      "behavior": "Isolated", "invert": false})"),
            "pre_tokenizer.pattern must be either a String or a Regex");
  EXPECT_EQ(
      MemberFault(R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated",
      "invert": false})"),
      "pre_tokenizer.pattern.Regex must not be empty");
  EXPECT_EQ(MemberFault(R"("pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Odd",
      "invert": false})"),
            "pre_tokenizer.behavior \"Odd\" is not supported");
  EXPECT_EQ(MemberFault(R"("pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "ab"})"),
            "pre_tokenizer.delimiter must be one character");
  EXPECT_EQ(MemberFault(R"("pre_tokenizer": {"type": "FixedLength", "length": 0})"),
            "pre_tokenizer.length must be an integer from 1 to 2147483647");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": "BAAA"})"),
            "normalizer.precompiled_charsmap is too short to be a character map");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": "/////wAA"})"),
            "normalizer.precompiled_charsmap is not a character map: the size of its trie is 4294967295, "
            "of the rest 2");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "Precompiled", "precompiled_charsmap": "B=AA"})"),
            "normalizer.precompiled_charsmap is not base64");
  EXPECT_EQ(MemberFault(R"("normalizer": {"type": "ByteLevel"}, "pre_tokenizer": {"type": "ByteLevel",
      "add_prefix_space": false, "trim_offsets": true})"),
            "ByteLevel is not supported more than once, in normalizer and pre_tokenizer together");
  EXPECT_EQ(MessageOf([] {
              LoadHuggingFace(
                  File(kWordPiece, R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
      "trim_offsets": true})"));
            }),
            "ByteLevel is not supported with a model of the type \"WordPiece\"");
  EXPECT_EQ(MessageOf([] { LoadHuggingFace(R"({"version": "2.0"})"); }),
            "version \"2.0\" is not supported");
  EXPECT_EQ(MessageOf([] { LoadHuggingFace(R"({"version": "1.0"})"); }), "the file has no \"model\"");
  EXPECT_EQ(MessageOf([] { LoadHuggingFace("[]"); }), "the file must be an object");
}

TEST(LoadHuggingFace, NamesWhatIsWrongWithAModel) {
  EXPECT_EQ(ModelFault(R"({"type": "Foo"})"), "model.type \"Foo\" is not supported");
  EXPECT_EQ(ModelFault(R"({"type": "BPE", "merges": []})"), "model has no \"vocab\"");
  EXPECT_EQ(ModelFault(R"({"type": "BPE", "vocab": {}})"), "model has no \"merges\"");
  EXPECT_EQ(ModelFault(R"({"type": "BPE", "end_of_word_suffix": "</w>"})"),
            "model.end_of_word_suffix \"</w>\" is not supported");
  EXPECT_EQ(ModelFault(R"({"type": "BPE", "continuing_subword_prefix": "##"})"),
            "model.continuing_subword_prefix \"##\" is not supported");
  EXPECT_EQ(ModelFault(R"({"type": "BPE", "cache": 1})"), "model.cache is not supported");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0, "b": 0}, "merges": []})"),
            "model.vocab.b has the id of another token, 0");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0, "b": 1, "a": 2}, "merges": []})"),
            "model.vocab has \"a\" twice");
  for (const char* id : {"-1", "2097151", "1.0", "\"1\"", "18446744073709551616", "1e1"}) {
    EXPECT_EQ(ModelFault(R"({"vocab": {"a": )" + std::string(id) + R"(}, "merges": []})"),
              "model.vocab.a must be an integer from 0 to 2097150");
  }
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0, "b": 1}, "merges": ["a b"]})"),
            "model.merges[0] is no merge: \"ab\" is not in the vocabulary");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "merges": [["a", "\u0007c"]]})"),
            "model.merges[0] is no merge: \"\\x07c\" is not in the vocabulary");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0, "": 1}, "merges": [["a", ""]]})"),
            "model.merges[0] is no merge: an empty token cannot merge");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "merges": ["aa"]})"),
            "model.merges[0] is no merge: \"aa\" is not two tokens with a space between them");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "merges": [["a"]]})"), "model.merges[0] must be two tokens");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "merges": [1]})"), "model.merges[0] must be an array");
  EXPECT_EQ(ModelFault(R"({"vocab": {"a": 0}, "merges": [], "unk_token": "u"})"),
            "model.unk_token \"u\" is not in model.vocab");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", 0], ["a", 1]], "unk_id": 0})"),
            "model.vocab[1] comes twice: \"a\"");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", 0]], "unk_id": 1})"),
            "model.unk_id must be an integer from 0 to 0");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", 0]], "unk_id": null})"), "model has no \"unk_id\"");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", "0"]], "unk_id": 0})"), "model.vocab[0][1] must be a number");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a"]], "unk_id": 0})"),
            "model.vocab[0] must be a token and its score");
  EXPECT_EQ(ModelFault(R"({"vocab": [], "unk_id": 0})"), "model.vocab is empty");
  EXPECT_EQ(ModelFault(R"({"type": "WordPiece", "unk_token": "u", "continuing_subword_prefix": "",
      "max_input_chars_per_word": 1, "vocab": {"a": 0}})"),
            "model.unk_token \"u\" is not in model.vocab");
  EXPECT_EQ(MessageOf([] {
              LoadHuggingFace(File(R"({"vocab": {"a": 0}, "merges": [], "byte_fallback": true})",
                                   R"("pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false,
      "trim_offsets": true})"));
            }),
            "model.byte_fallback is not supported with ByteLevel where model.vocab lacks a byte");
}

TEST(LoadHuggingFace, NamesWhereJsonIsBroken) {
  EXPECT_EQ(MessageOf([] { LoadHuggingFace(""); }), "the file is not valid JSON at byte 0");
  EXPECT_EQ(MessageOf([] { LoadHuggingFace(R"({"model": {"vocab")"); }),
            "the file is not valid JSON at byte 18");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", NaN]], "unk_id": 0})"), "the file is not valid JSON at byte 45");
  EXPECT_EQ(ModelFault(R"({"vocab": [["a", 1e999]], "unk_id": 0})").substr(0, 26),
            "the file is not valid JSON");
  EXPECT_EQ(ModelFault("{\"vocab\": {\"\xED\xA0\x80\": 1}, \"merges\": []}"),
            "the file is not valid UTF-8 at byte 40");
  EXPECT_EQ(ModelFault(R"({"vocab": {"\ud800": 1}, "merges": []})").substr(0, 26),
            "the file is not valid JSON");
  const std::string file = File(kBpe);
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(MessageOf([&] { LoadHuggingFace(std::string_view(file).substr(0, length)); }), "no error")
        << length;
  }
}

// Neither reading nor freeing recurses.
TEST(LoadHuggingFace, DeepNesting) {
  const std::string deep = Repeat("[", 1000000) + Repeat("]", 1000000);
  EXPECT_EQ(MessageOf([&] { WithMembers(R"("post_processor": )" + deep); }),
            "post_processor" + Repeat("[0]", 127) + " is nested more than 128 levels deep");
  std::string objects;
  for (int i = 0; i < 1000000; ++i) objects += "{\"a\":";
  EXPECT_EQ(MessageOf([&] { LoadHuggingFace(objects); }).substr(0, 6), "a.a.a.");
  EXPECT_NO_THROW(WithMembers(R"("post_processor": )" + Repeat("[", 127) + Repeat("]", 127)));
}

// Rank files
// -------------------------------------------------------------------------------------------------

std::string RankFile() {
  std::string file;
  for (int byte = 0; byte < 256; ++byte) {
    file += EncodeBase64(std::string(1, static_cast<char>(byte))) + " " + std::to_string(byte) + "\n";
  }
  return file + "YWI= 256\n";
}

std::string RankFault(const std::string& file, std::string_view special_tokens = "") {
  return MessageOf([&] { LoadTiktoken(file, "\\w+", special_tokens); });
}

TEST(LoadTiktoken, RanksAndSpecialTokens) {
  const Definition definition = LoadTiktoken(RankFile(), "\\w+", R"({"<|end|>": 300, "<|pad|>": 257})");
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_TRUE(definition.byte_level);
  EXPECT_TRUE(definition.merge_any);
  EXPECT_TRUE(definition.whole_pieces);
  ASSERT_EQ(definition.tokens.size(), 257u);
  EXPECT_EQ(definition.tokens[0], std::string(1, '\0'));
  EXPECT_EQ(definition.tokens[256], "ab");
  ASSERT_EQ(definition.splitter.size(), 1u);
  EXPECT_EQ(definition.splitter[0].pattern, "\\w+");
  EXPECT_EQ(definition.splitter[0].behavior, Behavior::kRemoved);
  EXPECT_TRUE(definition.splitter[0].invert);
  ASSERT_EQ(definition.added_tokens.size(), 2u);
  EXPECT_EQ(definition.added_tokens[0].content, "<|end|>");
  EXPECT_EQ(definition.added_tokens[0].id, 300u);
  EXPECT_TRUE(definition.added_tokens[0].special);
}

TEST(LoadTiktoken, TakesWhatRealFilesHave) {
  std::string crlf;
  for (char c : RankFile()) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  EXPECT_EQ(LoadTiktoken(crlf, ".", "{}").tokens, LoadTiktoken(RankFile(), ".", "").tokens);
  // Whisper's has a rank for nothing.
  const Definition definition = LoadTiktoken(RankFile() + "= 257\nYWJj 258", ".", "");
  EXPECT_EQ(definition.tokens[257], "");
  EXPECT_EQ(definition.tokens[258], "abc");
}

TEST(LoadTiktoken, NamesWhatIsWrong) {
  EXPECT_EQ(RankFault(RankFile() + "YWI\n"), "line 258: \"YWI\" is not base64, a space and a rank");
  EXPECT_EQ(RankFault(RankFile() + "YWI 257\n"), "line 258: \"YWI\" is not base64");
  EXPECT_EQ(RankFault(RankFile() + "YW*= 257\n"), "line 258: \"YW*=\" is not base64");
  EXPECT_EQ(RankFault(RankFile() + "YW=I 257\n"), "line 258: \"YW=I\" is not base64");
  EXPECT_EQ(RankFault(RankFile() + "YWJ= 257\n"), "line 258: \"YWJ=\" is not base64");
  EXPECT_EQ(RankFault(RankFile() + "Y=== 257\n"), "line 258: \"Y===\" is not base64");
  EXPECT_EQ(RankFault(RankFile() + " 257\n"), "line 258: \"\" is not base64");
  for (const char* rank : {"", "x", "257 ", "-1", "2097151", "99999999999999999999"}) {
    EXPECT_EQ(RankFault(RankFile() + "YWJj " + rank + "\n"),
              "line 258: \"" + std::string(rank) + "\" is not a rank from 0 to 2097150");
  }
  EXPECT_EQ(RankFault(RankFile() + "YWJj 256\n"), "line 258: the rank 256 comes twice");
  EXPECT_EQ(RankFault(RankFile() + "YWI= 257\n"), "the tokens 256 and 257 have the same bytes, \"ab\"");
  EXPECT_EQ(RankFault("YQ== 0\n"), "the single byte 0 is not among the tokens, but all 256 must be");
  EXPECT_EQ(RankFault(""), "the single byte 0 is not among the tokens, but all 256 must be");
  EXPECT_EQ(MessageOf([] { LoadTiktoken(RankFile(), "", ""); }), "the pattern is empty");
  EXPECT_EQ(MessageOf([] { LoadTiktoken(RankFile(), "\xFF", ""); }), "the pattern is not valid UTF-8");
  EXPECT_EQ(RankFault(RankFile(), "[]"), "special_tokens must be an object");
  EXPECT_EQ(RankFault(RankFile(), "{"), "special_tokens is not valid JSON at byte 1");
  EXPECT_EQ(RankFault(RankFile(), R"({"<|x|>": 256})"),
            "special_tokens[\"<|x|>\"] has the id of another token, 256");
  EXPECT_EQ(RankFault(RankFile(), R"({"x": 300, "y": 300})"),
            "special_tokens.y has the id of another token, 300");
  EXPECT_EQ(RankFault(RankFile(), R"({"x": 300, "x": 301})"), "special_tokens has \"x\" twice");
  EXPECT_EQ(RankFault(RankFile(), R"({"": 300})"), "special_tokens[\"\"] is an empty text");
  EXPECT_EQ(RankFault(RankFile(), R"({"x": "300"})"),
            "special_tokens.x must be an integer from 0 to 2097150");
}

nlohmann::ordered_json Tekken() {
  nlohmann::ordered_json file;
  file["config"] = {{"pattern", "\\w+"},
                    {"num_vocab_tokens", 300},
                    {"default_vocab_size", 260},
                    {"default_num_special_tokens", 3},
                    {"version", "v7"}};
  const auto add = [&file](const std::string& bytes) {
    const size_t rank = file.contains("vocab") ? file["vocab"].size() : 0;
    file["vocab"].push_back({{"rank", rank}, {"token_bytes", EncodeBase64(bytes)}, {"token_str", nullptr}});
  };
  for (int byte = 0; byte < 256; ++byte) add(std::string(1, static_cast<char>(byte)));
  add("ab");
  add("abc");
  file["special_tokens"] = {{{"rank", 0}, {"token_str", "<unk>"}, {"is_control", true}},
                            {{"rank", 2}, {"token_str", "</s>"}, {"is_control", true}}};
  return file;
}

TEST(LoadTekken, IdsFollowSpecialTokens) {
  const Definition definition = LoadTekken(Tekken().dump());
  ASSERT_EQ(definition.tokens.size(), 260u);  // one rank is left out
  EXPECT_EQ(definition.tokens[2], "");
  EXPECT_EQ(definition.tokens[3 + 'a'], "a");
  EXPECT_EQ(definition.tokens[259], "ab");
  EXPECT_TRUE(definition.merge_any);
  EXPECT_TRUE(definition.whole_pieces);
  EXPECT_EQ(definition.splitter.at(0).pattern, "\\w+");
  ASSERT_EQ(definition.added_tokens.size(), 2u);
  EXPECT_EQ(definition.added_tokens[1].id, 2u);
  EXPECT_EQ(definition.added_tokens[1].content, "</s>");
}

TEST(LoadTekken, NamesWhatIsWrong) {
  const auto fault = [](const std::string& pointer, const nlohmann::ordered_json& value) {
    nlohmann::ordered_json file = Tekken();
    file[nlohmann::ordered_json::json_pointer(pointer)] = value;
    return MessageOf([&] { LoadTekken(file.dump()); });
  };
  EXPECT_EQ(fault("/config/default_vocab_size", 262),
            "vocab has 258 elements, but config tells of at least 259");
  EXPECT_EQ(fault("/config/default_num_special_tokens", 261),
            "config.default_num_special_tokens must be an integer from 0 to 260");
  EXPECT_EQ(fault("/config/split", 1), "config.split is not supported");
  EXPECT_EQ(fault("/config/pattern", ""), "the pattern is empty");
  EXPECT_EQ(fault("/merges", 1), "merges is not supported");
  EXPECT_EQ(fault("/vocab/5/rank", 6), "vocab[5].rank must be 5, where it stands in the array");
  EXPECT_EQ(fault("/vocab/5/token_bytes", "A"), "vocab[5].token_bytes \"A\" is not base64");
  EXPECT_EQ(fault("/vocab/5/token_bytes", ""), "vocab[5].token_bytes \"\" is not base64");
  EXPECT_EQ(fault("/vocab/5/token_bytes", "BA=="), "the tokens 7 and 8 have the same bytes, \"\\x04\"");
  EXPECT_EQ(fault("/vocab/5/token_bytes", "YWJj"),
            "the single byte 5 is not among the tokens, but all 256 must be");
  EXPECT_EQ(fault("/vocab/5/score", 1), "vocab[5].score is not supported");
  EXPECT_EQ(fault("/special_tokens/1/rank", 0), "special_tokens[1].rank has the rank of another token, 0");
  EXPECT_EQ(fault("/special_tokens/1/rank", 3),
            "special_tokens[1].rank is not below config.default_num_special_tokens");
  EXPECT_EQ(fault("/special_tokens/1/token_str", "<unk>"),
            "special_tokens[1].token_str \"<unk>\" comes twice");
  EXPECT_EQ(fault("/special_tokens/1/token_str", ""), "special_tokens[1].token_str is empty");
  EXPECT_EQ(fault("/special_tokens/1/x", 1), "special_tokens[1].x is not supported");
}

// SentencePiece
// ----------------------------------------------------------------------------------------------

std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

template <typename Number>
std::string LittleEndian(Number value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string NumberField(uint32_t number, uint64_t value) { return Varint(number << 3) + Varint(value); }
std::string BytesField(uint32_t number, std::string_view bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + std::string(bytes);
}
std::string PieceField(std::string_view text, float score, uint64_t type) {
  return BytesField(1,
                    BytesField(1, text) + Varint(2 << 3 | 5) + LittleEndian(score) + NumberField(3, type));
}

const std::string kUnk = PieceField("<unk>", 0, 2);
const std::string kBpeSpec = BytesField(2, NumberField(3, 2));

std::string SentencePieceFault(const std::string& file) {
  return MessageOf([&] { LoadSentencePiece(file); });
}

TEST(LoadSentencePiece, PiecesAndTheirTypes) {
  const Definition definition = LoadSentencePiece(
      kUnk + PieceField("<s>", 0, 3) + BytesField(1, BytesField(1, "a")) + PieceField("b", -2.5, 1) +
      PieceField("<x>", 0, 4) + PieceField("c", -1, 5) +
      BytesField(3, BytesField(1, "nfkc") + BytesField(2, std::string("\4\0\0\0\0\0\0\0\0", 9)) +
                        NumberField(4, 0)));
  EXPECT_EQ(definition.model, ModelKind::kUnigram);  // unless it is told
  EXPECT_EQ(definition.tokens, (std::vector<std::string>{"<unk>", "<s>", "a", "b", "<x>", "c"}));
  EXPECT_EQ(definition.scores, (std::vector<double>{0, 0, 0, -2.5, -0.1, -1}));
  EXPECT_TRUE(definition.scores_are_float);
  EXPECT_EQ(definition.unknown_score, -12.5);
  EXPECT_EQ(definition.unknown, 0u);
  EXPECT_TRUE(definition.fuse_unknown);
  EXPECT_FALSE(definition.byte_fallback);
  EXPECT_EQ(definition.unreachable, (std::vector<TokenId>{0, 1, 5}));
  EXPECT_EQ(definition.user_defined, std::vector<TokenId>{4});
  ASSERT_EQ(definition.normalizer.size(), 1u);
  EXPECT_EQ(definition.normalizer[0].kind, NormalizerStep::Kind::kSentencePiece);
  EXPECT_EQ(definition.normalizer[0].content.size(), 9u);
  EXPECT_TRUE(definition.normalizer[0].add_dummy_prefix);
  EXPECT_FALSE(definition.normalizer[0].remove_extra_whitespaces);
  EXPECT_TRUE(definition.normalizer[0].escape_whitespaces);
  EXPECT_TRUE(definition.splitter.empty());
}

TEST(LoadSentencePiece, BytePieces) {
  std::string file = kUnk + BytesField(2, NumberField(3, 2) + NumberField(35, 1));
  std::string missing;
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    file += PieceField(name, 0, 6);
    if (byte == 254) missing = file;
  }
  const Definition definition = LoadSentencePiece(file);
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_TRUE(definition.merges.empty());
  EXPECT_TRUE(definition.byte_fallback);
  ASSERT_EQ(definition.byte_tokens.size(), 256u);
  for (TokenId byte = 0; byte < 256; ++byte) EXPECT_EQ(definition.byte_tokens[byte], byte + 1);
  EXPECT_EQ(SentencePieceFault(missing),
            "pieces does not have all 256 of the type BYTE, but trainer_spec.byte_fallback is true");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("<0x41>", 0, 6)),
            "pieces has some of the type BYTE, but trainer_spec.byte_fallback is false");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("<0x4g>", 0, 6)),
            "pieces[1] \"<0x4g>\" is of the type BYTE, but not named like <0x0A>");
}

TEST(LoadSentencePiece, NamesWhatIsWrong) {
  const float infinite = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(SentencePieceFault(""), "pieces has none of the type UNKNOWN");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("u", 0, 2)), "pieces has two of the type UNKNOWN");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("a", 0, 1) + PieceField("a", 1, 4)),
            "pieces[2] \"a\" comes twice");
  EXPECT_NO_THROW(LoadSentencePiece(kUnk + PieceField("<unk>", 0, 1)));  // as text it is another piece
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("a", infinite, 1)),
            "pieces[1] \"a\" has a score that is not finite");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("a", nan, 1)),
            "pieces[1] \"a\" has a score that is not finite");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("a", 0, 7)), "pieces[1] \"a\" is of an unknown type, 7");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("a", 0, ~uint64_t{0})),
            "pieces[1] \"a\" is of an unknown type, -1");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("\xFF", 0, 1)), "pieces[1] \"\\xFF\" is not valid UTF-8");
  EXPECT_EQ(SentencePieceFault(kUnk + PieceField("", 0, 1)), "byte 16: pieces[1] has no text");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(2, NumberField(3, 3))),
            "trainer_spec.model_type WORD is not supported");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(2, NumberField(3, 4))),
            "trainer_spec.model_type CHAR is not supported");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(2, NumberField(3, 9))),
            "trainer_spec.model_type 9 is unknown");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(2, NumberField(24, 1))),
            "trainer_spec.treat_whitespace_as_suffix true is not supported");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(2, NumberField(99, 1))),
            "byte 18: field 99 of trainer_spec is not supported");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(3, NumberField(7, 1))),
            "byte 18: field 7 of normalizer_spec is not supported");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(3, BytesField(2, "abcdefgh"))).substr(0, 60),
            "normalizer_spec.precompiled_charsmap is not a character map:");
  EXPECT_EQ(SentencePieceFault(kUnk + BytesField(9, "")), "byte 16: field 9 of the file is not supported");
  // Made of two others, it would be taken apart again.
  EXPECT_EQ(
      SentencePieceFault(kBpeSpec + kUnk + PieceField("a", 0, 1) + PieceField("aa", 0, 5)),
      "pieces[2] \"aa\" is of the type UNUSED, which is not supported for what two other pieces make");
  EXPECT_NO_THROW(LoadSentencePiece(kBpeSpec + kUnk + PieceField("a", 0, 1) + PieceField("ab", 0, 5)));
}

TEST(LoadSentencePiece, NamesWhereTheWireFormatIsBroken) {
  EXPECT_EQ(SentencePieceFault(NumberField(1, 5)),
            "byte 0: field 1 of the file is not a string or message");
  EXPECT_EQ(SentencePieceFault(BytesField(1, NumberField(1, 5))),
            "byte 2: field 1 of pieces[0] is not a string or message");
  EXPECT_EQ(SentencePieceFault(BytesField(1, NumberField(2, 5))),
            "byte 2: field 2 of pieces[0] is not a float");
  EXPECT_EQ(SentencePieceFault(BytesField(1, BytesField(3, ""))),
            "byte 2: field 3 of pieces[0] is not an enumeration");
  EXPECT_EQ(SentencePieceFault(BytesField(3, BytesField(3, ""))),
            "byte 2: field 3 of normalizer_spec is not a boolean");
  EXPECT_EQ(SentencePieceFault("\x0A\x05\x0A"), "byte 2 of the file begins 5 bytes, but 1 are left");
  EXPECT_EQ(SentencePieceFault(BytesField(1, "\x0A\x05x")),
            "byte 4 of pieces[0] begins 5 bytes, but 1 are left");
  EXPECT_EQ(SentencePieceFault("\x0A" + Varint(~uint64_t{0})),
            "byte 11 of the file begins 18446744073709551615 bytes, but 0 are left");
  EXPECT_EQ(SentencePieceFault(std::string(10, '\xFF')),
            "byte 10 of the file ends a number of more than 64 bits");
  EXPECT_EQ(SentencePieceFault("\xFF"), "byte 1 of the file begins 1 bytes, but 0 are left");
  EXPECT_EQ(SentencePieceFault(std::string(1, '\0')), "byte 1 of the file is not a field");
  EXPECT_EQ(SentencePieceFault("\x0B"), "byte 0: field 1 of the file has the unknown wire type 3");
  EXPECT_EQ(SentencePieceFault("\x0D\x01"), "byte 1 of the file begins 4 bytes, but 1 are left");
}

// GGUF
// -------------------------------------------------------------------------------------------------------

std::string GgufString(std::string_view text) {
  return LittleEndian<uint64_t>(text.size()) + std::string(text);
}

// A file in the making.
class GgufFile {
 public:
  GgufFile& Add(std::string_view key, uint32_t type, const std::string& value) {
    body_ += GgufString(key) + LittleEndian(type) + value;
    ++count_;
    return *this;
  }
  GgufFile& String(std::string_view key, std::string_view value) { return Add(key, 8, GgufString(value)); }
  GgufFile& Bool(std::string_view key, bool value) { return Add(key, 7, std::string(1, value ? 1 : 0)); }
  GgufFile& Id(std::string_view key, uint32_t value) { return Add(key, 4, LittleEndian(value)); }
  GgufFile& Strings(std::string_view key, const std::vector<std::string>& values) {
    std::string bytes = LittleEndian<uint32_t>(8) + LittleEndian<uint64_t>(values.size());
    for (const std::string& value : values) bytes += GgufString(value);
    return Add(key, 9, bytes);
  }
  template <typename Number>
  GgufFile& Numbers(std::string_view key, uint32_t type, const std::vector<Number>& values) {
    std::string bytes = LittleEndian(type) + LittleEndian<uint64_t>(values.size());
    for (const Number value : values) bytes += LittleEndian(value);
    return Add(key, 9, bytes);
  }
  GgufFile& Types(const std::vector<int32_t>& types) {
    return Numbers("tokenizer.ggml.token_type", 5, types);
  }
  GgufFile& Scores(const std::vector<float>& scores) { return Numbers("tokenizer.ggml.scores", 6, scores); }
  GgufFile& Tokens(const std::vector<std::string>& tokens) {
    return Strings("tokenizer.ggml.tokens", tokens);
  }

  std::string Bytes(uint32_t version = 3) const {
    return "GGUF" + LittleEndian(version) + LittleEndian<uint64_t>(0) + LittleEndian(count_) + body_;
  }
  Definition Load() const { return LoadGguf(Bytes()); }
  std::string Fault() const {
    return MessageOf([this] { Load(); });
  }

 private:
  uint64_t count_ = 0;
  std::string body_;
};

GgufFile Gguf(std::string_view model) {
  GgufFile file;
  return file.String("general.architecture", "x").String("tokenizer.ggml.model", model);
}

GgufFile BytePairs() {
  return Gguf("gpt2")
      .Tokens({"a", "\u0120", "\u0120a", "<|end|>", "<x>", "[PAD]"})
      .Types({1, 1, 1, 3, 4, 5})
      .Strings("tokenizer.ggml.merges", {"\u0120 a"});
}

TEST(LoadGguf, BytePairs) {
  const Definition definition = BytePairs().String("tokenizer.ggml.pre", "llama-bpe").Load();
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_TRUE(definition.byte_level);
  EXPECT_TRUE(definition.whole_pieces);
  EXPECT_EQ(definition.tokens, (std::vector<std::string>{"a", " ", " a", "<|end|>", "<x>", "[PAD]"}));
  EXPECT_EQ(definition.unreachable, (std::vector<TokenId>{3, 4, 5}));
  EXPECT_TRUE(definition.user_defined.empty());
  EXPECT_TRUE(definition.scores.empty());
  ASSERT_EQ(definition.merges.size(), 1u);
  EXPECT_EQ(definition.merges[0].merged, 2u);
  ASSERT_EQ(definition.added_tokens.size(), 2u);
  EXPECT_TRUE(definition.added_tokens[0].special);
  EXPECT_FALSE(definition.added_tokens[1].special);
  EXPECT_EQ(definition.added_tokens[1].content, "<x>");
  ASSERT_EQ(definition.splitter.size(), 1u);
  EXPECT_EQ(definition.splitter[0].behavior, Behavior::kIsolated);
  EXPECT_TRUE(definition.normalizer.empty());
  EXPECT_EQ(BytePairs().Bool("tokenizer.ggml.normalizer.nfc", true).Load().normalizer.size(), 1u);
  EXPECT_EQ(BytePairs().Load().splitter.size(), 4u);  // llama.cpp's default
  EXPECT_EQ(BytePairs().String("tokenizer.ggml.pre", "falcon").Load().splitter[0].behavior,
            Behavior::kContiguous);
}

TEST(LoadGguf, SentencePieces) {
  const GgufFile file = Gguf("llama")
                            .Tokens({"<unk>", "<0x0A>", "a", "\u2581\u2581", "<x>", ""})
                            .Types({2, 6, 1, 4, 4, 1})
                            .Scores({0, 0, -1, 0, 0, 0});
  const Definition definition = file.Load();
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_FALSE(definition.byte_level);
  EXPECT_EQ(definition.scores, (std::vector<double>{0, 0, -1, 0, 0, 0}));
  EXPECT_TRUE(definition.byte_fallback);
  EXPECT_EQ(definition.byte_tokens.at(10), 1u);
  EXPECT_EQ(definition.unknown, 0u);
  EXPECT_TRUE(definition.user_defined.empty());
  EXPECT_EQ(definition.unreachable, (std::vector<TokenId>{0, 1, 4}));
  ASSERT_EQ(definition.added_tokens.size(), 3u);
  EXPECT_EQ(definition.added_tokens[1].content, "\u2581\u2581");
  EXPECT_EQ(definition.added_tokens[2].content, "<x>");
  ASSERT_EQ(definition.normalizer.size(), 1u);
  EXPECT_TRUE(definition.normalizer[0].add_dummy_prefix);
  EXPECT_FALSE(definition.normalizer[0].remove_extra_whitespaces);
  EXPECT_TRUE(definition.splitter.empty());
  EXPECT_FALSE(
      GgufFile(file).Bool("tokenizer.ggml.add_space_prefix", false).Load().normalizer[0].add_dummy_prefix);
  const std::vector<uint8_t> charsmap{4, 0, 0, 0, 0, 0, 0, 0, 0};
  const Definition unigram = Gguf("t5")
                                 .Tokens({"<unk>", "a"})
                                 .Types({2, 1})
                                 .Scores({0, -1})
                                 .Id("tokenizer.ggml.unknown_token_id", 0)
                                 .Bool("tokenizer.ggml.remove_extra_whitespaces", true)
                                 .Numbers("tokenizer.ggml.precompiled_charsmap", 0, charsmap)
                                 .Load();
  EXPECT_EQ(unigram.model, ModelKind::kUnigram);
  EXPECT_EQ(unigram.normalizer.at(0).content.size(), 9u);
  EXPECT_TRUE(unigram.normalizer[0].remove_extra_whitespaces);
  EXPECT_FALSE(unigram.normalizer[0].add_dummy_prefix);
}

TEST(LoadGguf, WordPieces) {
  const GgufFile file = Gguf("bert")
                            .Tokens({"[UNK]", "\u2581a", "b", "[unused0]", "[", "\u2581["})
                            .Types({3, 1, 1, 1, 1, 1})
                            .Id("tokenizer.ggml.unknown_token_id", 0);
  const Definition definition = file.Load();
  EXPECT_EQ(definition.model, ModelKind::kWordPiece);
  EXPECT_EQ(definition.tokens, (std::vector<std::string>{"[UNK]", "a", "##b", "[unused0]", "##[", "["}));
  EXPECT_EQ(definition.unknown, 0u);
  EXPECT_EQ(definition.continuing_prefix, "##");
  EXPECT_EQ(definition.normalizer.at(0).kind, NormalizerStep::Kind::kBert);
  EXPECT_TRUE(definition.normalizer[0].lowercase);
  EXPECT_TRUE(definition.normalizer[0].strip_accents);
  EXPECT_EQ(definition.splitter.at(0).kind, Kind::kBert);
  EXPECT_FALSE(
      GgufFile(file).Bool("tokenizer.ggml.normalizer.lowercase", false).Load().normalizer[0].strip_accents);
}

TEST(LoadGguf, NamesWhatIsWrong) {
  EXPECT_EQ(MessageOf([] { LoadGguf("GGML"); }), "the file does not begin with \"GGUF\"");
  EXPECT_EQ(MessageOf([] { LoadGguf(BytePairs().Bytes(1)); }), "GGUF version 1 is not supported");
  EXPECT_EQ(MessageOf([] { LoadGguf(BytePairs().Bytes(0x03000000)); }),
            "GGUF version 50331648 is not supported: the file is big-endian");
  EXPECT_NO_THROW(LoadGguf(BytePairs().Bytes(2)));
  EXPECT_NO_THROW(LoadGguf(BytePairs().Bytes() + "weights"));
  EXPECT_EQ(GgufFile().Fault(), "the key tokenizer.ggml.model is missing");
  EXPECT_EQ(Gguf("rwkv").Fault(), "tokenizer.ggml.model \"rwkv\" is not supported");
  EXPECT_EQ(Gguf("gpt2").Fault(), "the key tokenizer.ggml.tokens is missing");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a"}).Fault(), "the key tokenizer.ggml.merges is missing");
  EXPECT_EQ(Gguf("llama").Tokens({"a"}).Fault(), "the key tokenizer.ggml.token_type is missing");
  EXPECT_EQ(Gguf("llama").Tokens({"a"}).Types({1}).Fault(), "the key tokenizer.ggml.scores is missing");
  EXPECT_EQ(BytePairs().String("tokenizer.ggml.pre", "kimi-k2").Fault(),
            "tokenizer.ggml.pre \"kimi-k2\" is not supported");
  EXPECT_EQ(BytePairs().String("tokenizer.ggml.foo", "").Fault(),
            "the key \"tokenizer.ggml.foo\" is not supported");
  EXPECT_EQ(BytePairs().Bool("tokenizer.ggml.normalizer.lowercase", true).Fault(),
            "tokenizer.ggml.normalizer.lowercase true is not supported with tokenizer.ggml.model \"gpt2\"");
  EXPECT_EQ(Gguf("gpt2").String("tokenizer.ggml.tokens", "a").Fault(),
            "tokenizer.ggml.tokens is not an array");
  EXPECT_EQ(Gguf("gpt2").Numbers<float>("tokenizer.ggml.tokens", 6, {1}).Fault(),
            "tokenizer.ggml.tokens is not an array of strings");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a"}).Numbers<float>("tokenizer.ggml.token_type", 6, {1}).Fault(),
            "tokenizer.ggml.token_type is not an array of integers of 32 bits");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a"}).Types({1, 1}).Fault(),
            "tokenizer.ggml.token_type has 2 elements, but tokenizer.ggml.tokens has 1");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a", "a"}).Fault(), "tokenizer.ggml.tokens[1] \"a\" comes twice");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a", "\xC3"}).Fault(),
            "tokenizer.ggml.tokens[1] \"\\xC3\" is not valid UTF-8");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a"}).Types({0}).Fault(),
            "tokenizer.ggml.tokens[0] \"a\" is of an unknown type, 0");
  EXPECT_EQ(Gguf("gpt2").Tokens({"a"}).Strings("tokenizer.ggml.merges", {"a a"}).Fault(),
            "tokenizer.ggml.merges[0] is no merge: \"aa\" is not in the vocabulary");
  EXPECT_EQ(Gguf("llama").Tokens({"a"}).Types({1}).Scores({NAN}).Fault(),
            "tokenizer.ggml.tokens[0] \"a\" has a score that is not finite");
  EXPECT_EQ(
      Gguf("llama").Tokens({"a"}).Types({1}).Scores({0}).Id("tokenizer.ggml.unknown_token_id", 1).Fault(),
      "tokenizer.ggml.unknown_token_id 1 is not a token");
  EXPECT_EQ(Gguf("bert").Tokens({"a"}).String("tokenizer.ggml.unknown_token_id", "0").Fault(),
            "tokenizer.ggml.unknown_token_id is not an unsigned integer of 32 bits");
  EXPECT_EQ(Gguf("bert").Tokens({"\u2581##a", "a"}).Fault(),
            "tokenizer.ggml.tokens[1] \"##a\" comes twice");
  EXPECT_EQ(Gguf("gpt2").String("tokenizer.ggml.model", "gpt2").Fault(),
            "byte 109: the key \"tokenizer.ggml.model\" comes twice");
}

TEST(LoadGguf, NamesWhereLengthsLie) {
  const auto fault = [](uint32_t type, const std::string& value) {
    return GgufFile().Add("k", type, value).Fault();
  };
  // The value's type is at byte 33, the value at 37.
  EXPECT_EQ(fault(8, LittleEndian<uint64_t>(9) + "abc"),
            "byte 45 begins 9 bytes, but the file ends after 3");
  EXPECT_EQ(fault(8, LittleEndian(~uint64_t{0})),
            "byte 45 begins 18446744073709551615 bytes, but the file ends after 0");
  EXPECT_EQ(fault(13, ""), "byte 33 begins a value of the unknown type 13");
  EXPECT_EQ(fault(12, "1234567"), "byte 37 begins 8 bytes, but the file ends after 7");
  EXPECT_EQ(fault(9, LittleEndian<uint32_t>(9) + LittleEndian<uint64_t>(1)),
            "byte 37 begins an array of the type 9, which is not supported");
  EXPECT_EQ(fault(9, LittleEndian<uint32_t>(6) + LittleEndian(uint64_t{1} << 62)),
            "byte 37 begins an array of 4611686018427387904 elements, but the file ends after 0 bytes");
  EXPECT_EQ(fault(9, LittleEndian<uint32_t>(8) + LittleEndian(~uint64_t{0}) + std::string(16, '\0')),
            "byte 37 begins an array of 18446744073709551615 elements, but the file ends after 16 bytes");
  const std::string file = BytePairs().Bytes();
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_NE(MessageOf([&] { LoadGguf(std::string_view(file).substr(0, length)); }), "no error") << length;
  }
}

// Formats
// ----------------------------------------------------------------------------------------------------

TEST(DetectFormat, ByMagicAndStructure) {
  EXPECT_EQ(DetectFormat(File(kBpe)), Format::kHuggingFace);
  EXPECT_EQ(DetectFormat(" \n" + Tekken().dump()), Format::kTekken);
  EXPECT_EQ(DetectFormat(RankFile()), Format::kTiktoken);
  EXPECT_EQ(DetectFormat(kUnk), Format::kSentencePiece);
  EXPECT_EQ(DetectFormat(BytePairs().Bytes()), Format::kGguf);
  for (const char* other : {"", "GGM", "{", "{}", "[]", R"({"a": 0, "x": {"model": 1}})", "YQ==", "YQ== x",
                            "a b c", "\n", "\x0A\x05", "#version: 0.2\na b\n"}) {
    EXPECT_EQ(DetectFormat(other), std::nullopt) << other;
  }
}

TEST(DetectFormat, Names) {
  for (const char* name : {"huggingface", "tiktoken", "sentencepiece", "tekken", "gguf"}) {
    const auto format = FindFormat(name);
    ASSERT_TRUE(format.has_value()) << name;
    EXPECT_EQ(FormatName(*format), name);
  }
  EXPECT_EQ(FindFormat("auto"), std::nullopt);
}

// Real files
// -------------------------------------------------------------------------------------------------

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string VocabularyPath(const std::string& name) {
  const char* folder = std::getenv("TOKENMETER_VOCABS");
  return folder == nullptr ? "" : std::string(folder) + "/" + name;
}

// Skips the test where one of the files is not there.
#define REQUIRE_VOCABULARIES(...)                                                                         \
  if (std::getenv("TOKENMETER_VOCABS") == nullptr) GTEST_SKIP() << "TOKENMETER_VOCABS is not set";        \
  for (const char* name : {__VA_ARGS__}) {                                                                \
    if (!std::ifstream(VocabularyPath(name))) GTEST_SKIP() << "TOKENMETER_VOCABS does not hold " << name; \
  }

std::string Read(const std::string& name) { return ReadWhole(VocabularyPath(name)); }

// Each of the merges that tiktoken would do is a rule here, and no other: the merges of ranks, in order.
bool MergesByRank(const Definition& definition) {
  return std::ranges::is_sorted(definition.merges, {}, &Definition::MergeRule::merged);
}

TEST(RealFiles, QwenAsRanksAndAsJson) {
  REQUIRE_VOCABULARIES("qwen2.tiktoken", "qwen2.pattern", "qwen2_5.tokenizer.json")
  std::string pattern = Read("qwen2.pattern");
  while (pattern.ends_with('\n')) pattern.pop_back();
  const Definition ranks = LoadTiktoken(Read("qwen2.tiktoken"), pattern, "");
  const Definition json = LoadHuggingFace(Read("qwen2_5.tokenizer.json"));
  EXPECT_EQ(json.tokens, ranks.tokens);
  EXPECT_EQ(json.tokens.size(), 151643u);
  EXPECT_TRUE(json.unreachable.empty());
  EXPECT_TRUE(json.byte_level);
  EXPECT_TRUE(MergesByRank(json));
  ASSERT_EQ(json.splitter.size(), 1u);
  EXPECT_EQ(json.splitter[0].pattern, pattern);
  EXPECT_EQ(json.normalizer.at(0).kind, NormalizerStep::Kind::kNfc);
  EXPECT_EQ(json.added_tokens.size(), 22u);
}

TEST(RealFiles, WhisperAsRanksAndAsJson) {
  REQUIRE_VOCABULARIES("whisper_multilingual.tiktoken", "whisper-tiny.tokenizer.json")
  const Definition ranks = LoadTiktoken(Read("whisper_multilingual.tiktoken"), ".", "");
  Definition json = LoadHuggingFace(Read("whisper-tiny.tokenizer.json"));
  EXPECT_EQ(json.tokens.back(), "<|endoftext|>");
  json.tokens.pop_back();
  EXPECT_EQ(json.tokens, ranks.tokens);
  EXPECT_EQ(json.merges.size(), 50000u);
}

TEST(RealFiles, MistralNemoAsTekkenAndAsJson) {
  REQUIRE_VOCABULARIES("tekken.json", "mistral_nemo.tokenizer.json")
  const Definition tekken = LoadTekken(Read("tekken.json"));
  Definition json = LoadHuggingFace(Read("mistral_nemo.tokenizer.json"));
  EXPECT_TRUE(json.whole_pieces);
  ASSERT_EQ(json.tokens.size(), 131072u);
  std::fill_n(json.tokens.begin(), 1000, "");  // the special tokens
  EXPECT_EQ(json.tokens, tekken.tokens);
  EXPECT_EQ(json.splitter.at(0).pattern, tekken.splitter.at(0).pattern);
  EXPECT_EQ(json.added_tokens.size(), 1000u);
}

TEST(RealFiles, Gpt2AsGgufAndAsRanks) {
  REQUIRE_VOCABULARIES("gpt-2.gguf")
  Definition gguf = LoadGguf(Read("gpt-2.gguf"));
  const Definition ranks = LoadTiktoken(ReadWhole(VOCAB "/r50k_base.tiktoken"), ".", "");
  ASSERT_EQ(gguf.tokens.size(), 50257u);
  gguf.tokens.pop_back();  // <|endoftext|>
  EXPECT_EQ(gguf.tokens, ranks.tokens);
  EXPECT_EQ(gguf.unreachable, std::vector<TokenId>{50256});
  EXPECT_EQ(gguf.merges.size(), 50000u);
  EXPECT_TRUE(MergesByRank(gguf));
  EXPECT_EQ(gguf.splitter.at(0).kind, Kind::kByteLevel);
}

// In GGUF the merges of a tokenizer.json have become scores.
TEST(RealFiles, Phi3AsGgufAndAsJson) {
  REQUIRE_VOCABULARIES("phi-3.gguf", "phi-3-mini.tokenizer.json")
  const Definition gguf = LoadGguf(Read("phi-3.gguf"));
  const Definition json = LoadHuggingFace(Read("phi-3-mini.tokenizer.json"));
  ASSERT_EQ(json.tokens.size(), 32000u);
  EXPECT_TRUE(std::equal(json.tokens.begin(), json.tokens.end(), gguf.tokens.begin()));
  EXPECT_EQ(gguf.byte_tokens, json.byte_tokens);
  EXPECT_EQ(gguf.unknown, json.unknown);
  double last = 0;
  for (const Definition::MergeRule& rule : json.merges) {
    EXPECT_LE(gguf.scores[rule.merged], last);
    last = gguf.scores[rule.merged];
  }
  for (const AddedToken& token : json.added_tokens) {
    EXPECT_TRUE(std::ranges::any_of(gguf.added_tokens, [&](const AddedToken& other) {
      return other.id == token.id && other.content == token.content && other.special == token.special;
    })) << token.content;
  }
}

TEST(RealFiles, BertAsGgufAndAsJson) {
  REQUIRE_VOCABULARIES("bert-bge.gguf", "bert-base-uncased.tokenizer.json")
  const Definition gguf = LoadGguf(Read("bert-bge.gguf"));
  const Definition json = LoadHuggingFace(Read("bert-base-uncased.tokenizer.json"));
  EXPECT_EQ(gguf.tokens, json.tokens);
  EXPECT_EQ(gguf.unknown, json.unknown);
  EXPECT_EQ(gguf.continuing_prefix, json.continuing_prefix);
  EXPECT_EQ(gguf.longest_word, json.longest_word);
  EXPECT_EQ(gguf.normalizer.at(0).strip_accents, json.normalizer.at(0).strip_accents);
}

// What spm_export_vocab says of a model: a piece and its score on each line.
void CompareWithSpmExportVocab(const std::string& name) {
  const Definition definition = LoadSentencePiece(Read(name));
  const std::string command = "spm_export_vocab --model='" + VocabularyPath(name) + "' 2>/dev/null";
  FILE* pipe = popen(command.c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string output;
  char block[65536];
  for (size_t length = 0; (length = fread(block, 1, sizeof block, pipe)) > 0;) output.append(block, length);
  if (pclose(pipe) != 0) GTEST_SKIP() << "spm_export_vocab cannot be run";
  std::istringstream lines(output);
  TokenId id = 0;
  for (std::string line; std::getline(lines, line); ++id) {
    const size_t tab = line.rfind('\t');
    ASSERT_LT(id, definition.tokens.size());
    EXPECT_EQ(definition.tokens[id], line.substr(0, tab));
    EXPECT_NEAR(definition.scores[id], std::stod(line.substr(tab + 1)),
                1e-4 * std::abs(definition.scores[id]));
  }
  EXPECT_EQ(id, definition.tokens.size());
}

TEST(RealFiles, MistralAsSpmExportVocabHasIt) {
  REQUIRE_VOCABULARIES("mistral-v3.model")
  const Definition definition = LoadSentencePiece(Read("mistral-v3.model"));
  EXPECT_EQ(definition.model, ModelKind::kBpe);
  EXPECT_TRUE(definition.byte_fallback);
  EXPECT_TRUE(definition.normalizer.at(0).add_dummy_prefix);
  EXPECT_FALSE(definition.normalizer[0].remove_extra_whitespaces);
  CompareWithSpmExportVocab("mistral-v3.model");
}

TEST(RealFiles, UnigramAsSpmExportVocabHasIt) {
  REQUIRE_VOCABULARIES("unigram-test.model")
  EXPECT_EQ(LoadSentencePiece(Read("unigram-test.model")).model, ModelKind::kUnigram);
  EXPECT_GT(LoadSentencePiece(Read("unigram-test.model")).normalizer.at(0).content.size(), 200000u);
  CompareWithSpmExportVocab("unigram-test.model");
}

TEST(RealFiles, OtherJson) {
  REQUIRE_VOCABULARIES("deepseek_v3.tokenizer.json", "gpt-neox-20b.tokenizer.json",
                       "t5-small.tokenizer.json")
  const Definition deepseek = LoadHuggingFace(Read("deepseek_v3.tokenizer.json"));
  EXPECT_EQ(deepseek.splitter.size(), 3u);
  EXPECT_EQ(deepseek.added_tokens.size(), 818u);
  EXPECT_EQ(deepseek.unreachable, (std::vector<TokenId>{0, 1, 2}));
  const Definition neox = LoadHuggingFace(Read("gpt-neox-20b.tokenizer.json"));
  EXPECT_EQ(neox.added_tokens.size(), 25u);
  EXPECT_TRUE(neox.added_tokens.back().normalized);
  const Definition t5 = LoadHuggingFace(Read("t5-small.tokenizer.json"));
  EXPECT_EQ(t5.model, ModelKind::kUnigram);
  EXPECT_EQ(t5.unknown, 2u);
  ASSERT_EQ(t5.splitter.size(), 2u);
  EXPECT_EQ(t5.splitter[1].prepend, SplitStep::Prepend::kAlways);
}

// A GGUF file tells only the name of how text is cut: the patterns that we know by it are those of the
// models' own files.
TEST(RealFiles, GgufPatternsAreThoseOfTheModels) {
  REQUIRE_VOCABULARIES("qwen2_5.tokenizer.json", "deepseek_v3.tokenizer.json",
                       "mistral_nemo.tokenizer.json")
  const auto compare = [](const char* pre, const char* name) {
    const std::vector<SplitStep> gguf = BytePairs().String("tokenizer.ggml.pre", pre).Load().splitter;
    const std::vector<SplitStep> json = LoadHuggingFace(Read(name)).splitter;
    ASSERT_EQ(gguf.size(), json.size());
    for (size_t i = 0; i < gguf.size(); ++i) {
      EXPECT_EQ(gguf[i].kind, json[i].kind);
      EXPECT_EQ(gguf[i].pattern, json[i].pattern);
      EXPECT_EQ(gguf[i].behavior, json[i].behavior);
    }
  };
  compare("qwen2", "qwen2_5.tokenizer.json");
  compare("deepseek-v3", "deepseek_v3.tokenizer.json");
  compare("tekken", "mistral_nemo.tokenizer.json");
}

TEST(RealFiles, FormatsAreDetected) {
  REQUIRE_VOCABULARIES("qwen2.tiktoken", "tekken.json", "mistral-v3.model", "unigram-test.model",
                       "gpt-2.gguf", "t5-small.tokenizer.json", "bert-base-uncased.tokenizer.json")
  EXPECT_EQ(DetectFormat(Read("qwen2.tiktoken")), Format::kTiktoken);
  EXPECT_EQ(DetectFormat(Read("tekken.json")), Format::kTekken);
  EXPECT_EQ(DetectFormat(Read("mistral-v3.model")), Format::kSentencePiece);
  EXPECT_EQ(DetectFormat(Read("unigram-test.model")), Format::kSentencePiece);
  EXPECT_EQ(DetectFormat(Read("gpt-2.gguf")), Format::kGguf);
  EXPECT_EQ(DetectFormat(Read("t5-small.tokenizer.json")), Format::kHuggingFace);
  EXPECT_EQ(DetectFormat(Read("bert-base-uncased.tokenizer.json")), Format::kHuggingFace);
}

}  // namespace
}  // namespace tokenmeter::tokenizer
