#include "tokenizer/added_tokens.hpp"

#include <algorithm>
#include <cstring>

#include "tokenizer/ascii_run.hpp"
#include "tokenizer/code_points.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/unicode.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The last character of a text that is not empty: where it starts.
size_t LastCharacter(std::string_view text) {
  size_t start = text.size() - 1;
  while (start > 0 && text.size() - start < 4 && (text[start] & 0xC0) == 0x80) --start;
  return start;
}

CharacterClass ClassAt(std::string_view text, size_t at) {
  return ClassOf(Unicode(), DecodeCharacter(text.data() + at, text.data() + text.size()).code_point);
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(const Vocabulary& vocabulary, const TrieSections& trie,
                                   std::string_view text, bool (*cancelled)())
    : vocabulary_(vocabulary),
      trie_(trie),
      text_(text),
      cancelled_(cancelled),
      starts_(vocabulary.TrieStarts(trie)),
      poll_at_(kPollInterval) {
  std::ranges::fill(next_of_, kUnknown);
}

size_t AddedTokenFinder::NextOf(const TrieStart& start, size_t from) const {
  const char* const end = text_.data() + text_.size();
  if (start.has_second) {
    return FindPair(text_.data() + from, end, start.first, start.second) - text_.data();
  }
  for (size_t at = from; at < text_.size(); ++at) {
    const void* found = std::memchr(text_.data() + at, start.first, text_.size() - at);
    if (found == nullptr) break;
    at = static_cast<const char*>(found) - text_.data();
    if (MayStartAt(at)) return at;
  }
  return text_.size();
}

// Whether an added token may begin at the byte, by this and the next one.
bool AddedTokenFinder::MayStartAt(size_t at) const {
  const auto byte = [this](size_t i) { return static_cast<uint8_t>(i < text_.size() ? text_[i] : '\0'); };
  return at + 1 >= text_.size() || vocabulary_.MayBegin(trie_, byte(at), byte(at + 1));
}

size_t AddedTokenFinder::NextStart() {
  if (starts_.empty()) return text_.size();
  if (starts_.size() > kFewStarts) {
    size_t at = at_;
    while (at < text_.size() && !MayStartAt(at)) ++at;
    return at;
  }
  size_t nearest = text_.size();
  for (size_t i = 0; i < starts_.size(); ++i) {
    size_t& next = next_of_[i];
    if (next == kUnknown || next < at_) next = NextOf(starts_[i], at_);
    nearest = std::min(nearest, next);
  }
  return nearest;
}

size_t AddedTokenFinder::LongestAt(size_t start, const AddedTokenRecord** record) const {
  size_t longest = 0;
  uint32_t node = 0;
  for (size_t at = start; at < text_.size();) {
    node = vocabulary_.TrieStep(trie_, node, static_cast<uint8_t>(text_[at++]));
    if (node == 0) break;
    const uint32_t value = vocabulary_.TrieValue(trie_, node);
    if (value == kNoToken) continue;
    *record = &vocabulary_.AddedTokens()[value];
    longest = at;
  }
  return longest;
}

bool AddedTokenFinder::IsWordAt(size_t at) const {
  const CodePointTable words(vocabulary_.Program(vocabulary_.header().words).data());
  return words[DecodeCharacter(text_.data() + at, text_.data() + text_.size()).code_point] != 0;
}

bool AddedTokenFinder::StandsAlone(size_t start, size_t end) const {
  return (start == 0 || !IsWordAt(LastCharacter(text_.substr(0, start)))) &&
         (end == text_.size() || !IsWordAt(end));
}

// Not further than the last match reached.
size_t AddedTokenFinder::SkipSpacesBefore(size_t end) const {
  while (end > taken_) {
    const size_t last = LastCharacter(text_.substr(0, end));
    if (!IsSpace(ClassAt(text_, last))) break;
    end = last;
  }
  return end;
}

size_t AddedTokenFinder::SkipSpacesBehind(size_t start) {
  if (start < spaces_end_) return spaces_end_;
  while (start < text_.size() && IsSpace(ClassAt(text_, start))) {
    start += DecodeCharacter(text_.data() + start, text_.data() + text_.size()).length;
  }
  spaces_end_ = start;
  return start;
}

bool AddedTokenFinder::PollIsDue() {
  if (at_ < poll_at_) return false;
  poll_at_ = at_ + kPollInterval;
  return true;
}

bool AddedTokenFinder::Next(AddedTokenMatch* match) {
  for (;;) {
    const size_t start = NextStart();
    if (start == text_.size()) return false;
    at_ = start;
    if (PollIsDue() && cancelled_ != nullptr && cancelled_()) {
      was_cancelled_ = true;
      return false;
    }
    const AddedTokenRecord* record = nullptr;
    const size_t end = LongestAt(start, &record);
    at_ = std::max(end, start + 1);
    if (end == 0 || (record->flags & AddedTokenRecord::kSpecial) != 0) continue;
    if ((record->flags & AddedTokenRecord::kSingleWord) != 0 && !StandsAlone(start, end)) continue;
    *match = {start, end, record->id};
    if ((record->flags & AddedTokenRecord::kLeftStrip) != 0) match->start = SkipSpacesBefore(start);
    match->start = std::max(match->start, taken_);
    if ((record->flags & AddedTokenRecord::kRightStrip) != 0) match->end = SkipSpacesBehind(end);
    taken_ = match->end;
    return true;
  }
}

}  // namespace tokenmeter::tokenizer
