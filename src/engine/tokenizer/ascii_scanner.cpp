#include "tokenizer/ascii_scanner.hpp"

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace tokenmeter::tokenizer {
namespace {

// One bit for each byte of the window, in classes that do not overlap but for the last three.
struct ClassMasks {
  uint64_t letters = 0;
  uint64_t digits = 0;
  uint64_t spaces = 0;    // ' '
  uint64_t blanks = 0;    // \t \v \f
  uint64_t newlines = 0;  // \r \n
  uint64_t non_ascii = 0;
  uint64_t uppers = 0;
  uint64_t apostrophes = 0;
  uint64_t slashes = 0;
};

#if defined(__SSE2__)

ClassMasks Classify(const char* bytes) {
  ClassMasks masks;
  const auto in_range = [](__m128i v, char first, char count) {
    const __m128i offset = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(count - 1))), offset);
  };
  const auto equal = [](__m128i v, char byte) { return _mm_cmpeq_epi8(v, _mm_set1_epi8(byte)); };
  for (int i = 0; i < 4; ++i) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes) + i);
    const auto put = [i](uint64_t* mask, __m128i bits) {
      *mask |= uint64_t{static_cast<uint32_t>(_mm_movemask_epi8(bits))} << (16 * i);
    };
    const __m128i newline = _mm_or_si128(equal(v, '\n'), equal(v, '\r'));
    put(&masks.letters, in_range(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26));
    put(&masks.uppers, in_range(v, 'A', 26));
    put(&masks.digits, in_range(v, '0', 10));
    put(&masks.spaces, equal(v, ' '));
    put(&masks.newlines, newline);
    put(&masks.blanks, _mm_andnot_si128(newline, in_range(v, '\t', 5)));
    put(&masks.apostrophes, equal(v, '\''));
    put(&masks.slashes, equal(v, '/'));
    put(&masks.non_ascii, v);
  }
  return masks;
}

#else

ClassMasks Classify(const char* bytes) {
  ClassMasks masks;
  for (size_t i = 0; i < kAsciiWindow; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const auto in_range = [byte](unsigned first, unsigned count) { return byte - first < count; };
    const auto put = [i](uint64_t* mask, bool bit) { *mask |= uint64_t{bit} << i; };
    const bool newline = byte == '\n' || byte == '\r';
    put(&masks.letters, in_range('A', 26) || in_range('a', 26));
    put(&masks.uppers, in_range('A', 26));
    put(&masks.digits, in_range('0', 10));
    put(&masks.spaces, byte == ' ');
    put(&masks.newlines, newline);
    put(&masks.blanks, !newline && in_range('\t', 5));
    put(&masks.apostrophes, byte == '\'');
    put(&masks.slashes, byte == '/');
    put(&masks.non_ascii, byte >= 0x80);
  }
  return masks;
}

#endif

constexpr uint64_t Bit(size_t i) { return uint64_t{1} << i; }

// The bits below i; i is at most 64.
constexpr uint64_t Below(size_t i) { return i >= 64 ? ~uint64_t{0} : Bit(i) - 1; }

// The highest bit of a mask that is not 0.
size_t Highest(uint64_t mask) { return 63 - static_cast<size_t>(std::countl_zero(mask)); }

// Of each run of `set`, the first bit.
constexpr uint64_t RunStarts(uint64_t set) { return set & ~(set << 1); }

// The whole runs of `set` that begin at `starts`, which are run starts: adding a run's first bit carries
// through the run and clears it.
constexpr uint64_t RunsFrom(uint64_t starts, uint64_t set) { return set & ~(set + starts); }

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
      return 0;
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

// Digits: one piece a run in gpt2 (a space before it is part of it), else groups of three.
template <Pattern pattern>
uint64_t DigitStarts(const ClassMasks& m) {
  if constexpr (pattern == Pattern::kGpt2) return m.digits & ~((m.digits | m.spaces) << 1);
  uint64_t starts = RunStarts(m.digits);
  const uint64_t after_three = m.digits & m.digits << 1 & m.digits << 2;
  for (uint64_t group = starts << 3 & after_three & m.digits << 3; group != 0;
       group = group << 3 & after_three & m.digits << 3) {
    starts |= group;
  }
  return starts;
}

// Contractions move starts; the masks alone do not see them.
template <Pattern pattern>
void ApplyContractions(const ClassMasks& m, uint64_t symbol_starts, Window* window) {
  constexpr bool kIsSuffix = pattern == Pattern::kO200k;
  // In o200k a contraction belongs to the word before it; else it is a piece of its own.
  uint64_t candidates = m.apostrophes & (kIsSuffix ? m.letters << 1 : symbol_starts);
  for (; candidates != 0; candidates &= candidates - 1) {
    const auto at = static_cast<size_t>(std::countr_zero(candidates));
    if (at >= window->limit) return;
    if (at + kLongestContraction >= window->limit && !window->at_text_end) {
      return window->CutAt(kIsSuffix ? at - 1 : at);
    }
    const size_t length = ContractionLength<pattern != Pattern::kGpt2>(window->bytes + at);
    if (length == 0 || at + length > window->limit) continue;
    const size_t end = at + length;
    window->starts &= ~(Below(end) & ~Below(at));
    if (!kIsSuffix) window->starts |= Bit(at);
    if (end == window->limit) return;
    window->starts |= Bit(end);
    // A contraction right behind one is no suffix of it.
    if (kIsSuffix && window->bytes[end] == '\'') return window->CutAt(end);
  }
}

}  // namespace

template <Pattern pattern>
PieceStarts FindAsciiPieces(const char* bytes, size_t length, bool at_text_end) {
  constexpr bool kIsGpt2 = pattern == Pattern::kGpt2;
  ClassMasks m = Classify(bytes);
  m.non_ascii &= Below(length);
  if (m.non_ascii != 0) {
    length = static_cast<size_t>(std::countr_zero(m.non_ascii));
    at_text_end = false;
  }
  const uint64_t known = Below(length);
  for (uint64_t* mask : {&m.letters, &m.digits, &m.spaces, &m.blanks, &m.newlines}) *mask &= known;
  const uint64_t white = m.spaces | m.blanks | m.newlines;
  const uint64_t symbols = known & ~(m.letters | m.digits | white);

  // A run of symbols takes a space before it, and, but in gpt2, the newlines after it.
  const uint64_t symbol_starts = symbols & ~((symbols | m.spaces) << 1);
  const uint64_t tail = kIsGpt2 ? 0 : RunsFrom(m.newlines & symbols << 1, m.newlines);

  // A run of white space, without such a tail: it starts a piece, and so does its last character where
  // something follows and the run does not end in a newline. But in gpt2 a newline ends a piece.
  const uint64_t gap = white & ~tail;
  const uint64_t gap_starts = RunStarts(gap);
  uint64_t gap_ends = gap & ~(white >> 1);
  if (!kIsGpt2) gap_ends &= ~m.newlines;
  if (at_text_end) gap_ends &= ~Bit(length - 1);
  const uint64_t line_starts = kIsGpt2 ? 0 : (gap & m.newlines) << 1 & (m.spaces | m.blanks);

  // A word takes one character before it: a space in gpt2, else white space but a newline, or a symbol that
  // no run of symbols has taken.
  const uint64_t prefixes = kIsGpt2 ? m.spaces : m.spaces | m.blanks | symbol_starts;
  uint64_t word_starts = RunStarts(m.letters) & ~(prefixes << 1);
  if constexpr (pattern == Pattern::kO200k) {
    const uint64_t lowers = m.letters & ~m.uppers;
    word_starts |= m.uppers & lowers << 1;
  }

  Window window{bytes, length, at_text_end,
                Bit(0) | symbol_starts | gap_starts | gap_ends | line_starts | word_starts |
                    DigitStarts<pattern>(m) | ((tail << 1) & ~tail & known)};
  window.starts &= known;

  // Blank lines within a gap: only its last newline ends a piece.
  if (line_starts != 0) {
    const uint64_t indent = m.spaces | m.blanks;
    const uint64_t behind = (indent + line_starts) & ~indent;
    if (const uint64_t blank = behind & m.newlines; blank != 0) {
      const auto newline = static_cast<size_t>(std::countr_zero(blank));
      window.CutAt(Highest(gap_starts & Below(newline)));
    }
  }
  // In o200k the tail of symbols may go on with a slash.
  if constexpr (pattern == Pattern::kO200k) {
    if (const uint64_t slash = m.slashes & tail << 1 & Below(window.limit + 1); slash != 0) {
      const auto at = static_cast<size_t>(std::countr_zero(slash));
      window.CutAt(Highest(symbols & Below(at)));
    }
  }
  ApplyContractions<pattern>(m, symbol_starts, &window);
  // The last piece goes on behind the window, unless the text ends there; and a gap that does may have
  // starts that were read as its end.
  if (!window.at_text_end && window.limit == length && length != 0) {
    const bool ends_in_gap = (gap & Bit(length - 1)) != 0;
    window.CutAt(ends_in_gap ? Highest(gap_starts & Below(length)) : length - 1);
  }
  return {window.starts, window.limit};
}

template PieceStarts FindAsciiPieces<Pattern::kGpt2>(const char*, size_t, bool);
template PieceStarts FindAsciiPieces<Pattern::kCl100k>(const char*, size_t, bool);
template PieceStarts FindAsciiPieces<Pattern::kO200k>(const char*, size_t, bool);

}  // namespace tokenmeter::tokenizer
