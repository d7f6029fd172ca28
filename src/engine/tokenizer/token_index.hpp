// Which id each token has, while a loader reads a vocabulary.
#pragma once

#include <string_view>
#include <unordered_map>

#include "tokenizer/image.hpp"
#include "tokenizer/siphash.hpp"

namespace tokenmeter::tokenizer {

// Of texts in a file; keyed, so that no file can make them collide.
struct KeyedHash {
  size_t operator()(std::string_view text) const;
};

// From text to id, in constant time: the hash has a secret key, so that no file can make its tokens
// collide. The texts must outlive the index.
class TokenIndex {
 public:
  explicit TokenIndex(size_t tokens) : ids_(tokens) {}

  // False, and nothing is changed, if the text is there already.
  bool Add(std::string_view text, TokenId id) { return ids_.emplace(text, id).second; }

  // kNoToken if there is none.
  TokenId Find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found != ids_.end() ? found->second : kNoToken;
  }

 private:
  std::unordered_map<std::string_view, TokenId, KeyedHash> ids_;
};

}  // namespace tokenmeter::tokenizer
