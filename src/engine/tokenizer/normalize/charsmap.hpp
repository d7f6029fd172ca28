// SentencePiece's precompiled_charsmap: rules that rewrite one string to another, in a trie that is a
// double array. It comes from users, so it is checked when it is compiled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tokenmeter::tokenizer {

// The charsmap as bytes that Charsmap reads at any address divisible by 4. An empty one has no rules.
// Throws DefinitionError, also for what no builder makes: a trie with a cycle, or rules for more than
// Charsmap::kLongestKey bytes. Linear in the size of the charsmap.
std::string CompileCharsmap(std::string_view charsmap);

class Charsmap {
 public:
  static constexpr size_t kLongestKey = 255;

  struct Match {
    size_t length = 0;       // bytes of text; 0 if no rule matches
    std::string_view value;  // what they become
  };

  // `compiled` is CompileCharsmap's and outlives the charsmap.
  explicit Charsmap(std::string_view compiled);

  // The shortest or the longest rule for the beginning of the text. Takes a step for each byte of
  // kLongestKey at most.
  Match Shortest(std::string_view text) const { return Find<true>(text); }
  Match Longest(std::string_view text) const { return Find<false>(text); }

  // Whether no rule is for this byte or for it and another that is ASCII, at the beginning.
  bool LeavesAscii(char byte) const {
    const auto index = static_cast<uint8_t>(byte);
    return index < 0x80 && (left_ascii_[index / 64] >> index % 64 & 1) != 0;
  }

 private:
  template <bool first_only>
  Match Find(std::string_view text) const;

  uint64_t left_ascii_[2];
  const uint32_t* units_;
  uint32_t unit_count_;
  const char* values_;
};

}  // namespace tokenmeter::tokenizer
