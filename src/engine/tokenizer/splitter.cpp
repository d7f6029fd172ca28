#include "tokenizer/splitter.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "tokenizer/code_points.hpp"
#include "tokenizer/expression.hpp"
#include "tokenizer/mask_scanner.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/properties.hpp"
#include "tokenizer/sink.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

// What a step of a program does. Steps of a definition become one or two of these.
enum class Kind : uint32_t {
  kPattern,     // a built-in pattern
  kExpression,  // `data`: its program
  kString,      // `data`: the string
  kClass,       // each character whose number in the table `data` is not 0
  kWords,       // runs of characters that have the same number there, which is not 0
  kScripts,     // where the number there changes, but for 0
  kLength,      // every `number` characters
  kMetaspace,   // `data`: the replacement; `number`: Prepend; `splits`
  kPrefix,      // a space before what begins with none
  kByteLevel,   // from here on, bytes are the characters of GPT-2's alphabet
};

struct StepHeader {
  Kind kind;
  SplitStep::Behavior behavior = SplitStep::Behavior::kIsolated;
  bool invert = false;
  bool splits = false;
  uint8_t reserved = 0;
  uint32_t number = 0;
  uint32_t data_size = 0;
};
static_assert(sizeof(StepHeader) == 16);

constexpr size_t kMostSteps = 64;

bool IsNothing(const SplitStep& step) {
  return step.kind == SplitStep::Kind::kByteLevel && !step.use_regex && !step.add_prefix_space;
}

// The steps without those at the end that change nothing: a ByteLevel there only maps bytes.
std::vector<SplitStep> WithoutNothing(std::vector<SplitStep> steps) {
  while (!steps.empty() && IsNothing(steps.back())) steps.pop_back();
  return steps;
}

// Whether matches are pieces, and what lies between them too or nothing does.
bool MatchesArePieces(const SplitStep& step) {
  return step.behavior == SplitStep::Behavior::kIsolated ||
         (step.behavior == SplitStep::Behavior::kRemoved && step.invert);
}

class ProgramWriter {
 public:
  void Add(const SplitStep& step) {
    using StepKind = SplitStep::Kind;
    using Behavior = SplitStep::Behavior;
    switch (step.kind) {
      case StepKind::kRegex:
        if (const auto known = KnownPattern(step.pattern, step.dialect)) {
          Put({.kind = Kind::kPattern,
               .behavior = step.behavior,
               .invert = step.invert,
               .number = static_cast<uint32_t>(*known)});
        } else {
          Put({.kind = Kind::kExpression, .behavior = step.behavior, .invert = step.invert},
              CompileExpression(step.pattern, step.dialect));
        }
        break;
      case StepKind::kString:
        CheckString(step.pattern, "Split");
        Put({.kind = Kind::kString, .behavior = step.behavior, .invert = step.invert}, step.pattern);
        break;
      case StepKind::kCharDelimiter:
        CheckString(step.pattern, "CharDelimiterSplit");
        Put({.kind = Kind::kString, .behavior = Behavior::kRemoved}, step.pattern);
        break;
      case StepKind::kByteLevel:
        if (step.add_prefix_space) Put({.kind = Kind::kPrefix});
        if (step.use_regex) Put({.kind = Kind::kPattern, .number = static_cast<uint32_t>(Pattern::kGpt2)});
        Put({.kind = Kind::kByteLevel});
        is_mapped_ = true;
        break;
      case StepKind::kMetaspace:
        CheckString(step.pattern, "Metaspace");
        if (is_mapped_) throw DefinitionError("pre-tokenizer Metaspace behind ByteLevel is not supported");
        Put({.kind = Kind::kMetaspace, .splits = step.split, .number = static_cast<uint32_t>(step.prepend)},
            step.pattern);
        break;
      case StepKind::kDigits:
        Put({.kind = Kind::kClass,
             .behavior = step.individual ? Behavior::kIsolated : Behavior::kContiguous},
            TableOf({{Property("(number 17.0)"), 1}}));
        break;
      case StepKind::kWhitespace:
        // \w and \s as Rust has them.
        Put({.kind = Kind::kWords, .behavior = Behavior::kRemoved, .invert = true},
            TableOf({{CodePointSet::All(), 2},
                     {Property("word") | Property("joincontrol"), 1},
                     {Property("whitespace"), 0}}));
        break;
      case StepKind::kWhitespaceSplit:
        PutWhitespaceSplit();
        break;
      case StepKind::kPunctuation:
        PutPunctuation(step.behavior);
        break;
      case StepKind::kBert:
        PutWhitespaceSplit();
        PutPunctuation(Behavior::kIsolated);
        break;
      case StepKind::kUnicodeScripts:
        Put({.kind = Kind::kScripts}, CodePointTable::Compile(ScriptNumbers()));
        break;
      case StepKind::kFixedLength:
        if (step.length == 0) throw DefinitionError("pre-tokenizer FixedLength has a length of 0");
        Put({.kind = Kind::kLength, .number = step.length});
        break;
    }
  }

  std::string Finish() && { return std::move(program_); }

 private:
  // Code points of a set get its number, of several that of the last; others 0.
  static std::string TableOf(const std::vector<std::pair<CodePointSet, uint8_t>>& sets) {
    std::vector<uint8_t> numbers(kLastCodePoint + 1);
    for (const auto& [set, number] : sets) {
      for (const auto& range : set.ranges()) {
        std::fill(numbers.begin() + range.first, numbers.begin() + range.last + 1, number);
      }
    }
    return CodePointTable::Compile(numbers);
  }

  static void CheckString(std::string_view string, const char* what) {
    if (string.empty()) {
      throw DefinitionError("pre-tokenizer " + std::string(what) +
                            " with an empty string is not supported");
    }
  }

  void PutWhitespaceSplit() {
    Put({.kind = Kind::kClass, .behavior = SplitStep::Behavior::kRemoved},
        TableOf({{Property("whitespace"), 1}}));
  }

  // ASCII's, and what was punctuation in Unicode 8.0: the table that Hugging Face's library has.
  void PutPunctuation(SplitStep::Behavior behavior) {
    const CodePointSet ascii = CodePointSet::Of({{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}});
    Put({.kind = Kind::kClass, .behavior = behavior},
        TableOf({{Property("(punctuation 8.0)") | ascii, 1}}));
  }

  void Put(StepHeader header, std::string_view data = {}) {
    header.data_size = static_cast<uint32_t>(data.size());
    program_.append(reinterpret_cast<const char*>(&header), sizeof header).append(data);
  }

  std::string program_;
  bool is_mapped_ = false;
};

// GPT-2's alphabet: the code point that stands for each byte, which is below 0x180.
constexpr std::array<uint16_t, 256> kAlphabet = [] {
  std::array<uint16_t, 256> alphabet{};
  uint16_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool stands_for_itself = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    alphabet[byte] = stands_for_itself ? static_cast<uint16_t>(byte) : next++;
  }
  return alphabet;
}();

constexpr std::array<uint8_t, 0x180> kByteOfLetter = [] {
  std::array<uint8_t, 0x180> bytes{};
  for (uint32_t byte = 0; byte < 256; ++byte) bytes[kAlphabet[byte]] = static_cast<uint8_t>(byte);
  return bytes;
}();

void MapBytes(std::string_view text, std::string* mapped) {
  mapped->clear();
  for (const char c : text) {
    const uint32_t letter = kAlphabet[static_cast<uint8_t>(c)];
    if (letter >= 0x80) *mapped += static_cast<char>(0xC0 | letter >> 6);
    *mapped += static_cast<char>(letter >= 0x80 ? 0x80 | (letter & 0x3F) : letter);
  }
}

void UnmapBytes(std::string_view mapped, std::string* text) {
  text->clear();
  for (const char *at = mapped.data(), *end = at + mapped.size(); at != end;) {
    const DecodedCharacter letter = DecodeCharacter(at, end);
    *text += static_cast<char>(letter.code_point < kByteOfLetter.size() ? kByteOfLetter[letter.code_point]
                                                                        : *at);
    at += letter.length;
  }
}

}  // namespace

struct Splitter::Step {
  StepHeader header;
  std::string_view data;
  CodePointTable table;
  std::optional<Expression> expression;
  std::string text;  // changed; of the piece that this step is at
};

// One run over a stretch. Pieces go through the steps one by one; a step gives each of its pieces to the
// next before it goes on. Functions return false when all is to end, with `status` set.
struct Splitter::Runner {
  std::vector<Step>& steps;
  void* object;
  bool (*take)(void*, std::string_view);
  bool (*cancelled)();
  Interrupt interrupt{cancelled};
  Status status = Status::kDone;
  bool is_mapped = false;
  std::string unmapped{};

  bool Cancel() {
    status = Status::kCancelled;
    return false;
  }

  // A piece that goes to the steps from `index` on; `is_first`: it starts where the text does.
  bool Give(size_t index, std::string_view piece, bool is_first) {
    if (piece.empty()) return true;
    if (index == steps.size()) return TakePiece(piece);
    Step& step = steps[index];
    switch (step.header.kind) {
      case Kind::kScripts:
        return CutByScripts(step, index, piece, is_first);
      case Kind::kLength:
        return CutByLength(step, index, piece, is_first);
      case Kind::kMetaspace:
        return CutByMetaspace(step, index, piece, is_first);
      case Kind::kPrefix:
        if (piece.front() == ' ') return Give(index + 1, piece, is_first);
        step.text.assign(1, ' ').append(piece);
        return Give(index + 1, step.text, is_first);
      case Kind::kByteLevel:
        is_mapped = true;
        MapBytes(piece, &step.text);
        return Give(index + 1, step.text, is_first) && (is_mapped = false, true);
      default:
        return CutByMatches(step, index, piece, is_first);
    }
  }

  bool TakePiece(std::string_view piece) {
    if (is_mapped) {
      UnmapBytes(piece, &unmapped);
      piece = unmapped;
    }
    if (interrupt.Check(piece.size())) return Cancel();
    if (take(object, piece)) return true;
    status = Status::kStopped;
    return false;
  }

  // Turns matches, and what lies between them, into pieces as the step's behavior says.
  class Pieces {
   public:
    Pieces(Runner* run, const Step& step, size_t index, std::string_view text, bool is_first)
        : run_(run), header_(step.header), index_(index), text_(text), is_first_(is_first) {}

    // The next part of the text.
    bool Add(size_t start, size_t end, bool is_match) {
      is_match = is_match != header_.invert;
      const bool was_match = std::exchange(was_match_, is_match);
      using Behavior = SplitStep::Behavior;
      switch (header_.behavior) {
        case Behavior::kRemoved:
          return is_match || Send(start, end);
        case Behavior::kIsolated:
          return Send(start, end);
        case Behavior::kContiguous:
          if (is_match == was_match && has_pending_) return Extend(end);
          return Push(start, end);
        case Behavior::kMergedWithPrevious:
          if (is_match && !was_match && has_pending_) return Extend(end);
          return Push(start, end);
        case Behavior::kMergedWithNext:
          // The piece before waits for what follows it if it is a match.
          if (!is_match && was_match && has_pending_) return Extend(end);
          return Push(start, end);
      }
      return false;
    }

    bool Finish() { return !has_pending_ || Send(start_, end_); }

   private:
    bool Extend(size_t end) {
      end_ = end;
      return true;
    }

    bool Push(size_t start, size_t end) {
      const bool go_on = Finish();
      start_ = start;
      end_ = end;
      has_pending_ = true;
      return go_on;
    }

    bool Send(size_t start, size_t end) {
      return run_->Give(index_ + 1, text_.substr(start, end - start), is_first_ && start == 0);
    }

    Runner* run_;
    const StepHeader& header_;
    size_t index_;
    std::string_view text_;
    bool is_first_;
    bool was_match_ = false;
    bool has_pending_ = false;
    size_t start_ = 0;
    size_t end_ = 0;
  };

  bool CutByMatches(Step& step, size_t index, std::string_view text, bool is_first) {
    Pieces pieces(this, step, index, text, is_first);
    const auto add = [&pieces](size_t start, size_t end, bool is_match) {
      return pieces.Add(start, end, is_match);
    };
    return FindMatches(step, text, add) && pieces.Finish();
  }

  // add(start, end, is a match) for all of the text, in order.
  template <typename Add>
  bool FindMatches(Step& step, std::string_view text, Add add) {
    switch (step.header.kind) {
      case Kind::kPattern:
        return FindPatternMatches(static_cast<Pattern>(step.header.number), text, add);
      case Kind::kExpression:
        return FindExpressionMatches(*step.expression, text, add);
      case Kind::kString:
        return FindStringMatches(step.data, text, add);
      case Kind::kClass:
        return FindRuns(step.table, text, false, add);
      default:
        return FindRuns(step.table, text, true, add);
    }
  }

  template <typename Add>
  bool FindPatternMatches(Pattern pattern, std::string_view text, Add add) {
    switch (pattern) {
#define FIND_MATCHES(pattern) \
  case pattern:               \
    return FindMatchesOf<pattern>(text, add);
      FOR_EVERY_PATTERN(FIND_MATCHES)
#undef FIND_MATCHES
      case Pattern::kNone:
        break;
    }
    return false;
  }

  // All of the text is matches.
  template <Pattern pattern, typename Add>
  bool FindMatchesOf(std::string_view text, Add add) {
    const char* const end = text.data() + text.size();
    for (const char* at = text.data(); at != end;) {
      const size_t left = static_cast<size_t>(end - at);
      const size_t start = static_cast<size_t>(at - text.data());
      const PieceStarts found =
          left >= kReadableWindow ? FindPieces<pattern>(at, kByteWindow, false) : PieceStarts{0, 0};
      if (found.length != 0) {
        bool go_on = true;
        tokenizer::ForEachPiece(found, [&](size_t from, size_t length) {
          return go_on = add(start + from, start + from + length, true);
        });
        if (!go_on) return false;
        at += found.length;
        continue;
      }
      const char* piece_end = PieceEnd<pattern>(at, end, cancelled);
      if (piece_end == nullptr) return Cancel();
      if (!add(start, static_cast<size_t>(piece_end - text.data()), true)) return false;
      at = piece_end;
    }
    return true;
  }

  template <typename Add>
  bool FindExpressionMatches(const Expression& expression, std::string_view text, Add add) {
    size_t passed = 0;         // what was added ends here
    size_t from = 0;           // the next match starts here or behind
    bool has_matched = false;  // the last match ends at `passed`
    while (from <= text.size()) {
      size_t start;
      size_t end;
      if (!expression.Find(text, from, &start, &end, &interrupt)) break;
      // No empty match right behind a match.
      if (start == end && has_matched && end == passed) {
        from = end + (end < text.size() ? CharacterLength(text, end) : 1);
        continue;
      }
      if (start != passed && !add(passed, start, false)) return false;
      if (!add(start, end, true)) return false;
      passed = from = end;
      has_matched = true;
    }
    if (interrupt.raised()) return Cancel();
    return passed == text.size() || add(passed, text.size(), false);
  }

  static size_t CharacterLength(std::string_view text, size_t at) {
    return DecodeCharacter(text.data() + at, text.data() + text.size()).length;
  }

  // How much of the text is searched at a time for a string.
  static constexpr size_t kStretch = 32 * 1024;

  template <typename Add>
  bool FindStringMatches(std::string_view string, std::string_view text, Add add) {
    size_t passed = 0;
    for (size_t from = 0; from < text.size();) {
      const size_t at = text.substr(from, kStretch + string.size() - 1).find(string);
      const size_t searched = std::min(at == text.npos ? kStretch : at + string.size(), text.size() - from);
      if (interrupt.Check(searched)) return Cancel();
      if (at != text.npos) {
        if (from + at != passed && !add(passed, from + at, false)) return false;
        if (!add(from + at, from + searched, true)) return false;
        passed = from + searched;
      }
      from += searched;
    }
    return passed == text.size() || add(passed, text.size(), false);
  }

  // Characters whose number is not 0: each is a match; or, if `whole_runs`, each run of one number.
  template <typename Add>
  bool FindRuns(const CodePointTable& numbers, std::string_view text, bool whole_runs, Add add) {
    const char* const end = text.data() + text.size();
    uint8_t of_run = 0;
    size_t run = 0;
    for (const char* at = text.data(); at != end;) {
      const DecodedCharacter c = DecodeCharacter(at, end);
      const uint8_t number = numbers[c.code_point];
      const size_t start = static_cast<size_t>(at - text.data());
      if (number != of_run || (number != 0 && !whole_runs)) {
        if (start != run && !add(run, start, of_run != 0)) return false;
        run = start;
        of_run = number;
      }
      if (interrupt.Check(c.length)) return Cancel();
      at += c.length;
    }
    return run == text.size() || add(run, text.size(), of_run != 0);
  }

  // What comes before the first character that has a script is dropped.
  bool CutByScripts(const Step& step, size_t index, std::string_view text, bool is_first) {
    const char* const end = text.data() + text.size();
    uint8_t script = 0;
    size_t piece = text.npos;
    for (const char* at = text.data(); at != end;) {
      const DecodedCharacter c = DecodeCharacter(at, end);
      const uint8_t next = step.table[c.code_point];
      if (next != 0 && next != script) {
        const size_t start = static_cast<size_t>(at - text.data());
        if (piece != text.npos &&
            !Give(index + 1, text.substr(piece, start - piece), is_first && piece == 0)) {
          return false;
        }
        piece = start;
        script = next;
      }
      if (interrupt.Check(c.length)) return Cancel();
      at += c.length;
    }
    return piece == text.npos || Give(index + 1, text.substr(piece), is_first && piece == 0);
  }

  bool CutByLength(const Step& step, size_t index, std::string_view text, bool is_first) {
    size_t piece = 0;
    uint32_t characters = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t length = CharacterLength(text, at);
      if (interrupt.Check(length)) return Cancel();
      at += length;
      if (++characters < step.header.number && at < text.size()) continue;
      if (!Give(index + 1, text.substr(piece, at - piece), is_first && piece == 0)) return false;
      piece = at;
      characters = 0;
    }
    return true;
  }

  // Spaces become the replacement; one is put before the text that begins with none, as the scheme says; a
  // piece begins at each.
  bool CutByMetaspace(Step& step, size_t index, std::string_view text, bool is_first) {
    const std::string_view replacement = step.data;
    const auto prepend = static_cast<SplitStep::Prepend>(step.header.number);
    const bool may_prepend =
        prepend == SplitStep::Prepend::kAlways || (prepend == SplitStep::Prepend::kFirst && is_first);
    const auto length_of_space = [&](size_t at) -> size_t {
      if (text[at] == ' ') return 1;
      return text.substr(at).starts_with(replacement) ? replacement.size() : 0;
    };
    const char marks[] = {' ', replacement.front()};
    std::string& piece = step.text;
    piece.clear();
    if (may_prepend && length_of_space(0) == 0) piece = replacement;
    bool piece_is_first = is_first;
    for (size_t at = 0; at < text.size();) {
      size_t passed = length_of_space(at);
      if (passed != 0) {
        if (step.header.splits && !piece.empty()) {
          if (!Give(index + 1, piece, piece_is_first)) return false;
          piece_is_first = false;
          piece.clear();
        }
        piece += replacement;
      } else {
        const std::string_view rest = text.substr(at, kStretch);
        passed = std::min(rest.find_first_of({marks, sizeof marks}, 1), rest.size());
        piece.append(text, at, passed);
      }
      if (interrupt.Check(passed)) return Cancel();
      at += passed;
    }
    return Give(index + 1, piece, piece_is_first);
  }
};

std::string CompileSplitter(const std::vector<SplitStep>& steps) {
  const auto is_byte_level = [](const SplitStep& step) { return step.kind == SplitStep::Kind::kByteLevel; };
  if (std::ranges::count_if(steps, is_byte_level) > 1) {
    throw DefinitionError("more than one pre-tokenizer ByteLevel is not supported");
  }
  if (steps.size() > kMostSteps) {
    throw DefinitionError("more than " + std::to_string(kMostSteps) + " pre-tokenizers");
  }
  ProgramWriter writer;
  for (const SplitStep& step : WithoutNothing(steps)) writer.Add(step);
  return std::move(writer).Finish();
}

std::optional<Pattern> FastPattern(const std::vector<SplitStep>& all_steps) {
  const std::vector<SplitStep> steps = WithoutNothing(all_steps);
  const auto is_regex = [](const SplitStep& step) { return step.kind == SplitStep::Kind::kRegex; };
  if (steps.size() == 3 && std::ranges::all_of(steps, is_regex)) {
    const auto isolates = [](const SplitStep& step) {
      return step.behavior == SplitStep::Behavior::kIsolated && step.dialect == Dialect::kOniguruma;
    };
    const bool is_known = std::ranges::all_of(steps, isolates) &&
                          IsDeepSeekSequence(steps[0].pattern, steps[1].pattern, steps[2].pattern);
    return is_known ? std::optional(Pattern::kDeepSeekV3) : std::nullopt;
  }
  if (steps.size() != 1) return std::nullopt;
  const SplitStep& step = steps.front();
  if (is_regex(step))
    return MatchesArePieces(step) ? KnownPattern(step.pattern, step.dialect) : std::nullopt;
  const bool is_gpt2 = step.kind == SplitStep::Kind::kByteLevel && step.use_regex && !step.add_prefix_space;
  return is_gpt2 ? std::optional(Pattern::kGpt2) : std::nullopt;
}

Splitter::Splitter(std::string_view program) {
  while (!program.empty()) {
    Step step;
    std::memcpy(&step.header, program.data(), sizeof step.header);
    step.data = program.substr(sizeof step.header, step.header.data_size);
    program.remove_prefix(sizeof step.header + step.data.size());
    const Kind kind = step.header.kind;
    if (kind == Kind::kExpression) step.expression.emplace(step.data);
    if (kind == Kind::kClass || kind == Kind::kWords || kind == Kind::kScripts) {
      step.table = CodePointTable(step.data.data());
    }
    // Bytes that nothing cuts any more need no mapping.
    if (kind == Kind::kByteLevel && program.empty()) break;
    steps_.push_back(std::move(step));
  }
}

Splitter::Splitter(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

Splitter::Status Splitter::Run(std::string_view stretch, bool at_text_start, bool (*cancelled)(),
                               void* object, bool (*take)(void*, std::string_view)) {
  Runner run{steps_, object, take, cancelled};
  run.Give(0, stretch, at_text_start);
  return run.status;
}

}  // namespace tokenmeter::tokenizer
