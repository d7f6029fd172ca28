#include "tokenizer/normalize/normalizer.hpp"

#include <cstring>
#include <span>
#include <utility>

#include "tokenizer/image.hpp"
#include "tokenizer/normalize/charsmap.hpp"
#include "tokenizer/normalize/normalization_table.hpp"
#include "tokenizer/normalize/steps.hpp"

namespace tokenmeter::tokenizer {
namespace {

// What a program does; one step of a definition may become several instructions. Values stand in images.
enum class Operation : uint32_t {
  kForm,  // `argument` is the Form
  kLowercase,
  kRemove,  // `argument` is the flag
  kNmt,
  kCleanText,
  kSpaceChinese,
  kSpellBytes,
  kStrip,  // `argument`: kLeft, kRight
  kPrepend,
  kReplace,
  kReplaceRegex,   // `pattern` is CompileExpression's
  kCharsmap,       // `content` is CompileCharsmap's
  kSentencePiece,  // the same; `argument`: of the flags below
};

constexpr uint32_t kLeft = 1;
constexpr uint32_t kRight = 2;

constexpr uint32_t kDummyPrefix = 1;
constexpr uint32_t kRemoveExtraSpaces = 2;
constexpr uint32_t kEscapeSpaces = 4;
constexpr uint32_t kPrefixEverywhere = 8;

// A program is how many instructions there are, the instructions, and the bytes that they refer to.
struct Instruction {
  Operation operation;
  uint32_t argument;
  Section pattern;  // offset from the start of the program, divisible by 8, and bytes
  Section content;
};

std::span<const Instruction> Instructions(std::string_view program) {
  if (program.empty()) return {};
  uint64_t count;
  std::memcpy(&count, program.data(), sizeof count);
  return {reinterpret_cast<const Instruction*>(program.data() + sizeof count), count};
}

class ProgramWriter {
 public:
  void Add(const NormalizerStep& step) {
    using Kind = NormalizerStep::Kind;
    switch (step.kind) {
      case Kind::kNfc:
        return AddForm(Form::kNfc);
      case Kind::kNfd:
        return AddForm(Form::kNfd);
      case Kind::kNfkc:
        return AddForm(Form::kNfkc);
      case Kind::kNfkd:
        return AddForm(Form::kNfkd);
      case Kind::kLowercase:
        return Add(Operation::kLowercase);
      case Kind::kStripAccents:
        return Add(Operation::kRemove, NormalizationRecord::kMark);
      case Kind::kNmt:
        return Add(Operation::kNmt);
      case Kind::kStrip:
        return Add(Operation::kStrip, (step.left ? kLeft : 0) | (step.right ? kRight : 0));
      case Kind::kPrepend:
        return Add(Operation::kPrepend, 0, {}, step.content);
      case Kind::kReplace:
        return Add(Operation::kReplace, 0, step.pattern, step.content);
      case Kind::kReplaceRegex:
        return Add(Operation::kReplaceRegex, 0, CompileExpression(step.pattern), step.content);
      case Kind::kBert:
        return AddBert(step);
      case Kind::kCharsmap:
        return Add(Operation::kCharsmap, 0, {}, CompileCharsmap(step.content));
      case Kind::kByteLevel:
        return Add(Operation::kSpellBytes);
      case Kind::kSentencePiece:
        return Add(Operation::kSentencePiece,
                   (step.add_dummy_prefix ? kDummyPrefix : 0) |
                       (step.add_everywhere ? kPrefixEverywhere : 0) |
                       (step.remove_extra_whitespaces ? kRemoveExtraSpaces : 0) |
                       (step.escape_whitespaces ? kEscapeSpaces : 0),
                   {}, CompileCharsmap(step.content));
    }
  }

  std::string Finish() {
    if (instructions_.empty()) return {};
    const uint64_t count = instructions_.size();
    const uint64_t data_offset = sizeof count + count * sizeof(Instruction);
    for (Instruction& instruction : instructions_) {
      instruction.pattern.offset += data_offset;
      instruction.content.offset += data_offset;
    }
    std::string program(reinterpret_cast<const char*>(&count), sizeof count);
    program.append(reinterpret_cast<const char*>(instructions_.data()), count * sizeof(Instruction));
    return program += data_;
  }

 private:
  void AddForm(Form form) { Add(Operation::kForm, static_cast<uint32_t>(form)); }

  void AddBert(const NormalizerStep& step) {
    if (step.clean_text) Add(Operation::kCleanText);
    if (step.handle_chinese_chars) Add(Operation::kSpaceChinese);
    if (step.strip_accents) {
      AddForm(Form::kNfd);
      Add(Operation::kRemove, NormalizationRecord::kNonspacingMark);
    }
    if (step.lowercase) Add(Operation::kLowercase);
  }

  void Add(Operation operation, uint32_t argument = 0, std::string_view pattern = {},
           std::string_view content = {}) {
    const Section pattern_at = Append(pattern);
    instructions_.push_back({operation, argument, pattern_at, Append(content)});
  }

  Section Append(std::string_view bytes) {
    const Section section{data_.size(), bytes.size()};
    data_ += bytes;
    data_.resize((data_.size() + 7) / 8 * 8);
    return section;
  }

  std::vector<Instruction> instructions_;
  std::string data_;
};

// `expression` is the next one of those in the program.
bool Run(const Instruction& instruction, std::string_view program, bool at_text_start,
         const std::unique_ptr<const Expression>** expression, Rewriter* text) {
  const uint32_t argument = instruction.argument;
  const auto has = [argument](uint32_t flag) { return (argument & flag) != 0; };
  const auto pattern = program.substr(instruction.pattern.offset, instruction.pattern.count);
  const auto content = program.substr(instruction.content.offset, instruction.content.count);
  switch (instruction.operation) {
    case Operation::kForm:
      return ApplyForm(static_cast<Form>(argument), text);
    case Operation::kLowercase:
      return Lowercase(text);
    case Operation::kRemove:
      return Remove(static_cast<uint16_t>(argument), text);
    case Operation::kNmt:
      return ReplaceNmt(text);
    case Operation::kCleanText:
      return CleanText(text);
    case Operation::kSpaceChinese:
      return SpaceChinese(text);
    case Operation::kSpellBytes:
      return SpellBytes(text);
    case Operation::kStrip:
      return Strip(has(kLeft), has(kRight), text);
    case Operation::kPrepend:
      return Prepend(content, text);
    case Operation::kReplace:
      return ReplaceString(pattern, content, text);
    case Operation::kReplaceRegex:
      return ReplaceMatches(**(*expression)++, content, text);
    case Operation::kCharsmap:
      return ApplyCharsmap(content, text);
    case Operation::kSentencePiece:
      return ApplySentencePiece(
          {.dummy_prefix = has(kDummyPrefix) && (at_text_start || has(kPrefixEverywhere)),
           .remove_extra_spaces = has(kRemoveExtraSpaces),
           .escape_spaces = has(kEscapeSpaces)},
          content, text);
  }
  __builtin_unreachable();
}

}  // namespace

std::string CompileNormalizer(const std::vector<NormalizerStep>& steps) {
  ProgramWriter writer;
  for (const NormalizerStep& step : steps) writer.Add(step);
  return writer.Finish();
}

Normalizer::Normalizer(std::string_view program) : program_(program) {
  for (const Instruction& instruction : Instructions(program_)) {
    if (instruction.operation != Operation::kReplaceRegex) continue;
    const auto pattern = program_.substr(instruction.pattern.offset, instruction.pattern.count);
    expressions_.push_back(std::make_unique<const Expression>(pattern));
  }
}

Normalizer::~Normalizer() = default;

bool Normalizer::Apply(std::string_view text, bool at_text_start, bool (*cancelled)(),
                       std::string_view* normalized) {
  const std::unique_ptr<const Expression>* expression = expressions_.data();
  const size_t limit = 16 * text.size() + (size_t{64} << 20);
  TextBuffer* to = &buffers_[0];
  TextBuffer* next = &buffers_[1];  // what was written last is not written to
  keeps_start_ = true;
  for (const Instruction& instruction : Instructions(program_)) {
    to->Clear(limit);
    Rewriter rewriter(text, to, cancelled);
    if (!Run(instruction, program_, at_text_start, &expression, &rewriter)) return false;
    text = rewriter.Finish();
    // The library's character map takes no note of what it removes at the start.
    if (rewriter.start() != Rewriter::Start::kKept && instruction.operation != Operation::kCharsmap) {
      keeps_start_ = rewriter.start() == Rewriter::Start::kNew;
    }
    if (rewriter.replaced()) std::swap(to, next);
  }
  *normalized = text;
  return true;
}

}  // namespace tokenmeter::tokenizer
