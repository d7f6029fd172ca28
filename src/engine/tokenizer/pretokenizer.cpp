#include "tokenizer/pretokenizer.hpp"

#include <utility>

#include "tokenizer/unicode.hpp"

namespace tokenmeter::tokenizer {
namespace {

using enum CharacterClass;

// A character of the text with its class; at the end of the text there is none, and `length` is 0.
struct Character {
  CharacterClass cls;
  uint32_t length;
  bool exists() const { return length != 0; }
};

class Scanner {
 public:
  Scanner(const char* end, bool (*cancelled)()) : end_(end), cancelled_(cancelled) {}

  Character At(const char* at) const {
    // Among the last bytes may be the beginning of a character.
    if (end_ - at < 4 && (at == end_ || static_cast<signed char>(*at) < 0)) saw_end_ = true;
    if (at == end_) return {kOther, 0};
    const DecodedCharacter decoded = DecodeCharacter(at, end_);
    return {ClassOf(unicode_, decoded.code_point), decoded.length};
  }

  bool HasByte(const char* at) const {
    saw_end_ = saw_end_ || at >= end_;
    return at < end_;
  }

  bool ByteAt(const char* at, char byte) const { return HasByte(at) && *at == byte; }

  // Passes over characters from `at` on while visit(class, end of the character) says that they belong
  // to the run; returns the run's end. All loops over the text are this one, so that none escapes the
  // cancel flag; once that is up, runs end at once and what is made of them is void.
  template <typename Visit>
  const char* Run(const char* at, Visit visit) {
    const char* poll_at = at + kPollInterval;
    for (;;) {
      const Character c = At(at);
      if (!c.exists() || !visit(c.cls, at + c.length)) break;
      at += c.length;
      if (at >= poll_at) {
        poll_at = at + kPollInterval;
        was_cancelled_ = was_cancelled_ || (cancelled_ != nullptr && cancelled_());
        if (was_cancelled_) break;
      }
    }
    return at;
  }

  // The end of the longest run, from `at` on, of characters whose class satisfies `in`.
  template <typename Predicate>
  const char* RunEnd(const char* at, Predicate in) {
    return Run(at, [in](CharacterClass c, const char*) { return in(c); });
  }

  const char* end() const { return end_; }
  bool was_cancelled() const { return was_cancelled_; }
  // Whether what was found may be otherwise if more text follows.
  bool saw_end() const { return saw_end_; }

 private:
  const char* end_;
  bool (*cancelled_)();
  bool was_cancelled_ = false;
  mutable bool saw_end_ = false;
  const UnicodeImage& unicode_ = Unicode();
};

// [^\s\p{L}\p{N}]
constexpr bool IsSymbol(CharacterClass c) { return c == kOther || c == kMark; }
// [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], the head of a word in o200k
constexpr bool IsHead(CharacterClass c) { return c == kUpper || c == kCaseless || c == kMark; }
// [\p{Ll}\p{Lm}\p{Lo}\p{M}], its tail
constexpr bool IsTail(CharacterClass c) { return c == kLower || c == kCaseless || c == kMark; }
// [^\r\n\p{L}\p{N}], what may stand before a word in cl100k and o200k
constexpr bool IsPrefix(CharacterClass c) { return IsSymbol(c) || c == kSpace; }

constexpr bool IsUpper(CharacterClass c) { return c == kUpper; }
constexpr bool IsNumber(CharacterClass c) { return c == kNumber; }
constexpr bool IsNewline(CharacterClass c) { return c == kNewline; }

// 's|'t|'re|'ve|'m|'ll|'d at `at`: its end, or nullptr. With ignore_case the S may also be U+017F, the
// one character outside ASCII that folds to a letter of these.
template <bool ignore_case>
const char* ContractionEnd(const Scanner& text, const char* at) {
  if (!text.ByteAt(at, '\'')) return nullptr;
  const auto letter = [&text](const char* from) -> char {
    if (!text.HasByte(from)) return '\0';
    return ignore_case ? static_cast<char>(*from | 0x20) : *from;
  };
  switch (letter(at + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return at + 2;
    case 'r':
    case 'v':
      return letter(at + 2) == 'e' ? at + 3 : nullptr;
    case 'l':
      return letter(at + 2) == 'l' ? at + 3 : nullptr;
    default:
      break;
  }
  if (ignore_case && text.ByteAt(at + 1, '\xC5') && text.ByteAt(at + 2, '\xBF')) return at + 3;
  return nullptr;
}

//  \p{N}{1,3} at `at`, where a number is known to stand.
const char* NumberGroupEnd(const Scanner& text, const char* at) {
  for (int i = 0; i < 3; ++i) {
    const Character c = text.At(at);
    if (!c.exists() || c.cls != kNumber) break;
    at += c.length;
  }
  return at;
}

//  \s*[\r\n]+|\s+(?!\S)|\s+  at `at`, where a space is known to stand; the first alternative only with
//  split_at_newline. So: the run of spaces up to its last newline, or, if it has none, without its last
//  character where something else than the end of the text follows and the run is longer than that.
template <bool split_at_newline>
const char* SpaceEnd(Scanner& text, const char* at) {
  const char* after_newline = nullptr;
  const char* last = at;        // where the last character of what was passed over starts
  const char* passed_end = at;  // and ends
  const char* run_end = text.Run(at, [&](CharacterClass c, const char* after) {
    if (!IsSpace(c)) return false;
    if (c == kNewline) after_newline = after;
    last = std::exchange(passed_end, after);
    return true;
  });
  if (split_at_newline && after_newline != nullptr) return after_newline;
  return run_end == text.end() || last == at ? run_end : last;
}

// [head]*[tail]+|[head]+[tail]*  at `at`: the end of a word of o200k, or nullptr where neither matches.
// The greedy head swallows caseless letters and marks, which may be tail too: if no lower-case letter
// follows it, the match gives back all after the last of those, which is then the tail.
const char* CasedWordEnd(Scanner& text, const char* at) {
  const char* after_last_caseless = nullptr;
  const char* head_end = text.Run(at, [&](CharacterClass c, const char* after) {
    if (!IsHead(c)) return false;
    if (c != kUpper) after_last_caseless = after;
    return true;
  });
  const char* tail_end = text.RunEnd(head_end, IsTail);
  if (tail_end != head_end) return tail_end;
  if (after_last_caseless != nullptr) return after_last_caseless;
  return head_end != at ? head_end : nullptr;
}

// Whether the first alternative of CasedWordEnd, [head]*[tail]+, matches at `at`.
bool HasTail(Scanner& text, const char* at) {
  const Character after_uppers = text.At(text.RunEnd(at, IsUpper));
  return after_uppers.exists() && IsTail(after_uppers.cls);
}

// One piece of each pattern, which stands above it.
template <Pattern pattern>
const char* Match(Scanner& text, const char* at);

//  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
template <>
const char* Match<Pattern::kGpt2>(Scanner& text, const char* at) {
  if (const char* contraction = ContractionEnd<false>(text, at)) return contraction;
  const char* body = *at == ' ' ? at + 1 : at;
  const Character first = text.At(body);
  if (!first.exists() || IsSpace(first.cls)) return SpaceEnd<false>(text, at);
  if (IsLetter(first.cls)) return text.RunEnd(body, IsLetter);
  if (first.cls == kNumber) return text.RunEnd(body, IsNumber);
  return text.RunEnd(body, IsSymbol);
}

//  (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
//  |\s*[\r\n]+|\s+(?!\S)|\s+
template <>
const char* Match<Pattern::kCl100k>(Scanner& text, const char* at) {
  if (const char* contraction = ContractionEnd<true>(text, at)) return contraction;
  const Character first = text.At(at);
  if (IsLetter(first.cls)) return text.RunEnd(at, IsLetter);
  if (first.cls == kNumber) return NumberGroupEnd(text, at);

  const char* second_at = at + first.length;
  const Character second = text.At(second_at);
  if (IsPrefix(first.cls) && second.exists() && IsLetter(second.cls)) {
    return text.RunEnd(second_at, IsLetter);
  }
  const bool space_before_symbols = *at == ' ' && second.exists() && IsSymbol(second.cls);
  if (IsSymbol(first.cls) || space_before_symbols) {
    return text.RunEnd(text.RunEnd(second_at, IsSymbol), IsNewline);
  }
  return SpaceEnd<true>(text, at);
}

//  With U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}] and W = [\p{Ll}\p{Lm}\p{Lo}\p{M}]:
//  [^\r\n\p{L}\p{N}]?U*W+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?U+W*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//  |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
template <>
const char* Match<Pattern::kO200k>(Scanner& text, const char* at) {
  const Character first = text.At(at);
  if (first.cls == kNumber) return NumberGroupEnd(text, at);

  const char* second_at = at + first.length;
  const char* word = nullptr;
  if (IsLetter(first.cls)) {
    word = CasedWordEnd(text, at);
  } else if (first.cls == kMark && !HasTail(text, second_at)) {
    // As a prefix the mark would need a tail after it; so it is a word of its own.
    word = second_at;
  } else if (IsPrefix(first.cls)) {
    word = CasedWordEnd(text, second_at);
  }
  if (word != nullptr) {
    const char* contraction = ContractionEnd<true>(text, word);
    return contraction != nullptr ? contraction : word;
  }

  const Character second = text.At(second_at);
  const bool space_before_symbols = *at == ' ' && second.exists() && IsSymbol(second.cls);
  if (IsSymbol(first.cls) || space_before_symbols) {
    return text.Run(text.RunEnd(second_at, IsSymbol),
                    [](CharacterClass c, const char* after) { return c == kNewline || after[-1] == '/'; });
  }
  return SpaceEnd<true>(text, at);
}

}  // namespace

template <Pattern pattern>
const char* PieceEnd(const char* at, const char* end, bool (*cancelled)()) {
  bool settled;
  return PartPieceEnd<pattern>(at, end, cancelled, &settled);
}

template <Pattern pattern>
const char* PartPieceEnd(const char* at, const char* end, bool (*cancelled)(), bool* settled) {
  Scanner text(end, cancelled);
  const char* piece_end = Match<pattern>(text, at);
  *settled = !text.saw_end();
  return text.was_cancelled() ? nullptr : piece_end;
}

template const char* PieceEnd<Pattern::kGpt2>(const char*, const char*, bool (*)());
template const char* PieceEnd<Pattern::kCl100k>(const char*, const char*, bool (*)());
template const char* PieceEnd<Pattern::kO200k>(const char*, const char*, bool (*)());
template const char* PartPieceEnd<Pattern::kGpt2>(const char*, const char*, bool (*)(), bool*);
template const char* PartPieceEnd<Pattern::kCl100k>(const char*, const char*, bool (*)(), bool*);
template const char* PartPieceEnd<Pattern::kO200k>(const char*, const char*, bool (*)(), bool*);

}  // namespace tokenmeter::tokenizer
