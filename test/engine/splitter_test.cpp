// The splitters of loaded encodings against Hugging Face's own library: its cuts
// (test/data/oracle/cuts.tsv) of every code point in context, the nasty strings and random ones; and what
// splitters do at their edges.
#include "tokenizer/splitter.hpp"

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "oracle.hpp"
#include "random.hpp"
#include "unicode_table.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Json = nlohmann::json;
using Kind = SplitStep::Kind;
using Behavior = SplitStep::Behavior;

void AddSteps(const Json& pre_tokenizer, std::vector<SplitStep>* steps) {
  static const std::map<std::string, Behavior> kBehaviors = {
      {"Removed", Behavior::kRemoved},
      {"Isolated", Behavior::kIsolated},
      {"MergedWithPrevious", Behavior::kMergedWithPrevious},
      {"MergedWithNext", Behavior::kMergedWithNext},
      {"Contiguous", Behavior::kContiguous},
  };
  static const std::map<std::string, Kind> kKinds = {
      {"ByteLevel", Kind::kByteLevel},
      {"Metaspace", Kind::kMetaspace},
      {"Digits", Kind::kDigits},
      {"Whitespace", Kind::kWhitespace},
      {"WhitespaceSplit", Kind::kWhitespaceSplit},
      {"Punctuation", Kind::kPunctuation},
      {"BertPreTokenizer", Kind::kBert},
      {"UnicodeScripts", Kind::kUnicodeScripts},
      {"CharDelimiterSplit", Kind::kCharDelimiter},
      {"FixedLength", Kind::kFixedLength},
      {"Split", Kind::kRegex},
  };
  if (pre_tokenizer["type"] == "Sequence") {
    for (const Json& one : pre_tokenizer["pretokenizers"]) AddSteps(one, steps);
    return;
  }
  SplitStep step;
  step.kind = kKinds.at(pre_tokenizer["type"]);
  if (pre_tokenizer.contains("behavior")) step.behavior = kBehaviors.at(pre_tokenizer["behavior"]);
  step.invert = pre_tokenizer.value("invert", false);
  step.use_regex = pre_tokenizer.value("use_regex", true);
  step.add_prefix_space = pre_tokenizer.value("add_prefix_space", false);
  step.individual = pre_tokenizer.value("individual_digits", false);
  step.length = pre_tokenizer.value("length", 0u);
  step.split = pre_tokenizer.value("split", true);
  step.pattern = pre_tokenizer.value("replacement", pre_tokenizer.value("delimiter", ""));
  const std::string scheme = pre_tokenizer.value("prepend_scheme", "always");
  step.prepend = scheme == "always"  ? SplitStep::Prepend::kAlways
                 : scheme == "first" ? SplitStep::Prepend::kFirst
                                     : SplitStep::Prepend::kNever;
  if (pre_tokenizer.contains("pattern")) {
    const Json& pattern = pre_tokenizer["pattern"];
    if (pattern.contains("String")) step.kind = Kind::kString;
    step.pattern = pattern.front();
  }
  steps->push_back(step);
}

std::vector<SplitStep> StepsOf(const Json& pre_tokenizer) {
  std::vector<SplitStep> steps;
  AddSteps(pre_tokenizer, &steps);
  return steps;
}

const Json& Splitters() {
  static const Json splitters = Json::parse(test::ReadFile("oracle/splitters.json"));
  return splitters;
}

SplitStep Step(Kind kind, std::string pattern = "") {
  SplitStep step;
  step.kind = kind;
  step.pattern = std::move(pattern);
  return step;
}

using Pieces = std::vector<std::string>;

Pieces Cut(const std::vector<SplitStep>& steps, std::string_view text, bool at_text_start = true) {
  const std::string program = CompileSplitter(steps);
  Splitter splitter(program);
  Pieces pieces;
  EXPECT_EQ(splitter.ForEachPiece(text, at_text_start, nullptr,
                                  [&](std::string_view piece) {
                                    pieces.emplace_back(piece);
                                    return true;
                                  }),
            Splitter::Status::kDone);
  return pieces;
}

// ---- The oracle's texts, as make_cuts.mjs makes them.

using Texts = std::vector<std::string>;

const std::map<std::pair<std::string, std::string>, Texts>& OracleTexts() {
  static const auto texts = [] {
    std::map<std::pair<std::string, std::string>, Texts> all;
    const auto has_characters = [](uint32_t c) { return c < 0x40000 || (c >= 0xE0000 && c < 0xF0000); };
    for (uint32_t first = 0; first < 0x110000;) {
      const uint32_t last = first + (has_characters(first) ? 0x4000 : 0x10000);
      char index[16];
      std::snprintf(index, sizeof index, "%x", first);
      for (; first < last; first += 64) {
        std::string text;
        for (uint32_t c = first; c < first + 64; ++c) {
          if (c == 0 || test::IsSurrogate(c) || (!has_characters(c) && c % 997 != 0)) continue;
          const std::string x = test::Utf8(c);
          text += "a" + x + "b " + x + "1." + x + "\n" + x + x + " A" + x + "'s" + x;
        }
        if (!text.empty()) all[{"code_points", index}].push_back(text);
      }
    }
    const auto add = [&all](const char* kind, const Texts& list, size_t together) {
      for (size_t i = 0; i < list.size(); ++i) {
        all[{kind, std::to_string(i / together * together)}].push_back(list[i]);
      }
    };
    const auto read = [](const std::string& name) {
      Texts list;
      std::istringstream lines(test::ReadFile(name));
      for (std::string line; std::getline(lines, line);) list.push_back(Json::parse(line)["text"]);
      return list;
    };
    add("nasty", read("oracle/nasty.jsonl"), 500);
    add("random", read("oracle/random.jsonl"), 2500);
    static const Texts kFew = {"a", "b", "x",  "B",    "X", "1",      "1",      "'",      "'s",
                               " ", " ", "\n", "\r\n", ".", "\u0301", "\u65e5", "\u30fb", "\u2581"};
    test::XorShift next(4711);
    Texts few(6000);
    for (std::string& text : few) {
      for (auto left = 1 + static_cast<size_t>(next() * 12); left != 0; --left) {
        text += kFew[static_cast<size_t>(next() * static_cast<double>(kFew.size()))];
      }
    }
    add("few", few, 2000);
    return all;
  }();
  return texts;
}

// The cuts of a splitter in cuts.tsv: kind and index of the texts, then how many pieces and their hash.
struct Expected {
  std::string kind;
  std::string index;
  uint64_t pieces;
  std::string hash;
};

const std::map<std::string, std::vector<Expected>>& OracleCuts() {
  static const auto cuts = [] {
    std::map<std::string, std::vector<Expected>> all;
    std::istringstream lines(test::ReadFile("oracle/cuts.tsv"));
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with('#')) continue;
      std::istringstream fields(line);
      std::string name;
      Expected expected;
      fields >> name >> expected.kind >> expected.index >> expected.pieces >> expected.hash;
      all[name].push_back(expected);
    }
    return all;
  }();
  return cuts;
}

class SplitterOracleTest : public testing::TestWithParam<std::string> {};

TEST_P(SplitterOracleTest, CutsAsTheLibrary) {
  const auto& all = Splitters();
  const auto config =
      std::find_if(all.begin(), all.end(), [](const Json& one) { return one["name"] == GetParam(); });
  const std::string program = CompileSplitter(StepsOf((*config)["pre_tokenizer"]));
  Splitter splitter(program);
  ASSERT_TRUE(OracleCuts().contains(GetParam()));
  ASSERT_GT(OracleCuts().at(GetParam()).size(), 35u);
  for (const Expected& expected : OracleCuts().at(GetParam())) {
    test::ByteHash hash;
    uint64_t pieces = 0;
    const Texts& texts = OracleTexts().at({expected.kind, expected.index});
    for (const std::string& text : texts) {
      splitter.ForEachPiece(text, true, nullptr, [&](std::string_view piece) {
        ++pieces;
        for (const char byte : piece) hash.Add(static_cast<uint8_t>(byte));
        hash.Add(0xFF);
        return true;
      });
    }
    EXPECT_EQ(pieces, expected.pieces) << expected.kind << " " << expected.index;
    EXPECT_EQ(hash.Hex(), expected.hash) << expected.kind << " " << expected.index;
  }
}

std::vector<std::string> SplitterNames() {
  std::vector<std::string> names;
  for (const Json& one : Splitters()) names.push_back(one["name"]);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Splitters, SplitterOracleTest, testing::ValuesIn(SplitterNames()),
                         [](const auto& info) { return info.param; });

// ---- Edges.

TEST(SplitterTest, NoStepsIsOnePiece) {
  EXPECT_EQ(Cut({}, "a b"), Pieces({"a b"}));
  EXPECT_EQ(Cut({}, ""), Pieces());
}

TEST(SplitterTest, FirstMeansTheStartOfTheText) {
  SplitStep first = Step(Kind::kMetaspace, "_");
  first.prepend = SplitStep::Prepend::kFirst;
  EXPECT_EQ(Cut({first}, "a b", true), Pieces({"_a", "_b"}));
  EXPECT_EQ(Cut({first}, "a b", false), Pieces({"a", "_b"}));
}

TEST(SplitterTest, StopsWhenTold) {
  const std::string program = CompileSplitter({Step(Kind::kWhitespaceSplit)});
  Splitter splitter(program);
  int taken = 0;
  EXPECT_EQ(splitter.ForEachPiece("a b c d", true, nullptr, [&](std::string_view) { return ++taken != 2; }),
            Splitter::Status::kStopped);
  EXPECT_EQ(taken, 2);
}

int polls;

bool CountPoll() {
  ++polls;
  return false;
}

// Whatever the steps do, and also where one piece is all of the text.
TEST(SplitterTest, PollsTheCancelFlag) {
  SplitStep three_long = Step(Kind::kFixedLength);
  three_long.length = 3;
  const std::vector<std::vector<SplitStep>> all = {
      {},
      {Step(Kind::kRegex, R"(\p{L}+|\s+)")},
      {Step(Kind::kRegex, R"([^a]+b)")},
      {Step(Kind::kRegex, R"(\p{N}{1,3}|x)")},
      {Step(Kind::kString, "x")},
      {Step(Kind::kDigits)},
      {Step(Kind::kWhitespace)},
      {Step(Kind::kUnicodeScripts)},
      {three_long},
      {Step(Kind::kMetaspace, "\u2581")},
      {Step(Kind::kByteLevel)},
  };
  for (const std::string unit : {"a", "a ", "\u65e5", "1"}) {
    std::string text;
    while (text.size() < 1 << 20) text += unit;
    for (size_t i = 1; i < all.size(); ++i) {
      const std::string program = CompileSplitter(all[i]);
      Splitter splitter(program);
      polls = 0;
      EXPECT_EQ(splitter.ForEachPiece(text, true, CountPoll, [](std::string_view) { return true; }),
                Splitter::Status::kDone);
      EXPECT_GE(polls, (1 << 20) / (64 << 10)) << i << " " << unit;
      EXPECT_EQ(splitter.ForEachPiece(
                    text, true, [] { return true; }, [](std::string_view) { return true; }),
                Splitter::Status::kCancelled)
          << i << " " << unit;
    }
  }
}

std::string ErrorOf(const std::vector<SplitStep>& steps) {
  try {
    CompileSplitter(steps);
  } catch (const DefinitionError& error) {
    return error.what();
  }
  return "";
}

TEST(SplitterTest, SaysWhatIsNotSupported) {
  const SplitStep byte_level = Step(Kind::kByteLevel);
  EXPECT_EQ(ErrorOf({byte_level, byte_level}), "more than one pre-tokenizer ByteLevel is not supported");
  EXPECT_EQ(ErrorOf({byte_level, Step(Kind::kMetaspace, "_")}),
            "pre-tokenizer Metaspace behind ByteLevel is not supported");
  EXPECT_EQ(ErrorOf({Step(Kind::kFixedLength)}), "pre-tokenizer FixedLength has a length of 0");
  EXPECT_EQ(ErrorOf({Step(Kind::kString)}), "pre-tokenizer Split with an empty string is not supported");
  EXPECT_EQ(ErrorOf(std::vector<SplitStep>(65, Step(Kind::kDigits))), "more than 64 pre-tokenizers");
}

// ---- The fast way.

TEST(SplitterTest, KnowsFastPatterns) {
  const std::map<std::string, Pattern> kFast = {
      {"gpt2", Pattern::kGpt2},     {"llama3", Pattern::kCl100k},
      {"gpt4o", Pattern::kO200k},   {"glm4", Pattern::kCl100k},
      {"qwen2", Pattern::kQwen2},   {"ling", Pattern::kQwen2},
      {"tekken", Pattern::kTekken}, {"deepseek_v3", Pattern::kDeepSeekV3},
  };
  for (const Json& one : Splitters()) {
    const auto fast = FastPattern(StepsOf(one["pre_tokenizer"]));
    const auto expected = kFast.find(one["name"]);
    if (expected == kFast.end()) {
      EXPECT_FALSE(fast) << one["name"];
    } else {
      EXPECT_EQ(fast, expected->second) << one["name"];
    }
  }
}

}  // namespace
}  // namespace tokenmeter::tokenizer
