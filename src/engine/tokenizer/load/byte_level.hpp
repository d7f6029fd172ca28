// Vocabularies of bytes that are written as text, each byte as a printable character: GPT-2's byte
// alphabet.
#pragma once

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// Makes a definition, whose tokens are texts of GPT-2's byte alphabet, one of bytes. Tokens that are
// unreachable keep their text, and so do those with other characters: as these come from no text, they are
// unreachable too.
void MakeByteLevel(Definition* definition);

// Whether each byte that occurs in UTF-8 is a token of its own.
bool HasAllBytes(const Definition& definition);

}  // namespace tokenmeter::tokenizer
