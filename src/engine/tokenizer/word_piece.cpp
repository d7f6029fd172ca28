#include "tokenizer/word_piece.hpp"

#include <algorithm>

namespace tokenmeter::tokenizer {
namespace {

bool IsTooLong(const Vocabulary& vocabulary, std::string_view word) {
  const size_t longest = vocabulary.header().longest_word;
  if (word.size() > 4 * longest) return true;
  return static_cast<size_t>(std::ranges::count_if(word, [](char c) { return (c & 0xC0) != 0x80; })) >
         longest;
}

}  // namespace

void EncodeWordPiece(const Vocabulary& vocabulary, std::string_view word, std::vector<TokenId>* tokens) {
  const ImageHeader& header = vocabulary.header();
  tokens->clear();
  const auto is_unknown = [&] {
    tokens->clear();
    if (header.unknown != kNoToken) tokens->push_back(header.unknown);
  };
  if (IsTooLong(vocabulary, word)) return is_unknown();
  uint32_t start = 0;
  while (!word.empty()) {
    TokenId longest = kNoToken;
    size_t length = 0;
    uint32_t node = start;
    for (size_t end = 0; end < word.size() && node != kNoToken;) {
      node = vocabulary.TrieStep(header.pieces, node, static_cast<uint8_t>(word[end++]));
      if (node == 0) break;
      const TokenId token = vocabulary.TrieValue(header.pieces, node);
      if (token == kNoToken) continue;
      longest = token;
      length = end;
    }
    if (longest == kNoToken) return is_unknown();
    tokens->push_back(longest);
    word.remove_prefix(length);
    start = header.continuing;
  }
}

}  // namespace tokenmeter::tokenizer
