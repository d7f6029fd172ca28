#include "tokenizer/normalize/steps.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "tokenizer/ascii_run.hpp"

namespace tokenmeter::tokenizer {
namespace {

// Calls visit(code point, its properties, where it starts, where it ends) for every character but for ASCII
// outside the set.
template <typename Set, typename Visit>
bool VisitCharacters(Rewriter* text, Visit visit) {
  const NormalizationImage& table = NormalizationTable();
  for (const char* at = text->begin(); at < text->end();) {
    if (text->Cancelled(at)) return false;
    at = FindInSet<Set>(at, text->poll_at());
    if (at == text->poll_at()) continue;
    const DecodedCharacter c = DecodeCharacter(at, text->end());
    visit(c.code_point, NormalizationOf(table, c.code_point), at, at + c.length);
    at += c.length;
  }
  return true;
}

// GPT-2's alphabet: the printable characters of Latin-1 stand for themselves; those from U+0100 on for the
// other bytes, in order.
constexpr auto kByteAlphabet = [] {
  std::array<uint16_t, 256> alphabet{};
  uint16_t next = 0x100;
  for (uint16_t byte = 0; byte < alphabet.size(); ++byte) {
    const bool stands_for_itself = (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
    alphabet[byte] = stands_for_itself ? byte : next++;
  }
  return alphabet;
}();

struct Range {
  uint32_t first;
  uint32_t last;
};

bool IsIn(std::span<const Range> ranges, uint32_t code_point) {
  return std::ranges::any_of(
      ranges, [code_point](Range range) { return code_point >= range.first && code_point <= range.last; });
}

void ReplaceByteIn(const char* from, const char* to, char byte, const ShortText& content, Rewriter* text) {
  for (; to - from >= 8; from += 8) {
    uint64_t word;
    std::memcpy(&word, from, sizeof word);
    for (uint64_t marks = MarkEqual(word, byte); marks != 0; marks &= marks - 1) {
      const char* at = from + std::countr_zero(marks) / 8;
      text->Replace(at, at + 1, content);
    }
  }
  for (; from < to; ++from) {
    if (*from == byte) text->Replace(from, from + 1, content);
  }
}

// Hugging Face's library holds that what replaces a match came of the last character of it.
void ReplaceMatch(const char* from, const char* to, std::string_view content, Rewriter* text) {
  text->Replace(from, to, content);
  if (from != text->begin() || content.empty()) return;
  if (from == to) return text->SetStart(Rewriter::Start::kNew);
  if (from + DecodeCharacter(from, to).length != to) text->SetStart(Rewriter::Start::kLater);
}

// One byte by a few: what spaces become in many encodings.
bool ReplaceByte(char byte, std::string_view content, Rewriter* text) {
  ShortText with{};
  with.size = content.copy(with.bytes, sizeof with.bytes);
  for (const char* at = text->begin(); at < text->end();) {
    if (text->Cancelled(at)) return false;
    ReplaceByteIn(at, text->poll_at(), byte, with, text);
    at = text->poll_at();
  }
  return true;
}

// The empty string is found before each character and at the end; but in an empty text nothing is.
bool Intersperse(std::string_view content, Rewriter* text) {
  const char* at = text->begin();
  if (at == text->end()) return true;
  for (; at < text->end(); at += DecodeCharacter(at, text->end()).length) {
    if (text->Cancelled(at)) return false;
    ReplaceMatch(at, at, content, text);
  }
  text->Replace(at, at, content);
  return true;
}

// Where the last character of a text that is not empty starts.
const char* LastCharacter(const char* begin, const char* end) {
  const char* at = end - 1;
  while (at > begin && end - at < 4 && (*at & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

bool Lowercase(Rewriter* text) {
  return VisitCharacters<NonAsciiOrUpper>(
      text, [text](uint32_t c, NormalizationRecord record, const char* from, const char* to) {
        constexpr uint32_t kDottedCapitalI = 0x130;  // the one that becomes two characters
        if (c == kDottedCapitalI) return text->Replace(from, to, std::string_view("i\u0307"));
        if (record.to_lower != 0) text->Replace(from, to, ToLower(c, record));
      });
}

bool Remove(uint16_t flag, Rewriter* text) {
  return VisitCharacters<NonAscii>(
      text, [flag, text](uint32_t, NormalizationRecord record, const char* from, const char* to) {
        if (record.Has(flag)) text->Replace(from, to, kNothing);
      });
}

bool ReplaceNmt(Rewriter* text) {
  static constexpr Range kRemoved[] = {{0x01, 0x08}, {0x0B, 0x0B}, {0x0E, 0x1F},
                                       {0x7F, 0x7F}, {0x8F, 0x8F}, {0x9F, 0x9F}};
  static constexpr Range kSpaces[] = {{0x09, 0x0A},     {0x0C, 0x0D},     {0x1680, 0x1680},
                                      {0x200B, 0x200F}, {0x2028, 0x2029}, {0x2581, 0x2581},
                                      {0xFEFF, 0xFEFF}, {0xFFFD, 0xFFFD}};
  return VisitCharacters<NonAsciiOrBelow<' '>>(
      text, [text](uint32_t c, NormalizationRecord, const char* from, const char* to) {
        if (IsIn(kRemoved, c)) text->Replace(from, to, kNothing);
        if (IsIn(kSpaces, c)) text->Replace(from, to, kSpace);
      });
}

bool CleanText(Rewriter* text) {
  return VisitCharacters<NonAsciiOrBelow<' '>>(
      text, [text](uint32_t c, NormalizationRecord record, const char* from, const char* to) {
        const bool is_kept_control = c == '\t' || c == '\n' || c == '\r';
        if (c == 0xFFFD || (record.Has(NormalizationRecord::kControl) && !is_kept_control)) {
          text->Replace(from, to, kNothing);
        } else if (record.Has(NormalizationRecord::kWhiteSpace)) {
          text->Replace(from, to, kSpace);
        }
      });
}

bool SpaceChinese(Rewriter* text) {
  static constexpr Range kIdeographs[] = {{0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},
                                          {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F},
                                          {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return VisitCharacters<NonAscii>(
      text, [text](uint32_t c, NormalizationRecord, const char* from, const char* to) {
        if (!IsIn(kIdeographs, c)) return;
        text->Replace(from, from, kSpace);
        text->Replace(to, to, kSpace);
      });
}

bool SpellBytes(Rewriter* text) {
  for (const char* at = text->begin(); at < text->end();) {
    if (text->Cancelled(at)) return false;
    at = FindInSet<NonAsciiOrBelow<'!'>>(at, text->poll_at());
    for (; at < text->poll_at(); ++at) {
      const auto byte = static_cast<uint8_t>(*at);
      if (kByteAlphabet[byte] == byte && byte < 0x80) break;
      text->Replace(at, at + 1, kByteAlphabet[byte]);
    }
  }
  return true;
}

bool Strip(bool left, bool right, Rewriter* text) {
  const NormalizationImage& table = NormalizationTable();
  const auto is_space = [&table](DecodedCharacter c) {
    return NormalizationOf(table, c.code_point).Has(NormalizationRecord::kWhiteSpace);
  };
  const char* begin = text->begin();
  const char* end = text->end();
  while (left && begin < end) {
    const DecodedCharacter first = DecodeCharacter(begin, end);
    if (!is_space(first)) break;
    begin += first.length;
    if (text->CancelledAgain()) return false;
  }
  while (right && begin < end) {
    const char* last = LastCharacter(begin, end);
    const DecodedCharacter c = DecodeCharacter(last, end);
    if (!is_space(c) || last + c.length != end) break;
    end = last;
    if (text->CancelledAgain()) return false;
  }
  text->Trim(begin, end);
  return true;
}

bool Prepend(std::string_view content, Rewriter* text) {
  const bool is_empty = text->begin() == text->end();
  if (!is_empty && !content.empty()) text->Replace(text->begin(), text->begin(), content);
  return true;
}

bool ReplaceString(std::string_view pattern, std::string_view content, Rewriter* text) {
  if (pattern.empty()) return Intersperse(content, text);
  if (pattern.size() == 1 && content.size() <= TextBuffer::kShort) {
    return ReplaceByte(pattern.front(), content, text);
  }
  for (const char* at = text->begin(); at < text->end();) {
    if (text->Cancelled(at)) return false;
    // Windows overlap, for what lies across their border. None is shorter than the pattern, of which memmem
    // makes tables each time; apart from these it is linear whatever the pattern, and
    // std::string_view::find is not.
    const size_t begins = std::max(static_cast<size_t>(text->poll_at() - at), pattern.size());
    const size_t window = std::min(static_cast<size_t>(text->end() - at), begins + pattern.size() - 1);
    const void* found = memmem(at, window, pattern.data(), pattern.size());
    if (found == nullptr) {
      at = std::min(at + begins, text->end());
      continue;
    }
    const char* match = static_cast<const char*>(found);
    at = match + pattern.size();
    ReplaceMatch(match, at, content, text);
  }
  return true;
}

bool ReplaceMatches(const Expression& expression, std::string_view content, Rewriter* text) {
  const std::string_view whole = Between(text->begin(), text->end());
  if (whole.empty()) return true;
  Interrupt interrupt(text->cancelled());
  size_t last_end = whole.size() + 1;
  size_t start = 0;
  size_t end = 0;
  for (size_t from = 0; from <= whole.size() && expression.Find(whole, from, &start, &end, &interrupt);) {
    const bool is_empty = start == end;
    // An empty match right behind the match before it is none.
    if (!is_empty || start != last_end)
      ReplaceMatch(whole.data() + start, whole.data() + end, content, text);
    last_end = end;
    from = end;
    if (is_empty) from += end < whole.size() ? DecodeCharacter(whole.data() + end, text->end()).length : 1;
  }
  return !interrupt.raised();
}

}  // namespace tokenmeter::tokenizer
