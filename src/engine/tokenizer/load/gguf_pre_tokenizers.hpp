// What the names in tokenizer.ggml.pre mean. A GGUF file tells only the name of how text is cut; llama.cpp
// has the expressions.
#pragma once

#include <string_view>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// Sets splitter and whole_pieces. False if the name is not known.
bool SetGgufPreTokenizer(std::string_view name, Definition* definition);

}  // namespace tokenmeter::tokenizer
