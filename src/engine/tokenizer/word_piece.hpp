// The WordPiece model: from the start of a word, the longest token each time; a word that cannot be made of
// tokens so is unknown as a whole (Devlin et al., 2018).
#pragma once

#include <string_view>
#include <vector>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// Puts the tokens of a word into `tokens`. O(length times the longest token), bounded by the longest word.
void EncodeWordPiece(const Vocabulary& vocabulary, std::string_view word, std::vector<TokenId>* tokens);

}  // namespace tokenmeter::tokenizer
