// The normalizer against the libraries that it follows: what Hugging Face's makes of every code point, of
// nasty and of random strings (test/data/oracle/normalized.tsv, made by make_normalized.mjs), and what
// SentencePiece's own tool makes of texts here and now. And its limits.
#include "tokenizer/normalize/normalizer.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "oracle.hpp"
#include "tokenizer/normalize/charsmap.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::test {
namespace {

using Json = nlohmann::json;
using tokenizer::CompileNormalizer;
using tokenizer::DefinitionError;
using tokenizer::Normalizer;
using tokenizer::NormalizerStep;
using Kind = NormalizerStep::Kind;
using Steps = std::vector<NormalizerStep>;

NormalizerStep Step(Kind kind, const std::string& pattern = "", const std::string& content = "") {
  return {.kind = kind, .pattern = pattern, .content = content};
}

// A normalizer with its program.
class Compiled {
 public:
  explicit Compiled(const Steps& steps) : program_(CompileNormalizer(steps)), normalizer_(program_) {}

  std::string operator()(std::string_view text, bool at_text_start = true) {
    return std::string(View(text, at_text_start));
  }

  std::string_view View(std::string_view text, bool at_text_start = true) {
    std::string_view normalized;
    EXPECT_TRUE(normalizer_.Apply(text, at_text_start, nullptr, &normalized));
    return normalized;
  }

  Normalizer& normalizer() { return normalizer_; }

 private:
  const std::string program_;
  Normalizer normalizer_;
};

std::string Base64(std::string_view text) {
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<uint32_t>(digits.find(c));
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8));
  }
  return bytes;
}

// A file of the real vocabularies, which are no part of the project; empty if it is not there.
std::string Vocabulary(const std::string& name) {
  const char* folder = std::getenv("TOKENMETER_VOCABS");
  if (folder == nullptr) return {};
  std::ifstream file(std::string(folder) + "/" + name, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// ---------------------------------------------------------------- Hugging Face

Steps Bert(bool clean, bool chinese, bool accents, bool lowercase) {
  NormalizerStep step = Step(Kind::kBert);
  step.clean_text = clean;
  step.handle_chinese_chars = chinese;
  step.strip_accents = accents;
  step.lowercase = lowercase;
  return {step};
}

NormalizerStep StripStep(bool left, bool right) {
  NormalizerStep step = Step(Kind::kStrip);
  step.left = left;
  step.right = right;
  return step;
}

// What make_normalized.mjs calls by this name.
Steps StepsOf(const std::string& name) {
  static const std::string space = "\u2581";
  static const std::map<std::string, Steps> all = {
      {"nfc", {Step(Kind::kNfc)}},
      {"nfd", {Step(Kind::kNfd)}},
      {"nfkc", {Step(Kind::kNfkc)}},
      {"nfkd", {Step(Kind::kNfkd)}},
      {"lowercase", {Step(Kind::kLowercase)}},
      {"strip_accents", {Step(Kind::kStripAccents)}},
      {"nmt", {Step(Kind::kNmt)}},
      {"strip", {StripStep(true, true)}},
      {"strip_left", {StripStep(true, false)}},
      {"strip_right", {StripStep(false, true)}},
      {"prepend", {Step(Kind::kPrepend, "", space)}},
      {"replace", {Step(Kind::kReplace, " ", space)}},
      {"replace_string", {Step(Kind::kReplace, "aa", "$0 is longer than a few bytes")}},
      {"replace_mark", {Step(Kind::kReplace, "\u0301", "")}},
      {"replace_empty", {Step(Kind::kReplace, "", "-")}},
      {"replace_regex", {Step(Kind::kReplaceRegex, " *", "$0")}},
      {"bert", Bert(true, true, true, true)},
      {"bert_clean", Bert(true, false, false, false)},
      {"bert_chinese", Bert(false, true, false, false)},
      {"bert_accents", Bert(false, false, true, false)},
      {"byte_level", {Step(Kind::kByteLevel)}},
      {"charsmap", {Step(Kind::kCharsmap, "", ReadFile("oracle/test.charsmap"))}},
      {"sequence",
       {Step(Kind::kNmt), Step(Kind::kNfkc), Step(Kind::kReplace, "x", "\u00DF\u0301"), Step(Kind::kNfd),
        Step(Kind::kStripAccents), Step(Kind::kLowercase), StripStep(true, true),
        Step(Kind::kPrepend, "", space), Step(Kind::kReplace, " ", space)}},
  };
  if (name == "t5") {
    const std::string file = Vocabulary("t5-small.tokenizer.json");
    if (file.empty()) return {};
    const std::string charsmap = Json::parse(file)["normalizer"]["precompiled_charsmap"];
    return {Step(Kind::kCharsmap, "", Base64(charsmap))};
  }
  return all.at(name);
}

struct ExpectedBlock {
  std::string texts;  // which
  uint32_t first;
  std::string hash;
};

const std::map<std::string, std::vector<ExpectedBlock>>& ExpectedBlocks() {
  static const auto blocks = [] {
    std::map<std::string, std::vector<ExpectedBlock>> by_name;
    std::istringstream file(ReadFile("oracle/normalized.tsv"));
    for (std::string line; std::getline(file, line);) {
      if (line.front() == '#') continue;
      std::istringstream fields(line);
      std::string name;
      std::string first;
      ExpectedBlock block;
      fields >> name >> block.texts >> first >> block.hash;
      block.first =
          static_cast<uint32_t>(std::stoul(first, nullptr, block.texts == "code_points" ? 16 : 10));
      by_name[name].push_back(block);
    }
    return by_name;
  }();
  return blocks;
}

class HuggingFace : public testing::TestWithParam<std::string> {
 protected:
  // Compares the blocks of such texts; `visit` calls its argument with each text of a block.
  using Visitor = std::function<void(const std::string&)>;
  void Compare(const std::string& texts, size_t block_count,
               const std::function<void(uint32_t first, const Visitor&)>& visit) {
    const Steps steps = StepsOf(GetParam());
    if (steps.empty()) GTEST_SKIP() << "TOKENMETER_VOCABS names no folder with t5-small.tokenizer.json";
    Compiled normalize(steps);
    size_t compared = 0;
    for (const ExpectedBlock& block : ExpectedBlocks().at(GetParam())) {
      if (block.texts != texts) continue;
      TokenHash hash;
      visit(block.first, [&](const std::string& text) {
        hash.AddBytes(normalize.View(text));
        hash.AddBytes("\xFF");
      });
      EXPECT_EQ(hash.Hex(), block.hash) << texts << " from " << std::hex << block.first;
      ++compared;
    }
    EXPECT_EQ(compared, block_count);
  }
};

INSTANTIATE_TEST_SUITE_P(Normalizer, HuggingFace,
                         testing::Values("nfc", "nfd", "nfkc", "nfkd", "lowercase", "strip_accents", "nmt",
                                         "strip", "strip_left", "strip_right", "prepend", "replace",
                                         "replace_string", "replace_mark", "replace_empty", "replace_regex",
                                         "bert", "bert_clean", "bert_chinese", "bert_accents", "byte_level",
                                         "charsmap", "t5", "sequence"),
                         [](const auto& name) { return name.param; });

TEST_P(HuggingFace, EveryCodePoint) {
  Compare("code_points", 64 - 1 + 15, [](uint32_t first, const Visitor& visit) {
    for (uint32_t c = first; c < first + (first < 0x20000 ? 0x800 : 0x10000); ++c) {
      const std::string x = Utf8(c);
      visit(x);
      visit("a" + x + "\u0301|" + x + x + "| " + x + " |x" + x + "x|\u0323" + x + "\u0307\u0327|\u1100" +
            x + "\u11A8|");
    }
  });
}

TEST_P(HuggingFace, NastyStrings) {
  static const auto nasty = [] {
    std::vector<std::string> all;
    std::istringstream file(ReadFile("oracle/nasty.jsonl"));
    for (std::string line; std::getline(file, line);) all.push_back(Json::parse(line)["text"]);
    return all;
  }();
  Compare("nasty", 20, [](uint32_t first, const Visitor& visit) {
    for (size_t i = first; i < std::min<size_t>(first + 200, nasty.size()); ++i) visit(nasty[i]);
  });
}

// As in random.mjs.
class Xorshift {
 public:
  explicit Xorshift(uint32_t seed) : state_(seed) {}
  size_t Below(size_t limit) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return uint64_t{state_} * limit >> 32;
  }

 private:
  uint32_t state_;
};

using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

std::vector<Ranges> ReadAlphabet() {
  std::vector<Ranges> groups;
  std::istringstream file(ReadFile("oracle/alphabet.tsv"));
  std::string last_group;
  for (std::string line; std::getline(file, line);) {
    if (line.front() == '#') continue;
    std::istringstream fields(line);
    std::string group;
    uint32_t first = 0;
    uint32_t last = 0;
    fields >> group >> std::hex >> first >> last;
    if (group != last_group) groups.emplace_back();
    groups.back().emplace_back(first, last);
    last_group = group;
  }
  return groups;
}

// As in make_normalized.mjs.
std::vector<std::string> RandomStrings(size_t count) {
  const std::vector<Ranges> alphabet = ReadAlphabet();
  Xorshift random(90017);
  std::vector<std::string> texts(count);
  for (std::string& text : texts) {
    std::vector<const Ranges*> groups(1 + random.Below(4));
    for (const Ranges*& group : groups) group = &alphabet[random.Below(alphabet.size())];
    const size_t length = random.Below(64) == 0 ? 400 : 1 + random.Below(24);
    for (size_t i = 0; i < length; ++i) {
      const Ranges& group = *groups[random.Below(groups.size())];
      const auto [first, last] = group[random.Below(group.size())];
      const std::string character = Utf8(first + static_cast<uint32_t>(random.Below(last - first + 1)));
      for (size_t times = random.Below(16) == 0 ? 2 + random.Below(30) : 1; times != 0; --times)
        text += character;
    }
  }
  return texts;
}

TEST_P(HuggingFace, RandomStrings) {
  static const auto random = tokenmeter::test::RandomStrings(20000);
  Compare("random", 20, [](uint32_t first, const Visitor& visit) {
    for (size_t i = first; i < first + 1000; ++i) visit(random[i]);
  });
}

// All sequences of a few characters that join one another in every way; here it is seen what a cluster is.
TEST(Clusters, AreThoseOfHuggingFace) {
  const std::vector<std::string> alphabet = {"x",      "\r",     "\n",         "\u0301",
                                             "\u0600", "\u0915", "\u093C",     "\u094D",
                                             "\u200C", "\u200D", "\U0001F1E6", "\u2764"};
  Compiled normalize(StepsOf("charsmap"));
  TokenHash hash;
  for (size_t i = 0; i < 12 * 12 * 12 * 12 * 12; ++i) {
    std::string text;
    for (size_t rest = i, n = 0; n < 5; ++n, rest /= 12) text += alphabet[rest % 12];
    hash.AddBytes(normalize.View(text));
    hash.AddBytes("\xFF");
  }
  const auto& blocks = ExpectedBlocks().at("charsmap");
  const auto expected = std::ranges::find(blocks, "clusters", &ExpectedBlock::texts);
  ASSERT_NE(expected, blocks.end());
  EXPECT_EQ(hash.Hex(), expected->hash);
}

TEST_P(HuggingFace, EmptyText) {
  Compare("empty", 1, [](uint32_t, const Visitor& visit) { visit(""); });
}

// --------------------------------------------------------------- SentencePiece

// The NormalizerSpec of a .model file, which is a protocol buffer.
NormalizerStep ReadNormalizerSpec(std::string_view model) {
  const auto varint = [](std::string_view* bytes) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes->front());
      bytes->remove_prefix(1);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
  };
  const auto each_field = [&](std::string_view bytes, const auto& visit) {
    while (!bytes.empty()) {
      const uint64_t key = varint(&bytes);
      uint64_t size = 0;
      uint64_t value = 0;
      if (key % 8 == 0) value = varint(&bytes);
      if (key % 8 == 1) size = 8;
      if (key % 8 == 2) size = varint(&bytes);
      if (key % 8 == 5) size = 4;
      visit(key / 8, value, bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
  };
  NormalizerStep step = Step(Kind::kSentencePiece);
  step.add_dummy_prefix = step.remove_extra_whitespaces = step.escape_whitespaces = true;
  each_field(model, [&](uint64_t field, uint64_t, std::string_view spec) {
    if (field != 3) return;
    each_field(spec, [&](uint64_t number, uint64_t value, std::string_view bytes) {
      if (number == 2) step.content = bytes;
      if (number == 3) step.add_dummy_prefix = value != 0;
      if (number == 4) step.remove_extra_whitespaces = value != 0;
      if (number == 5) step.escape_whitespaces = value != 0;
    });
  });
  return step;
}

class SentencePiece : public testing::Test {
 protected:
  SentencePiece() { std::filesystem::create_directory(folder_); }
  ~SentencePiece() override { std::filesystem::remove_all(folder_); }

  static bool HasTool(const std::string& name) {
    return std::system(("command -v " + name + " > /dev/null").c_str()) == 0;
  }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  void WriteLines(const std::string& name, const std::vector<std::string>& lines) const {
    std::ofstream file(Path(name), std::ios::binary);
    for (const std::string& line : lines) file << line << '\n';
  }

  std::vector<std::string> ReadLines(const std::string& name) const {
    std::vector<std::string> lines;
    std::ifstream file(Path(name), std::ios::binary);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  // Texts without line feeds: every code point in contexts, and random strings; some are no UTF-8.
  static const std::vector<std::string>& Texts() {
    static const auto texts = [] {
      std::vector<std::string> all = {"",
                                      " ",
                                      "  ",
                                      "\u2581",
                                      " \u2581 a \u2581\u2581 ",
                                      "a  b",
                                      "\u3000 a\u3000",
                                      "\xFF a\xE2\x96",
                                      "\u00A0",
                                      "e\u0301",
                                      "a\t\tb ",
                                      "\xCC\x81",
                                      " \xC2 "};
      for (uint32_t c = 1; c < kCodePointLimit; ++c) {
        if (IsSurrogate(c)) continue;
        const std::string x = Utf8(c);
        if (c < 0x3400 || (c >= 0xA000 && c < 0xAD00) || (c >= 0xD700 && c < 0x20000)) {
          all.push_back(x);
          all.push_back(x + " " + x + "  " + x + "a" + x + "\u0301" + x + x + " ");
        } else {
          all.back() += x;
          if (c % 64 == 0) all.push_back(" ");
        }
      }
      for (const std::string& text : RandomStrings(20000)) all.push_back(text);
      for (std::string& text : all) {
        std::erase(text, '\n');
        std::erase(text, '\0');
      }
      return all;
    }();
    return texts;
  }

  // Compares with the tool, which takes the model's normalizer as it is, or only its charsmap.
  void Compare(const std::string& model) {
    std::ifstream file(model, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    const NormalizerStep as_it_is = ReadNormalizerSpec(bytes.str());
    NormalizerStep charsmap_only = as_it_is;
    charsmap_only.add_dummy_prefix = charsmap_only.escape_whitespaces = false;
    for (const bool remove_spaces : {false, true}) {
      charsmap_only.remove_extra_whitespaces = remove_spaces;
      CompareStep(model, charsmap_only,
                  remove_spaces ? "--remove_extra_whitespaces=true" : "--remove_extra_whitespaces=false");
    }
    CompareStep(model, as_it_is, "--use_internal_normalization");
  }

 private:
  void CompareStep(const std::string& model, const NormalizerStep& step, const std::string& option) {
    WriteLines("texts", Texts());
    const std::string command = "spm_normalize --minloglevel=2 --model=" + model + " " + option +
                                " --output=" + Path("normalized") + " " + Path("texts");
    ASSERT_EQ(std::system(command.c_str()), 0);
    const std::vector<std::string> expected = ReadLines("normalized");
    ASSERT_EQ(expected.size(), Texts().size());
    Compiled normalize({step});
    size_t different = 0;
    for (size_t i = 0; i < expected.size() && different < 10; ++i) {
      const std::string found = normalize(Texts()[i]);
      different += found != expected[i];
      EXPECT_EQ(found, expected[i]) << model << " " << option << ": "
                                    << Json(Texts()[i]).dump(-1, ' ', true, Json::error_handler_t::replace);
    }
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("normalizer_test." + std::to_string(getpid()));
};

TEST_F(SentencePiece, PublishedModels) {
  if (!HasTool("spm_normalize")) GTEST_SKIP() << "spm_normalize (package sentencepiece) is not installed";
  size_t compared = 0;
  for (const std::string name : {"mistral-v3.model", "unigram-test.model"}) {
    if (Vocabulary(name).empty()) continue;
    Compare(std::getenv("TOKENMETER_VOCABS") + ("/" + name));
    ++compared;
  }
  if (compared == 0)
    GTEST_SKIP() << "TOKENMETER_VOCABS names no folder with mistral-v3.model, unigram-test.model";
}

// Normalizers that the tool itself makes, also by rules of our own.
TEST_F(SentencePiece, TrainedModels) {
  if (!HasTool("spm_normalize") || !HasTool("spm_train")) {
    GTEST_SKIP() << "spm_train and spm_normalize (package sentencepiece) are not installed";
  }
  WriteLines("corpus",
             {"the quick brown fox jumps over the lazy dog", "a b c d e f g h i j k l m n o p q r s t"});
  // 61 = a; a rule may delete, make spaces, begin and end with them, and be a prefix of another.
  WriteLines("rules.tsv", {"61\t62", "61 62\t63 64", "61 62 63 64\t20 65 20", "301\t", "E9\t20",
                           "20 20 20\t2D", "4E00\t20 20", "2581\t5F", "78 301\t20 20 79"});
  const std::string train =
      "spm_train --minloglevel=2 --model_type=char --vocab_size=30 --hard_vocab_limit=false --input=" +
      Path("corpus") + " --model_prefix=" + Path("model");
  for (const std::string options :
       {"--normalization_rule_name=nmt_nfkc",
        "--normalization_rule_name=nmt_nfkc_cf --remove_extra_whitespaces=false",
        "--normalization_rule_name=nfkc --add_dummy_prefix=false",
        "--normalization_rule_name=identity --add_dummy_prefix=false --remove_extra_whitespaces=false",
        "--normalization_rule_tsv=RULES",
        "--normalization_rule_tsv=RULES --remove_extra_whitespaces=false"}) {
    const size_t rules = options.find("RULES");
    const std::string given =
        rules == options.npos ? options : std::string(options).replace(rules, 5, Path("rules.tsv"));
    ASSERT_EQ(std::system((train + " " + given + " 2> /dev/null").c_str()), 0) << given;
    Compare(Path("model.model"));
  }
}

TEST(SentencePieceNormalizer, PutsItsDummyPrefixAtTheStartOnly) {
  NormalizerStep step = Step(Kind::kSentencePiece);
  step.add_dummy_prefix = step.escape_whitespaces = true;
  Compiled normalize({step});
  EXPECT_EQ(normalize("a b", true), "\u2581a\u2581b");
  EXPECT_EQ(normalize("a b", false), "a\u2581b");
  step.add_everywhere = true;
  Compiled as_in_gguf({step});
  EXPECT_EQ(as_in_gguf("a b", false), "\u2581a\u2581b");
}

// ---------------------------------------------------------------------- limits

TEST(Normalizer, OfNoStepsIsEmpty) {
  EXPECT_EQ(CompileNormalizer({}), "");
  Compiled normalize({});
  EXPECT_TRUE(normalize.normalizer().empty());
  EXPECT_EQ(normalize("A e\u0301"), "A e\u0301");
}

TEST(Normalizer, DoesNotCopyWhatStays) {
  const std::string text =
      "plain text, Gr\u00FC\u00DFe, \u4F60\u597D, \u0928\u093F, \u05E9\u05C1, \uD55C\uAE00, \U0001F600 and "
      "so on; long enough";
  for (const Kind kind : {Kind::kNfc, Kind::kStrip, Kind::kNmt, Kind::kReplace}) {
    Compiled normalize({Step(kind, "not there", "x")});
    EXPECT_EQ(normalize.View(text).data(), text.data()) << static_cast<int>(kind);
  }
  Compiled strip({StripStep(true, true)});
  EXPECT_EQ(strip.View(" " + text + "\n"), text);
}

// Programs stand in images wherever these are mapped.
TEST(Normalizer, WorksAtAnyAlignedAddress) {
  const std::string program =
      CompileNormalizer({Step(Kind::kReplace, "a", "bb"),
                         Step(Kind::kCharsmap, "", ReadFile("oracle/test.charsmap")), Step(Kind::kNfc)});
  std::vector<uint64_t> other(program.size() / 8 + 9);
  for (const size_t shift : {0, 1, 5}) {
    char* at = reinterpret_cast<char*>(&other[shift]);
    program.copy(at, program.size());
    Normalizer normalizer({at, program.size()});
    std::string_view normalized;
    ASSERT_TRUE(normalizer.Apply("xa e\u0301", true, nullptr, &normalized));
    EXPECT_EQ(normalized, "Ybb \u00E9");
  }
}

// Bytes that are no UTF-8 stay in their places, and nothing is read past the end.
TEST(Normalizer, PassesBytesThatAreNoCharacters) {
  std::vector<Steps> all = {
      {Step(Kind::kNfc)},           {Step(Kind::kNfkd)},
      {Step(Kind::kLowercase)},     {Step(Kind::kStripAccents)},
      {Step(Kind::kNmt)},           {StripStep(false, true)},
      Bert(true, true, true, true), {Step(Kind::kCharsmap, "", ReadFile("oracle/test.charsmap"))}};
  for (const Steps& steps : all) {
    Compiled normalize(steps);
    for (const std::string bytes :
         {"\xFF", "\xC3", "\xE2\x96", "\xF0\x9F\x98", "\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80"}) {
      for (const std::string& around : {std::string(), std::string(" "), std::string("b"),
                                        std::string("e\u0301"), std::string(40, 'c')}) {
        // On the heap, with nothing behind it, so that a sanitizer sees what is read.
        const std::string text = around + bytes + around;
        const std::vector<char> exact(text.begin(), text.end());
        const std::string found = normalize({exact.data(), exact.size()});
        EXPECT_NE(found.find(bytes), found.npos)
            << Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
      }
    }
  }
}

// A cancel flag that counts how often it is asked, and is up from some time on.
int polls = 0;
int cancel_at = 0;
bool Cancelled() { return ++polls >= cancel_at; }

TEST(Normalizer, AsksWhetherToStopOften) {
  NormalizerStep sentence_piece = Step(Kind::kSentencePiece);
  sentence_piece.remove_extra_whitespaces = true;
  const std::string charsmap = ReadFile("oracle/test.charsmap");
  std::string marks;
  for (size_t i = 0; i < 1 << 20; ++i) marks += i % 2 == 0 ? "\u0301" : "\u0323";
  const std::vector<std::string> texts = {std::string(2 << 20, 'b'), std::string(2 << 20, ' '), marks,
                                          "x" + marks, std::string(2 << 20, '\xFF')};
  const std::vector<Steps> all = {{Step(Kind::kNfc)},
                                  {Step(Kind::kNfkd)},
                                  {Step(Kind::kLowercase)},
                                  {Step(Kind::kStripAccents)},
                                  {Step(Kind::kNmt)},
                                  {Step(Kind::kReplace, " ", "_")},
                                  {Step(Kind::kReplace, "bcd", "_")},
                                  {Step(Kind::kReplace, "", "_")},
                                  {Step(Kind::kReplaceRegex, "b", "_")},
                                  {Step(Kind::kReplaceRegex, "not there", "_")},
                                  {Step(Kind::kByteLevel)},
                                  {Step(Kind::kCharsmap, "", charsmap)},
                                  {sentence_piece}};
  for (const Steps& steps : all) {
    Compiled normalize(steps);
    for (const std::string& text : texts) {
      std::string_view normalized;
      polls = 0;
      cancel_at = 1 << 30;
      EXPECT_TRUE(normalize.normalizer().Apply(text, true, Cancelled, &normalized));
      EXPECT_GE(polls, static_cast<int>(text.size() / (64 * 1024)) - 1);
      for (const int when : {1, polls / 2, polls}) {
        polls = 0;
        cancel_at = when;
        EXPECT_FALSE(normalize.normalizer().Apply(text, true, Cancelled, &normalized));
        EXPECT_EQ(polls, when);
      }
    }
  }
  Compiled strip({StripStep(true, true)});
  polls = 0;
  cancel_at = 3;
  std::string_view normalized;
  EXPECT_FALSE(strip.normalizer().Apply(texts[1], true, Cancelled, &normalized));
}

// However many steps multiply it.
TEST(Normalizer, BoundsWhatItWrites) {
  Steps steps;
  for (int i = 0; i < 10; ++i) steps.push_back(Step(Kind::kReplace, "a", "aaaaaaaaaaaaaaaa"));
  Compiled normalize(steps);
  std::string_view normalized;
  EXPECT_THROW(normalize.normalizer().Apply("aaa", true, nullptr, &normalized), std::bad_alloc);
}

// Long runs of marks in the worst order, and a needle that nearly matches everywhere: quadratic ways of
// doing it would take many minutes.
TEST(Normalizer, IsLinear) {
  std::string marks = "a";
  for (size_t i = 0; i < 1000000; ++i) marks += i < 500000 ? "\u0301" : "\u0323";
  EXPECT_EQ(Compiled({Step(Kind::kNfd)})(marks).substr(0, 5), "a\u0323\u0323");
  EXPECT_EQ(Compiled({Step(Kind::kNfc)})(marks).substr(0, 5), "\u1EA1\u0323");
  const std::string needle = std::string(1000000, 'a') + "b" + std::string(1000000, 'a');
  const std::string hay(16000000, 'a');
  Compiled replace({Step(Kind::kReplace, needle, "x")});
  EXPECT_EQ(replace(hay), hay);
  EXPECT_EQ(replace(hay + needle + needle).substr(hay.size()), "xx");
}

// A match may lie across the places where the cancel flag is polled.
TEST(Normalizer, FindsMatchesEverywhere) {
  Compiled replace({Step(Kind::kReplace, "abc", "X")});
  Compiled charsmap({Step(Kind::kCharsmap, "", ReadFile("oracle/test.charsmap"))});
  Compiled nfc({Step(Kind::kNfc)});
  for (size_t before = 65520; before < 65560; ++before) {
    const std::string padding(before, '.');
    EXPECT_EQ(replace(padding + "abc..."), padding + "X...");
    EXPECT_EQ(charsmap(padding + "x\u0301..."), padding + "Y...");
    EXPECT_EQ(nfc(padding + "e\u0301..."), padding + "\u00E9...");
  }
}

// ------------------------------------------------------------------- charsmaps

uint32_t Leaf(uint32_t value) { return 1u << 31 | value; }
uint32_t Node(uint8_t label, uint32_t offset, bool has_value = false) {
  return label | (has_value ? 1u << 8 : 0) | offset << 10;
}

std::string MakeCharsmap(const std::vector<uint32_t>& units, const std::string& values) {
  const auto size = static_cast<uint32_t>(units.size() * sizeof(uint32_t));
  std::string bytes(reinterpret_cast<const char*>(&size), sizeof size);
  bytes.append(reinterpret_cast<const char*>(units.data()), size);
  return bytes + values;
}

void ExpectRefused(const std::string& charsmap, const std::string& why) {
  for (const Kind kind : {Kind::kCharsmap, Kind::kSentencePiece}) {
    try {
      CompileNormalizer({Step(kind, "", charsmap)});
      ADD_FAILURE() << "accepted, though " << why;
    } catch (const DefinitionError& error) {
      EXPECT_NE(std::string(error.what()).find(why), std::string::npos) << error.what();
    }
  }
}

TEST(Charsmap, RefusesWhatWouldMislead) {
  const std::string good = ReadFile("oracle/test.charsmap");
  EXPECT_NO_THROW(CompileNormalizer({Step(Kind::kCharsmap, "", good)}));
  ExpectRefused(good.substr(0, 3), "truncated");
  ExpectRefused(good.substr(0, 100), "truncated");
  ExpectRefused(std::string("\x03\0\0\0abcdef", 10), "whole units");
  ExpectRefused(std::string("\0\0\0\0abcdef", 10), "whole units");

  // The root's base is 256, so the child for `a` is the unit 256 + 97.
  std::vector<uint32_t> units(512);
  units[0] = Node(0, 256);
  units[256 + 'a'] = Node('a', (256 + 'a') ^ 1, true);
  units[1] = Leaf(0);
  EXPECT_EQ(Compiled({Step(Kind::kCharsmap, "", MakeCharsmap(units, "b"))})("aca"), "bcb");
  units[1] = Leaf(2);
  ExpectRefused(MakeCharsmap(units, "b"), "outside");
  units[1] = Leaf(1);
  ExpectRefused(MakeCharsmap(units, "\u00E9"), "inside a character");
  ExpectRefused(MakeCharsmap(units, "\xFF\xFF"), "UTF-8");
  units[256 + 'a'] = Node('a', 1 << 15, true);
  ExpectRefused(MakeCharsmap(units, "b"), "outside");
  units[256 + 'a'] = Node('a', 'a');  // its child for `a` is itself
  ExpectRefused(MakeCharsmap(units, "b"), "cycle");

  // A chain: the base of each node is 256 further, as is its child.
  constexpr uint32_t kDepth = 256;
  std::vector<uint32_t> chain((kDepth + 2) * 256);
  chain[0] = Node(0, 256);
  for (uint32_t i = 1; i <= kDepth; ++i) {
    const uint32_t index = i * 256 + 'a';
    chain[index] = Node('a', index ^ (i + 1) * 256);
  }
  ExpectRefused(MakeCharsmap(chain, "b"), "255 bytes");
  chain[kDepth * 256 + 'a'] = 0;
  EXPECT_NO_THROW(CompileNormalizer({Step(Kind::kCharsmap, "", MakeCharsmap(chain, "b"))}));
}

// Whatever bytes change, a charsmap is refused or reads nothing outside (a sanitizer would see it).
TEST(Charsmap, SurvivesAnyBytes) {
  const std::string good = ReadFile("oracle/test.charsmap");
  const std::vector<std::string> texts = RandomStrings(50);
  Xorshift random(4711);
  size_t accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string bad = good;
    const size_t changes = 1 + random.Below(20);
    for (size_t n = 0; n < changes; ++n)
      bad[random.Below(bad.size())] = static_cast<char>(random.Below(256));
    if (i % 3 == 0) bad.resize(random.Below(bad.size()));
    try {
      for (const Kind kind : {Kind::kCharsmap, Kind::kSentencePiece}) {
        Compiled normalize({Step(kind, "", bad)});
        for (const std::string& text : texts) normalize(text);
      }
      ++accepted;
    } catch (const DefinitionError&) {
    }
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_LT(accepted, 2500u);
}

}  // namespace
}  // namespace tokenmeter::test
