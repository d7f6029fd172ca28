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

// Where DeepSeek V3 cuts first: between numbers, Chinese and Japanese characters, and the rest.
enum class Segment { kAny, kNumbers, kEastAsian, kRest };

Segment SegmentOf(CharacterClass cls, uint32_t code_point) {
  if (cls == kNumber) return Segment::kNumbers;
  return IsEastAsian(code_point) ? Segment::kEastAsian : Segment::kRest;
}

class Scanner {
 public:
  Scanner(const char* end, bool (*cancelled)()) : end_(end), cancelled_(cancelled) {}

  // To the scanner, the text ends where the segment that `at` is in does.
  void StayInSegment(const char* at) {
    const DecodedCharacter decoded = DecodeCharacter(at, end_);
    segment_ = SegmentOf(ClassOf(unicode_, decoded.code_point), decoded.code_point);
  }

  Character At(const char* at) const {
    // Among the last bytes may be the beginning of a character.
    if (end_ - at < 4 && (at == end_ || static_cast<signed char>(*at) < 0)) saw_end_ = true;
    if (at == end_) return {kOther, 0};
    const DecodedCharacter decoded = DecodeCharacter(at, end_);
    const CharacterClass cls = ClassOf(unicode_, decoded.code_point);
    if (segment_ != Segment::kAny && SegmentOf(cls, decoded.code_point) != segment_) return {kOther, 0};
    return {cls, decoded.length};
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

  Segment segment() const { return segment_; }
  bool was_cancelled() const { return was_cancelled_; }
  // Whether what was found may be otherwise if more text follows.
  bool saw_end() const { return saw_end_; }

 private:
  const char* end_;
  bool (*cancelled_)();
  bool was_cancelled_ = false;
  mutable bool saw_end_ = false;
  Segment segment_ = Segment::kAny;
  const UnicodeImage& unicode_ = Unicode();
};

// [^\s\p{L}\p{N}]
constexpr bool IsSymbol(CharacterClass c) { return c == kOther || c == kSymbol || c == kMark; }
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

//  \p{N}{1,limit} at `at`, where a number is known to stand.
const char* NumberGroupEnd(const Scanner& text, const char* at, int limit) {
  for (int i = 0; i < limit; ++i) {
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
  return last == at || !text.At(run_end).exists() ? run_end : last;
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

// One piece of each kind of pattern, which stands above it.

//  's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
const char* MatchAfterSpace(Scanner& text, const char* at) {
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
//  The 3 is kNumbers.
template <int kNumbers>
const char* MatchAfterPrefix(Scanner& text, const char* at) {
  if (const char* contraction = ContractionEnd<true>(text, at)) return contraction;
  const Character first = text.At(at);
  if (IsLetter(first.cls)) return text.RunEnd(at, IsLetter);
  if (first.cls == kNumber) return NumberGroupEnd(text, at, kNumbers);

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
//  The 3 is kNumbers; the contractions are there if kHasContractions.
template <int kNumbers, bool kHasContractions>
const char* MatchCased(Scanner& text, const char* at) {
  const Character first = text.At(at);
  if (first.cls == kNumber) return NumberGroupEnd(text, at, kNumbers);

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
    const char* contraction = kHasContractions ? ContractionEnd<true>(text, word) : nullptr;
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

//  Three expressions one after another, each within what the ones before have left:
//  \p{N}{1,3}
//  [一-龥぀-ゟ゠-ヿ]+
//  [!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|
//  ?[\p{P}\p{S}]+[\r\n]*
//  |\s*[\r\n]+|\s+(?!\S)|\s+
//  What lies between matches is a piece too.
const char* MatchWithinSegment(Scanner& text, const char* at) {
  const auto is_word = [](CharacterClass c) { return IsLetter(c) || c == kMark; };
  const auto is_symbol = [](CharacterClass c) { return c == kSymbol; };
  text.StayInSegment(at);
  if (text.segment() == Segment::kNumbers) return NumberGroupEnd(text, at, 3);

  const Character first = text.At(at);
  if (is_word(first.cls)) return text.RunEnd(at, is_word);
  const char* second_at = at + first.length;
  const auto is_ascii_letter = [](char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; };
  if (first.cls == kSymbol && first.length == 1 && text.HasByte(second_at) && is_ascii_letter(*second_at)) {
    return text.Run(second_at,
                    [&](CharacterClass, const char* after) { return is_ascii_letter(after[-1]); });
  }
  const Character second = text.At(second_at);
  const bool before_word = second.exists() && is_word(second.cls);
  if (before_word && (first.cls == kSpace || first.cls == kOther)) return text.RunEnd(second_at, is_word);
  if (first.cls == kSymbol || (*at == ' ' && second.exists() && second.cls == kSymbol)) {
    return text.RunEnd(text.RunEnd(second_at, is_symbol), IsNewline);
  }
  if (first.cls != kOther) return SpaceEnd<true>(text, at);
  // Nothing matches here, nor at others of this class; but the last of them goes with a word behind it.
  const char* last = at;
  const char* passed_end = at;
  const char* run_end = text.Run(at, [&](CharacterClass c, const char* after) {
    if (c != kOther) return false;
    last = std::exchange(passed_end, after);
    return true;
  });
  const Character behind = text.At(run_end);
  return behind.exists() && is_word(behind.cls) ? last : run_end;
}

template <Pattern pattern>
const char* Match(Scanner& text, const char* at) {
  using Traits = PatternTraits;
  constexpr Traits kTraits = TraitsOf(pattern);
  constexpr int kNumbers = kTraits.numbers == Traits::Numbers::kSingle ? 1 : 3;
  if constexpr (kTraits.words == Traits::Words::kAfterSpace) return MatchAfterSpace(text, at);
  if constexpr (kTraits.words == Traits::Words::kAfterPrefix) return MatchAfterPrefix<kNumbers>(text, at);
  if constexpr (kTraits.words == Traits::Words::kWithinSegment) return MatchWithinSegment(text, at);
  return MatchCased<kNumbers, kTraits.contractions != Traits::Contractions::kNone>(text, at);
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

#define DEFINE_PIECE_ENDS(pattern)                                              \
  template const char* PieceEnd<pattern>(const char*, const char*, bool (*)()); \
  template const char* PartPieceEnd<pattern>(const char*, const char*, bool (*)(), bool*);
FOR_EVERY_PATTERN(DEFINE_PIECE_ENDS)

}  // namespace tokenmeter::tokenizer
