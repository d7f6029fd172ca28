#include "tokenizer/mask_scanner.hpp"

#include <bit>

#include "tokenizer/cpu_path.hpp"
#include "tokenizer/unicode.hpp"

namespace tokenmeter::tokenizer {
namespace {

constexpr uint64_t Bit(size_t i) { return uint64_t{1} << i; }

// The bits below i; i is at most 64.
constexpr uint64_t Below(size_t i) { return i >= 64 ? ~uint64_t{0} : Bit(i) - 1; }

// The highest bit of a mask that is not 0.
size_t Highest(uint64_t mask) { return 63 - static_cast<size_t>(std::countl_zero(mask)); }

// The characters of a window in classes that do not overlap but for those that say so. Each character is
// one bit, that of its first byte; `continuations` has the bits of all other bytes, so that the algebra
// below is about characters, however many bytes they have. Without any (kAscii) it is about bytes.
template <bool kAscii>
struct Characters {
  uint64_t all = 0;
  uint64_t continuations = 0;
  uint64_t letters = 0;
  uint64_t uppers = 0;      // of the letters: \p{Lu} \p{Lt}
  uint64_t caseless = 0;    // of the letters: \p{Lm} \p{Lo}
  uint64_t marks = 0;       // \p{M}
  uint64_t digits = 0;      // \p{N}
  uint64_t spaces = 0;      // ' '
  uint64_t blanks = 0;      // white space but ' ' and newlines
  uint64_t newlines = 0;    // \r \n
  uint64_t multibyte = 0;   // characters of more than a byte
  uint64_t east_asian = 0;  // of the letters: those that DeepSeek V3 cuts out first

  // The characters that follow those of the set: adding a character's bits from its second byte on to 1 at
  // its second byte carries to its end.
  uint64_t Next(uint64_t set) const {
    return kAscii ? set << 1 : ((set << 1) + continuations) & ~continuations;
  }

  // All bytes of the characters of the set: those from each first byte to the next one's.
  uint64_t BytesOf(uint64_t set) const { return kAscii ? set : Next(set) - set; }

  // Of each run of the set, its first character.
  uint64_t RunStarts(uint64_t set) const { return set & ~Next(set); }

  // What follows the runs of the set that begin at `starts`, which are run starts. Adding a run's first bit
  // carries through the run. The other runs stay as they are.
  uint64_t BehindRuns(uint64_t starts, uint64_t set) const {
    const uint64_t bytes = BytesOf(set);
    return (bytes + starts) & ~bytes;
  }

  // The whole runs of the set that begin at `starts`, which are run starts.
  uint64_t RunsFrom(uint64_t starts, uint64_t set) const { return set & ~(BytesOf(set) + starts); }
};

// How long the contraction is that the apostrophe at `at` begins, itself included; 0 if it begins none.
template <bool ignore_case>
size_t ContractionLength(const char* at) {
  const auto letter = [at](int i) { return ignore_case ? static_cast<char>(at[i] | 0x20) : at[i]; };
  switch (letter(1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return letter(2) == 'e' ? 3 : 0;
    case 'l':
      return letter(2) == 'l' ? 3 : 0;
    default:
      // U+017F folds to s.
      return ignore_case && at[1] == '\xC5' && at[2] == '\xBF' ? 3 : 0;
  }
}

constexpr size_t kLongestContraction = 3;

// The starts in a window, in the making. From `limit` on nothing is known.
struct Window {
  const char* bytes;
  size_t limit;
  bool at_text_end;
  uint64_t starts;

  // The piece that begins at the last start up to `at` is not settled: it ends the window.
  void CutAt(size_t at) {
    const uint64_t before = starts & Below(at + 1);
    limit = before == 0 ? 0 : Highest(before);
    starts &= Below(limit);
    at_text_end = false;
  }
};

// Digits: one piece a run in gpt2 (a space before it is part of it), else groups of three or one by one.
template <PatternTraits::Numbers numbers, bool kAscii>
uint64_t DigitStarts(const Characters<kAscii>& c) {
  if constexpr (numbers == PatternTraits::Numbers::kRuns) return c.digits & ~c.Next(c.digits | c.spaces);
  if constexpr (numbers == PatternTraits::Numbers::kSingle) return c.digits;
  uint64_t starts = c.RunStarts(c.digits);
  const uint64_t second = c.digits & c.Next(c.digits);
  const uint64_t fourth = c.digits & c.Next(c.Next(second));
  const auto next_group = [&](uint64_t group) { return c.Next(c.Next(c.Next(group))) & fourth; };
  for (uint64_t group = next_group(starts); group != 0; group = next_group(group)) starts |= group;
  return starts;
}

// Contractions move starts; the masks alone do not see them.
template <PatternTraits::Contractions contractions, bool kAscii>
void ApplyContractions(const Characters<kAscii>& c, uint64_t apostrophes, uint64_t symbol_starts,
                       Window* window) {
  using enum PatternTraits::Contractions;
  constexpr bool kIsSuffix = contractions == kSuffixes;
  // In o200k a contraction belongs to the word before it; else it is a piece of its own.
  uint64_t candidates = apostrophes & (kIsSuffix ? c.Next(c.letters) : symbol_starts);
  for (; candidates != 0; candidates &= candidates - 1) {
    const auto at = static_cast<size_t>(std::countr_zero(candidates));
    if (at >= window->limit) return;
    if (at + kLongestContraction >= window->limit && !window->at_text_end) {
      return window->CutAt(kIsSuffix ? at - 1 : at);
    }
    const size_t length = ContractionLength<contractions != kLowerCase>(window->bytes + at);
    if (length == 0 || at + length > window->limit) continue;
    const size_t end = at + length;
    window->starts &= ~(Below(end) & ~Below(at));
    if (!kIsSuffix) window->starts |= Bit(at);
    if (end == window->limit) return;
    window->starts |= Bit(end);
    // A contraction right behind one is no suffix of it, and a word behind one is not cut as the masks did.
    if (kIsSuffix && (window->bytes[end] == '\'' || (c.letters & Bit(end)) != 0)) return window->CutAt(end);
  }
}

// In o200k a mark is both a letter without case and a symbol: it goes on with what is before it, be that a
// word or a run of symbols, but a lone symbol is taken into the word that a mark begins. Makes letters of
// the former and the latter marks; the rest are symbols.
void MakeLettersOfMarks(Characters<false>* c) {
  c->letters |= c->marks;
  c->caseless |= c->marks;
  for (;;) {
    const uint64_t symbols = c->all & ~(c->letters | c->digits | c->spaces | c->blanks | c->newlines);
    const uint64_t lone = symbols & ~c->Next(symbols | c->spaces);
    const uint64_t in_symbols = c->Next(symbols & ~lone) & c->marks & c->letters;
    if (in_symbols == 0) return;
    const uint64_t taken = c->RunsFrom(in_symbols, c->marks & c->letters);
    c->letters &= ~taken;
    c->caseless &= ~taken;
  }
}

// Where words of o200k begin within a run of letters: an upper-case letter, if a lower-case one comes
// before it, be it with caseless letters between them.
template <bool kAscii>
uint64_t CaseStarts(const Characters<kAscii>& c, const Window& window) {
  const uint64_t lowers = c.letters & ~(c.uppers | c.caseless);
  const uint64_t behind_lowers = c.Next(lowers);
  uint64_t starts = c.uppers & behind_lowers;
  if (kAscii || c.caseless == 0) return starts;
  starts |= c.uppers & c.BehindRuns(behind_lowers & c.caseless, c.caseless);
  // Upper-case letters behind caseless ones are a word of their own where the run of letters ends with
  // them.
  for (uint64_t rest = c.uppers & c.Next(c.caseless); rest != 0; rest &= rest - 1) {
    const uint64_t start = rest & -rest;
    const uint64_t behind = c.BehindRuns(start, c.uppers) & Below(window.limit);
    if (behind != 0 ? (behind & c.letters) == 0 : window.at_text_end) starts |= start;
  }
  return starts;
}

// Where words of DeepSeek V3 begin; marks are letters there. A symbol is taken into a word only where both
// are ASCII, and such a word ends with the ASCII letters.
template <bool kAscii>
uint64_t SegmentWordStarts(const Characters<kAscii>& c, uint64_t ascii_letters, uint64_t symbol_starts) {
  const uint64_t prefixes = c.spaces | c.blanks;
  if (kAscii) return c.RunStarts(c.letters) & ~c.Next(prefixes | symbol_starts);
  const uint64_t words = c.letters & ~c.east_asian;
  const uint64_t behind_symbols = c.Next(symbol_starts & ~c.multibyte) & ascii_letters;
  const uint64_t behind_ascii = c.BehindRuns(behind_symbols, ascii_letters) & words;
  return (c.RunStarts(words) & ~c.Next(prefixes) & ~behind_symbols) | behind_ascii |
         c.RunStarts(c.east_asian);
}

template <Pattern pattern, bool kAscii>
PieceStarts Cut(const Characters<kAscii>& c, const ByteMasks& m, const char* bytes, size_t length,
                bool at_text_end) {
  constexpr PatternTraits kTraits = TraitsOf(pattern);
  constexpr bool kIsGpt2 = kTraits.words == PatternTraits::Words::kAfterSpace;
  constexpr bool kIsCased = kTraits.words == PatternTraits::Words::kCased;
  constexpr bool kBySegment = kTraits.words == PatternTraits::Words::kWithinSegment;
  if (length == 0) return {0, 0};
  const uint64_t white = c.spaces | c.blanks | c.newlines;
  const uint64_t symbols = c.all & ~(c.letters | c.digits | white);
  const size_t last = Highest(c.all);
  Window window{bytes, length, at_text_end, 0};

  // A run of symbols takes a space before it, and, but in gpt2, the newlines after it.
  const uint64_t symbol_starts = symbols & ~c.Next(symbols | c.spaces);
  const uint64_t tail = kIsGpt2 ? 0 : c.RunsFrom(c.newlines & c.Next(symbols), c.newlines);

  // A run of white space, without such a tail: it starts a piece, and so does its last character where
  // something follows and the run does not end in a newline. But in gpt2 a newline ends a piece.
  const uint64_t gap = white & ~tail;
  const uint64_t gap_starts = c.RunStarts(gap);
  // In DeepSeek V3 nothing follows where another segment begins.
  const uint64_t segments = kBySegment ? c.digits | c.east_asian : 0;
  uint64_t gap_ends = gap & ~((white | segments) >> 1);
  if constexpr (!kAscii) {
    for (uint64_t rest = gap & c.multibyte; rest != 0; rest &= rest - 1) {
      const uint64_t character = rest & -rest;
      if ((c.Next(character) & (white | segments)) != 0) gap_ends &= ~character;
    }
  }
  if (!kIsGpt2) gap_ends &= ~c.newlines;
  if (at_text_end) gap_ends &= ~Bit(last);
  const uint64_t line_starts = kIsGpt2 ? 0 : c.Next(gap & c.newlines) & (c.spaces | c.blanks);

  // A word takes one character before it: a space in gpt2, else white space but a newline, or a symbol that
  // no run of symbols has taken.
  const uint64_t prefixes = kIsGpt2 ? c.spaces : c.spaces | c.blanks | symbol_starts;
  uint64_t word_starts = kBySegment ? SegmentWordStarts(c, m.letters & c.all, symbol_starts)
                                    : c.RunStarts(c.letters) & ~c.Next(prefixes);
  if constexpr (kIsCased) word_starts |= CaseStarts(c, window);

  window.starts = Bit(0) | symbol_starts | gap_starts | gap_ends | line_starts | word_starts |
                  DigitStarts<kTraits.numbers>(c);
  window.starts &= c.all;

  // Blank lines within a gap: only its last newline ends a piece.
  if (line_starts != 0) {
    if (const uint64_t blank = c.BehindRuns(line_starts, c.spaces | c.blanks) & c.newlines; blank != 0) {
      const auto newline = static_cast<size_t>(std::countr_zero(blank));
      window.CutAt(Highest(gap_starts & Below(newline)));
    }
  }
  // In o200k the tail of symbols may go on with a slash.
  if constexpr (kTraits.slashes_in_tail) {
    if (const uint64_t slash = m.slashes & tail << 1 & Below(window.limit + 1); slash != 0) {
      const auto at = static_cast<size_t>(std::countr_zero(slash));
      window.CutAt(Highest(symbols & Below(at)));
    }
  }
  if constexpr (kTraits.contractions != PatternTraits::Contractions::kNone) {
    ApplyContractions<kTraits.contractions>(c, m.apostrophes, symbol_starts, &window);
  }
  // The last piece goes on behind the window, unless the text ends there; and a gap that does may have
  // starts that were read as its end.
  if (!window.at_text_end && window.limit == length) {
    const bool ends_in_gap = (gap & Bit(last)) != 0;
    window.CutAt(ends_in_gap ? Highest(gap_starts) : last);
  }
  return {window.starts, window.limit};
}

template <bool kAscii>
Characters<kAscii> AsciiCharacters(const ByteMasks& m, uint64_t known) {
  Characters<kAscii> c;
  c.all = known;
  c.letters = m.letters & known;
  c.uppers = m.uppers & known;
  c.digits = m.digits & known;
  c.spaces = m.spaces & known;
  c.blanks = m.blanks & known;
  c.newlines = m.newlines & known;
  return c;
}

template <Pattern pattern>
PieceStarts CutMixed(const ByteMasks& m, const char* bytes, size_t length, bool at_text_end) {
  constexpr bool kBySegment = TraitsOf(pattern).words == PatternTraits::Words::kWithinSegment;
  const UnicodeImage& unicode = Unicode();
  uint64_t east_asian = 0;
  uint64_t of_class[9] = {};
  uint64_t continuations = 0;
  uint64_t multibyte = 0;
  const char* const end = bytes + (at_text_end ? length : kReadableWindow);
  for (uint64_t rest = m.non_ascii & Below(length); rest != 0;) {
    const auto at = static_cast<size_t>(std::countr_zero(rest));
    const DecodedCharacter character = DecodeCharacter(bytes + at, end);
    const size_t behind = at + character.length;
    // Of a character that is cut off, the rest may be what follows.
    const bool may_be_cut = character.code_point == kInvalidCodePoint && at + 4 > length && !at_text_end;
    const CharacterClass cls = ClassOf(unicode, character.code_point);
    const bool in_segment = kBySegment && IsEastAsian(character.code_point);
    // What matches only before words, and what is no letter among those that are cut out first, is rare.
    const bool is_left = kBySegment && (in_segment ? !IsLetter(cls) : cls == CharacterClass::kOther);
    if (behind > length || may_be_cut || is_left) {
      length = at;
      at_text_end = false;
      break;
    }
    of_class[static_cast<size_t>(cls)] |= Bit(at);
    if (in_segment) east_asian |= Bit(at);
    const uint64_t others = Below(behind) & ~Below(at + 1);
    continuations |= others;
    multibyte |= others != 0 ? Bit(at) : 0;
    rest &= ~Below(behind);
  }
  Characters<false> c = AsciiCharacters<false>(m, Below(length) & ~continuations);
  const auto of = [&of_class](CharacterClass cls) { return of_class[static_cast<size_t>(cls)]; };
  c.continuations = continuations;
  c.multibyte = multibyte;
  c.caseless = of(CharacterClass::kCaseless);
  c.uppers |= of(CharacterClass::kUpper);
  c.letters |= of(CharacterClass::kUpper) | of(CharacterClass::kLower) | c.caseless;
  c.marks = of(CharacterClass::kMark);
  c.digits |= of(CharacterClass::kNumber);
  c.blanks |= of(CharacterClass::kSpace);
  c.east_asian = east_asian;
  if (kBySegment) c.letters |= c.marks;
  if (TraitsOf(pattern).words == PatternTraits::Words::kCased && c.marks != 0) MakeLettersOfMarks(&c);
  return Cut<pattern>(c, m, bytes, length, at_text_end);
}

// The control characters of a window that are no white space.
uint64_t Controls(const ByteMasks& m, const char* bytes) {
  uint64_t controls = 0;
  const uint64_t known = m.letters | m.digits | m.spaces | m.blanks | m.newlines | m.non_ascii;
  for (uint64_t rest = ~known; rest != 0; rest &= rest - 1) {
    const auto at = static_cast<size_t>(std::countr_zero(rest));
    if (bytes[at] < ' ' || bytes[at] == '\x7F') controls |= Bit(at);
  }
  return controls;
}

}  // namespace

template <Pattern pattern>
PieceStarts FindPieces(const char* bytes, size_t length, bool at_text_end) {
  ByteMasks m;
  cpu_path->classify_bytes(bytes, &m);
  if constexpr (TraitsOf(pattern).words == PatternTraits::Words::kWithinSegment) {
    // Controls match only before words.
    if (const uint64_t controls = Controls(m, bytes) & Below(length); controls != 0) {
      length = static_cast<size_t>(std::countr_zero(controls));
      at_text_end = false;
    }
  }
  const uint64_t known = Below(length);
  if ((m.non_ascii & known) != 0) return CutMixed<pattern>(m, bytes, length, at_text_end);
  return Cut<pattern>(AsciiCharacters<true>(m, known), m, bytes, length, at_text_end);
}

#define DEFINE_FIND_PIECES(pattern) template PieceStarts FindPieces<pattern>(const char*, size_t, bool);
FOR_EVERY_PATTERN(DEFINE_FIND_PIECES)

}  // namespace tokenmeter::tokenizer
