// The rules by which tokens merge, as files write them.
#pragma once

#include <string>
#include <string_view>

#include "tokenizer/definition.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {

// Reads the rules of merges, in order. What is wrong with one is returned, for the caller knows where it
// stands; nothing is an empty string.
class MergeReader {
 public:
  MergeReader(const TokenIndex& index, Definition* definition) : index_(index), definition_(definition) {}

  // Two tokens that merge into the token of both their texts.
  [[nodiscard]] std::string Add(std::string_view left, std::string_view right);
  // The same, written with a space between them. Where the tokens have spaces too, the one way to cut it
  // into tokens.
  [[nodiscard]] std::string AddLine(std::string_view line);
  // When all are added: of the same two tokens the last rule is it.
  void Finish();

 private:
  const TokenIndex& index_;
  Definition* definition_;
};

}  // namespace tokenmeter::tokenizer
