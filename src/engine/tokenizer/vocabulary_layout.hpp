// The compiler's view of a vocabulary: which tokens text may become, what they are merged from, and which
// number each has in the image.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {

using Tokens = std::vector<std::string>;
using TextIndex = std::unordered_map<std::string_view, TokenId, KeyedHash>;

// Two adjacent tokens that merge.
struct TokenPair {
  TokenId left = kNoToken;
  TokenId right = kNoToken;

  bool exists() const { return left != kNoToken; }
};

// Tokens are numbered in the order in which they merge, which need not be that of their ids.
struct VocabularyLayout {
  Tokens tokens;                 // texts
  TextIndex index;               // of those that a piece as a whole may become; views into `tokens`
  std::vector<TokenPair> parts;  // what each is merged from
  // When each is merged, the lower the earlier; empty if that is the order of the numbers.
  std::vector<uint32_t> priorities;
  std::array<TokenId, 256> byte_tokens;
  // Published; empty if these are the numbers. A byte's token has two numbers if its name is text, too.
  std::vector<TokenId> ids;
  std::vector<TokenId> numbers;  // the other way round, kNoToken where no token has that id
  TokenId unknown = kNoToken;

  bool HasEveryByte() const;
};

// Throws DefinitionError where the definition contradicts itself. O(bytes log bytes).
VocabularyLayout LayOut(const Definition& definition);

}  // namespace tokenmeter::tokenizer
