#include "tokenizer/load/huggingface_steps.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "tokenizer/load/base64.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/sentence_pieces.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

using Behavior = SplitStep::Behavior;
using Prepend = SplitStep::Prepend;

// A word of the file and what it stands for here.
template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};

template <typename Value>
Value Translate(JsonValue value, std::span<const Word<Value>> words) {
  const auto found = std::ranges::find(words, value.String(), &Word<Value>::word);
  if (found == words.end()) value.FailUnsupported();
  return found->value;
}

// A string of one character.
std::string Character(JsonValue value) {
  const std::string_view text = value.String();
  if (text.empty() || DecodeCharacter(text.data(), text.data() + text.size()).length != text.size()) {
    value.Fail("must be one character");
  }
  return std::string(text);
}

// The steps that are no sequences, in order. `list` is the member that holds the steps of a sequence.
std::vector<JsonValue> Flatten(JsonValue outermost, std::string_view list) {
  std::vector<JsonValue> steps;
  std::vector<JsonValue> left{outermost};  // what is still to be looked at, the first last
  while (!left.empty()) {
    const JsonValue step = left.back();
    left.pop_back();
    if (step.Get("type").String() != "Sequence") {
      steps.push_back(step);
      continue;
    }
    step.AllowOnly({"type", list});
    const size_t first = left.size();
    for (const JsonValue inner : step.Get(list).Elements()) left.push_back(inner);
    std::reverse(left.begin() + static_cast<ptrdiff_t>(first), left.end());
  }
  return steps;
}

struct Pattern {
  bool is_regex;
  std::string text;
};

Pattern ReadPattern(JsonValue pattern) {
  pattern.AllowOnly({"String", "Regex"});
  const auto regex = pattern.Find("Regex");
  const auto string = pattern.Find("String");
  if (regex.has_value() == string.has_value()) pattern.Fail("must be either a String or a Regex");
  const JsonValue text = regex ? *regex : *string;
  if (text.String().empty()) text.Fail("must not be empty");
  return {regex.has_value(), std::string(text.String())};
}

// Normalizers
// ------------------------------------------------------------------------------------------------

NormalizerStep ReadReplace(JsonValue step) {
  step.AllowOnly({"type", "pattern", "content"});
  Pattern pattern = ReadPattern(step.Get("pattern"));
  return {.kind = pattern.is_regex ? NormalizerStep::Kind::kReplaceRegex : NormalizerStep::Kind::kReplace,
          .pattern = std::move(pattern.text),
          .content = std::string(step.Get("content").String())};
}

NormalizerStep ReadBert(JsonValue step) {
  step.AllowOnly({"type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  const bool lowercase = step.Get("lowercase").Boolean();
  return {.kind = NormalizerStep::Kind::kBert,
          .clean_text = step.Get("clean_text").Boolean(),
          .handle_chinese_chars = step.Get("handle_chinese_chars").Boolean(),
          .strip_accents = step.BooleanOr("strip_accents", lowercase),
          .lowercase = lowercase};
}

NormalizerStep ReadCharsmap(JsonValue step) {
  step.AllowOnly({"type", "precompiled_charsmap"});
  const JsonValue charsmap = step.Get("precompiled_charsmap");
  auto bytes = DecodeBase64(charsmap.String());
  if (!bytes.has_value()) charsmap.Fail("is not base64");
  CheckCharsmap(charsmap.Path(), *bytes);
  return {.kind = NormalizerStep::Kind::kCharsmap, .content = *std::move(bytes)};
}

NormalizerStep ReadNormalizerStep(JsonValue step) {
  using Kind = NormalizerStep::Kind;
  const JsonValue type = step.Get("type");
  const std::string_view name = type.String();
  if (name == "Replace") return ReadReplace(step);
  if (name == "BertNormalizer") return ReadBert(step);
  if (name == "Precompiled") return ReadCharsmap(step);
  if (name == "Prepend") {
    step.AllowOnly({"type", "prepend"});
    return {.kind = Kind::kPrepend, .content = std::string(step.Get("prepend").String())};
  }
  if (name == "Strip") {
    step.AllowOnly({"type", "strip_left", "strip_right"});
    return {.kind = Kind::kStrip,
            .left = step.Get("strip_left").Boolean(),
            .right = step.Get("strip_right").Boolean()};
  }
  static constexpr Word<Kind> kWithoutMembers[] = {
      {"NFC", Kind::kNfc},
      {"NFD", Kind::kNfd},
      {"NFKC", Kind::kNfkc},
      {"NFKD", Kind::kNfkd},
      {"Lowercase", Kind::kLowercase},
      {"StripAccents", Kind::kStripAccents},
      {"Nmt", Kind::kNmt},
      {"ByteLevel", Kind::kByteLevel},
  };
  const Kind kind = Translate<Kind>(type, kWithoutMembers);
  step.AllowOnly({"type"});
  return {.kind = kind};
}

// Pre-tokenizers
// ---------------------------------------------------------------------------------------------

Behavior ReadBehavior(JsonValue value) {
  static constexpr Word<Behavior> kBehaviors[] = {
      {"Removed", Behavior::kRemoved},
      {"Isolated", Behavior::kIsolated},
      {"MergedWithPrevious", Behavior::kMergedWithPrevious},
      {"MergedWithNext", Behavior::kMergedWithNext},
      {"Contiguous", Behavior::kContiguous},
  };
  return Translate<Behavior>(value, kBehaviors);
}

SplitStep ReadSplit(JsonValue step) {
  step.AllowOnly({"type", "pattern", "behavior", "invert"});
  Pattern pattern = ReadPattern(step.Get("pattern"));
  return {.kind = pattern.is_regex ? SplitStep::Kind::kRegex : SplitStep::Kind::kString,
          .pattern = std::move(pattern.text),
          .behavior = ReadBehavior(step.Get("behavior")),
          .invert = step.Get("invert").Boolean()};
}

// Old files have add_prefix_space and str_rep, which repeats replacement; newer ones prepend_scheme and
// split.
SplitStep ReadMetaspace(JsonValue step) {
  static constexpr Word<Prepend> kSchemes[] = {
      {"always", Prepend::kAlways}, {"never", Prepend::kNever}, {"first", Prepend::kFirst}};
  step.AllowOnly({"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
  SplitStep metaspace{.kind = SplitStep::Kind::kMetaspace,
                      .pattern = Character(step.Get("replacement")),
                      .split = step.BooleanOr("split", true)};
  if (const auto repeated = step.Find("str_rep"); repeated && repeated->String() != metaspace.pattern) {
    repeated->Fail(Quote(repeated->String()) + " is not the replacement");
  }
  const bool add_prefix_space = step.BooleanOr("add_prefix_space", true);
  metaspace.prepend = add_prefix_space ? Prepend::kAlways : Prepend::kNever;
  if (const auto scheme = step.Find("prepend_scheme")) {
    metaspace.prepend = Translate<Prepend>(*scheme, kSchemes);
    if (!add_prefix_space && metaspace.prepend != Prepend::kNever) {
      scheme->Fail(Quote(scheme->String()) + " contradicts add_prefix_space");
    }
  }
  return metaspace;
}

SplitStep ReadByteLevel(JsonValue step) {
  step.AllowOnly({"type", "add_prefix_space", "trim_offsets", "use_regex"});
  return {.kind = SplitStep::Kind::kByteLevel,
          .use_regex = step.BooleanOr("use_regex", true),
          .add_prefix_space = step.Get("add_prefix_space").Boolean()};
}

SplitStep ReadFixedLength(JsonValue step) {
  step.AllowOnly({"type", "length"});
  const auto length = step.Find("length");
  return {.kind = SplitStep::Kind::kFixedLength, .length = length ? length->Integer(1, INT32_MAX) : 5};
}

SplitStep ReadSplitStep(JsonValue step) {
  using Kind = SplitStep::Kind;
  const JsonValue type = step.Get("type");
  const std::string_view name = type.String();
  if (name == "Split") return ReadSplit(step);
  if (name == "ByteLevel") return ReadByteLevel(step);
  if (name == "Metaspace") return ReadMetaspace(step);
  if (name == "FixedLength") return ReadFixedLength(step);
  if (name == "Digits") {
    step.AllowOnly({"type", "individual_digits"});
    return {.kind = Kind::kDigits, .individual = step.Get("individual_digits").Boolean()};
  }
  if (name == "Punctuation") {
    step.AllowOnly({"type", "behavior"});
    const auto behavior = step.Find("behavior");
    return {.kind = Kind::kPunctuation,
            .behavior = behavior ? ReadBehavior(*behavior) : Behavior::kIsolated};
  }
  if (name == "CharDelimiterSplit") {
    step.AllowOnly({"type", "delimiter"});
    return {.kind = Kind::kCharDelimiter, .pattern = Character(step.Get("delimiter"))};
  }
  static constexpr Word<Kind> kWithoutMembers[] = {
      {"BertPreTokenizer", Kind::kBert},
      {"Whitespace", Kind::kWhitespace},
      {"WhitespaceSplit", Kind::kWhitespaceSplit},
      {"UnicodeScripts", Kind::kUnicodeScripts},
  };
  const Kind kind = Translate<Kind>(type, kWithoutMembers);
  step.AllowOnly({"type"});
  return {.kind = kind};
}

}  // namespace

std::vector<NormalizerStep> ReadNormalizer(JsonValue normalizer) {
  std::vector<NormalizerStep> steps;
  for (const JsonValue step : Flatten(normalizer, "normalizers")) steps.push_back(ReadNormalizerStep(step));
  return steps;
}

std::vector<SplitStep> ReadPreTokenizer(JsonValue pre_tokenizer) {
  std::vector<SplitStep> steps;
  for (const JsonValue step : Flatten(pre_tokenizer, "pretokenizers")) steps.push_back(ReadSplitStep(step));
  return steps;
}

bool EndsInBytes(Definition* definition) {
  std::vector<SplitStep>& splitter = definition->splitter;
  const auto in_normalizer =
      std::ranges::count(definition->normalizer, NormalizerStep::Kind::kByteLevel, &NormalizerStep::kind);
  const auto in_splitter = std::ranges::count(splitter, SplitStep::Kind::kByteLevel, &SplitStep::kind);
  if (in_normalizer + in_splitter > 1)
    Fail("ByteLevel is not supported more than once, in normalizer and pre_tokenizer together");
  if (!splitter.empty()) {
    const SplitStep& last = splitter.back();
    if (last.kind == SplitStep::Kind::kByteLevel && !last.use_regex && !last.add_prefix_space)
      splitter.pop_back();
  }
  return in_splitter == 1;
}

}  // namespace tokenmeter::tokenizer
