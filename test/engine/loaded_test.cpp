// Encodings that are loaded, of every kind, against the libraries that their files are made for: what these
// say of real text, nasty and random strings and of code points in context (test/data/tokenizers, made by
// make_tokenizers.mjs and make_expected.mjs).
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "cpu_paths.hpp"
#include "oracle.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::test {
namespace {

using Json = nlohmann::json;
using Texts = std::vector<std::string>;

// The texts, as make_expected.mjs makes them
// -----------------------------------------------------------------------------------------------------------

struct Block {
  std::string kind;
  std::string first;
  Texts texts;
};

void AddStrings(const std::string& kind, size_t size, std::vector<Block>* blocks) {
  std::istringstream lines(ReadFile("oracle/" + kind + ".jsonl"));
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    if (count % size == 0) blocks->push_back({kind, std::to_string(count), {}});
    blocks->back().texts.push_back(Json::parse(line)["text"]);
  }
}

// 16 code points, every `step`th, in context.
std::string CodePointText(uint32_t first, uint32_t step) {
  std::string text;
  for (uint32_t i = 0, c = first; i < 16 && c < kCodePointLimit; ++i, c += step) {
    if (c == 0 || IsSurrogate(c)) continue;
    const std::string x = Utf8(c);
    text += "a" + x + "b 1" + x + " " + x + x + "." + x + "\n";
  }
  return text;
}

void AddCodePoints(std::vector<Block>* blocks) {
  constexpr uint32_t kSize = 0x1000;
  constexpr uint32_t kOthers = 0x20000;
  constexpr uint32_t kStepOfOthers = 997;
  const auto add = [&](uint32_t first) {
    std::ostringstream name;
    name << std::hex << first;
    blocks->push_back({"code_points", name.str(), {}});
  };
  for (uint32_t first = 0; first < kOthers; first += 16) {
    if (first % kSize == 0) add(first);
    blocks->back().texts.push_back(CodePointText(first, 1));
  }
  add(kOthers);
  for (uint32_t first = kOthers; first < kCodePointLimit; first += 16 * kStepOfOthers) {
    blocks->back().texts.push_back(CodePointText(first, kStepOfOthers));
  }
}

// The second 64 KiB of each text of the corpus, of whole characters.
void AddCorpus(std::vector<Block>* blocks) {
  for (const char* name : {"arabic", "chinese", "code", "emoji", "english", "japanese", "russian"}) {
    const std::string corpus = ReadFile("corpus/" + std::string(name) + ".txt");
    const auto boundary = [&](size_t at) {
      while ((corpus[at] & 0xC0) == 0x80) --at;
      return at;
    };
    const size_t start = boundary(65536);
    blocks->push_back({"corpus", name, {corpus.substr(start, boundary(131072) - start)}});
  }
}

// The names of byte tokens, which some libraries find in the text.
void AddByteNames(std::vector<Block>* blocks) {
  blocks->push_back({"byte_names", "0", {}});
  const std::string snowman = "\u2603";
  for (const std::string name :
       {"<0x41>", "<0x0A>", "<0xE2><0x98><0x83>", "<0x4", "<0xZZ>", "<0xff>", "0x41>"}) {
    std::string repeated = "A";
    for (int i = 0; i < 20; ++i) repeated += name;
    Texts& texts = blocks->back().texts;
    texts.insert(texts.end(), {name, " " + name, "x" + name, name + name + " " + name + ".",
                               snowman + name + snowman, repeated});
  }
}

const std::vector<Block>& Blocks() {
  static const std::vector<Block> all = [] {
    std::vector<Block> blocks;
    AddStrings("nasty", 500, &blocks);
    AddStrings("random", 2000, &blocks);
    AddCodePoints(&blocks);
    AddCorpus(&blocks);
    AddByteNames(&blocks);
    return blocks;
  }();
  return all;
}

// SentencePiece's program takes a line as a text.
Texts LinesOf(const Texts& texts) {
  Texts lines;
  for (const std::string& text : texts) {
    std::istringstream of_text(text);
    for (std::string line; std::getline(of_text, line);) {
      if (!line.empty()) lines.push_back(line);
    }
  }
  return lines;
}

std::string RealText() {
  std::string text;
  for (const Block& block : Blocks()) {
    if (block.kind == "corpus") text += block.texts.front();
  }
  return text;
}

// The tokenizers
// -----------------------------------------------------------------------------------------------------------

Json Tokenizers() { return Json::parse(ReadFile("tokenizers/tokenizers.json")); }

TmStatus Compile(const Json& tokenizer, bool (*cancelled)(), std::string* compiled = nullptr) {
  const std::string name = tokenizer["file"];
  const std::string file = ReadFile("tokenizers/" + name);
  const std::string format = tokenizer["format"];
  const std::string pattern = tokenizer.value("pattern", "");
  const std::string special_tokens = tokenizer.value("special_tokens", "");
  const TmDefinition definition = {file.data(),           file.size(),          format.data(),
                                   format.size(),         pattern.data(),       pattern.size(),
                                   special_tokens.data(), special_tokens.size()};
  TmError error;
  char* image = nullptr;
  size_t size = 0;
  const TmStatus status = tm_compile(&definition, cancelled, &image, &size, &error);
  EXPECT_TRUE(status == TM_OK || status == TM_CANCELLED) << error.message;
  if (status != TM_OK) return status;
  if (compiled != nullptr) compiled->assign(image, size);
  tm_free(image);
  return status;
}

// Each is opened once: encodings live as long as the process.
const TmEncoding* Open(const Json& tokenizer) {
  static std::map<std::string, const TmEncoding*> opened;
  const std::string name = tokenizer["file"];
  const TmEncoding*& encoding = opened[name];
  if (encoding != nullptr) return encoding;
  std::string image;
  if (Compile(tokenizer, nullptr, &image) != TM_OK) return nullptr;
  void* const kept = std::aligned_alloc(64, (image.size() + 63) / 64 * 64);
  std::memcpy(kept, image.data(), image.size());
  TmError error;
  EXPECT_EQ(tm_encoding_open(name.c_str(), kept, image.size(), &encoding, &error), TM_OK) << error.message;
  return encoding;
}

// There may be more tokens than bytes: a prefix is put before a text, characters are decomposed.
std::vector<uint32_t> EncodeAsCounted(const TmEncoding* encoding, const std::string& text) {
  std::vector<uint32_t> tokens(Count(encoding, text));
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(
      tm_encode(encoding, text.data(), text.size(), nullptr, tokens.data(), tokens.size(), &count, &error),
      TM_OK);
  EXPECT_EQ(count, tokens.size());
  return tokens;
}

struct Expected {
  uint64_t tokens;
  std::string hash;
};

// By file, kind and first text of a block.
const std::map<std::string, Expected>& ExpectedOfBlocks() {
  static const std::map<std::string, Expected> all = [] {
    std::map<std::string, Expected> rows;
    std::istringstream lines(ReadFile("tokenizers/expected.tsv"));
    for (std::string line; std::getline(lines, line);) {
      if (line.front() == '#') continue;
      std::istringstream fields(line);
      std::string file, kind, first;
      Expected expected;
      fields >> file >> kind >> first >> expected.tokens >> expected.hash;
      rows[file + " " + kind + " " + first] = expected;
    }
    return rows;
  }();
  return all;
}

class Loaded : public testing::TestWithParam<Json> {
 protected:
  void SetUp() override {
    encoding_ = Open(GetParam());
    ASSERT_NE(encoding_, nullptr);
  }

  const TmEncoding* encoding_ = nullptr;
};

// Tokens
// -----------------------------------------------------------------------------------------------------------

TEST_P(Loaded, EncodesAsTheLibrary) {
  for (const Block& block : Blocks()) {
    const Texts texts = GetParam()["by_line"] ? LinesOf(block.texts) : block.texts;
    TokenHash hash;
    uint64_t total = 0;
    for (const std::string& text : texts) {
      const std::vector<uint32_t> tokens = EncodeAsCounted(encoding_, text);
      hash.Add(static_cast<uint32_t>(tokens.size()));
      hash.Add(tokens);
      total += tokens.size();
    }
    const std::string place = GetParam()["file"].get<std::string>() + " " + block.kind + " " + block.first;
    const auto expected = ExpectedOfBlocks().find(place);
    ASSERT_NE(expected, ExpectedOfBlocks().end()) << place;
    EXPECT_EQ(total, expected->second.tokens) << place;
    EXPECT_EQ(hash.Hex(), expected->second.hash) << place;
  }
}

TEST_P(Loaded, CountsAsManyAsItEncodesOnEveryCpuPath) {
  std::vector<std::pair<const std::string*, uint64_t>> encoded;
  for (const Block& block : Blocks()) {
    for (const std::string& text : block.texts)
      encoded.emplace_back(&text, EncodeAsCounted(encoding_, text).size());
  }
  OnEveryCpuPath([&](const char* path) {
    for (const auto& [text, count] : encoded) {
      ASSERT_EQ(Count(encoding_, *text), count) << path << ": " << Json(*text).dump(-1, ' ', true);
    }
  });
}

TEST_P(Loaded, KnowsTheBytesOfItsTokens) {
  std::vector<uint32_t> tokens = EncodeAsCounted(encoding_, RealText());
  std::ranges::sort(tokens);
  tokens.erase(std::unique(tokens.begin(), tokens.end()), tokens.end());
  EXPECT_GT(tokens.size(), 100u);
  for (const uint32_t token : tokens) {
    const char* bytes = nullptr;
    EXPECT_NE(tm_token_bytes(encoding_, token, &bytes), 0u) << token;
  }
}

// The door's contract
// -----------------------------------------------------------------------------------------------------------

// Fires at the first poll, and then ever more seldom: what is begun anew at each comes to an end.
uint64_t polls;
bool FiresNowAndThen() {
  ++polls;
  return (polls & (polls - 1)) == 0;
}

TEST_P(Loaded, CountsOnBehindWhatWasDoneWhenCancelled) {
  const std::string text = RealText();
  polls = 0;
  uint64_t total = 0;
  TmStatus status = TM_CANCELLED;
  for (size_t done = 0; status == TM_CANCELLED;) {
    uint64_t count = 0;
    TmError error;
    status = tm_count(encoding_, text.data() + done, text.size() - done, FiresNowAndThen, &count, &error);
    total += count;
    done += error.offset;
  }
  EXPECT_EQ(status, TM_OK);
  EXPECT_EQ(total, Count(encoding_, text));
  EXPECT_GT(polls, 2u) << "was not asked often enough to be cancelled";
}

TEST_P(Loaded, EncodesOnBehindWhatWasDoneWhenCancelled) {
  const std::string text = RealText();
  polls = 0;
  const std::vector<uint32_t> whole = EncodeAsCounted(encoding_, text);
  std::vector<uint32_t> tokens(whole.size());
  size_t total = 0;
  TmStatus status = TM_CANCELLED;
  for (size_t done = 0; status == TM_CANCELLED;) {
    uint64_t count = 0;
    TmError error;
    status = tm_encode(encoding_, text.data() + done, text.size() - done, FiresNowAndThen,
                       tokens.data() + total, tokens.size() - total, &count, &error);
    total += count;
    done += error.offset;
  }
  EXPECT_EQ(status, TM_OK);
  tokens.resize(total);
  EXPECT_EQ(tokens, whole);
}

uint64_t polls_left;
bool FiresInTheEnd() { return polls_left == 0 || --polls_left == 0; }

TEST_P(Loaded, IsGivenUpWhileItIsCompiled) {
  constexpr uint64_t kMany = 1'000'000;
  polls_left = kMany;
  ASSERT_EQ(Compile(GetParam(), FiresInTheEnd), TM_OK);
  const uint64_t polls = kMany - polls_left;
  EXPECT_GT(polls, 0u);
  for (const uint64_t poll : {uint64_t{1}, polls / 2, polls}) {
    polls_left = poll;
    EXPECT_EQ(Compile(GetParam(), FiresInTheEnd), TM_CANCELLED) << poll << " of " << polls;
  }
}

// Takes what is settled of each part, and puts the rest before the next.
TEST_P(Loaded, CountsATextThatComesInParts) {
  constexpr size_t kPart = 50021;
  const std::string text = RealText();
  uint64_t total = 0;
  for (size_t done = 0, end = 0; end != text.size();) {
    end = std::min(end + kPart, text.size());
    uint64_t count = 0;
    TmError error;
    ASSERT_EQ(tm_count_part(encoding_, text.data() + done, end - done, end != text.size(), nullptr, &count,
                            &error),
              TM_OK);
    total += count;
    done += error.offset;
    ASSERT_LE(done, end);
  }
  EXPECT_EQ(total, Count(encoding_, text));
}

INSTANTIATE_TEST_SUITE_P(, Loaded, testing::ValuesIn(Tokenizers().get<std::vector<Json>>()),
                         [](const auto& info) {
                           std::string name = info.param["file"];
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace tokenmeter::test
