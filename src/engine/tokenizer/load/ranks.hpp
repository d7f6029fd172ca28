// Vocabularies whose ids are ranks, as tiktoken takes them.
#pragma once

#include <string_view>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// Makes the definition, whose tokens are set, one that tiktoken encodes by: any two tokens merge that are a
// token, and the regular expression's matches are the pieces. Requires that all bytes are tokens, and each
// only once.
void CompleteRanks(std::string_view pattern, Definition* definition);

}  // namespace tokenmeter::tokenizer
