// The lines of .tiktoken files: for each token its bytes in base64, a space, and its rank, which is its id
// and how early it is merged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tokenmeter::tokenizer {

// Sets the tokens by rank; those that no line has are empty. Returns which ranks are taken, be it by no
// bytes. Throws DefinitionError that names the line.
std::vector<bool> ReadRankFile(std::string_view file, std::vector<std::string>* tokens);

}  // namespace tokenmeter::tokenizer
