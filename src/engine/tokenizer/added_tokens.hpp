// Finds an encoding's added tokens in a text, the leftmost first and of those that start there the longest.
#pragma once

#include <string_view>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

struct AddedTokenMatch {
  size_t start;
  size_t end;
  TokenId id;
};

class AddedTokenFinder {
 public:
  // `cancelled` may be null.
  AddedTokenFinder(const Vocabulary& vocabulary, const TrieSections& trie, std::string_view text,
                   bool (*cancelled)());

  // Finds the next one; false if there is none, or if cancelled. Time is proportional to the text passed
  // over, times the length of the longest added token at worst.
  bool Next(AddedTokenMatch* match);

  bool was_cancelled() const { return was_cancelled_; }

 private:
  // The next byte from at_ on that an added token may begin at; the text's end if there is none.
  size_t NextStart();
  size_t NextOf(const TrieStart& start, size_t from) const;
  bool MayStartAt(size_t at) const;
  // The longest added token at the byte: its end, and its record; 0 if there is none.
  size_t LongestAt(size_t start, const AddedTokenRecord** record) const;
  bool IsWordAt(size_t at) const;  // \w
  bool StandsAlone(size_t start, size_t end) const;
  size_t SkipSpacesBefore(size_t end) const;
  size_t SkipSpacesBehind(size_t start);
  bool PollIsDue();

  // So many bytes are looked for one by one.
  static constexpr size_t kFewStarts = 4;
  static constexpr size_t kUnknown = SIZE_MAX;

  const Vocabulary& vocabulary_;
  const TrieSections& trie_;
  const std::string_view text_;
  bool (*const cancelled_)();
  const std::span<const TrieStart> starts_;
  size_t next_of_[kFewStarts];  // where each of the few may start next; before at_: not known any more
  size_t at_ = 0;
  size_t taken_ = 0;       // the end of the last match
  size_t spaces_end_ = 0;  // of the white space that was skipped last
  size_t poll_at_;
  bool was_cancelled_ = false;
};

}  // namespace tokenmeter::tokenizer
