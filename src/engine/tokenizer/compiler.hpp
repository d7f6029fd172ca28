// What the build makes of vocab/: images of the published vocabularies, and of Unicode's classes. Input
// that is not what it should be is a CompileError that names it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/image_compiler.hpp"

namespace tokenmeter::tokenizer {

using CompileError = DefinitionError;

// The ordinary tokens of a vocabulary by id; a hole in the ids is an empty string.
using Tokens = std::vector<std::string>;

// Reads the text of a .tiktoken file: a line for each token, its bytes in base64, a space, its id.
Tokens ReadTiktoken(std::string_view text);

// Compiles a vocabulary and the encodings that use it. Requires a token for each single byte.
std::string CompileVocabulary(const Tokens& tokens, const std::vector<EncodingDefinition>& encodings);

// Compiles the ranges of vocab/unicode-*.tsv into the bytes of a UnicodeImage.
std::string CompileUnicode(std::string_view text);

// The encodings of one vocabulary, from the texts of vocab/encodings.tsv and special_tokens.tsv.
std::vector<EncodingDefinition> ReadEncodings(std::string_view vocabulary, std::string_view encodings,
                                              std::string_view special_tokens);

}  // namespace tokenmeter::tokenizer
