// The image compiler: from a definition to the image that the tokenizer maps. It runs in the build for the
// vocabularies that are linked into the library, and in the server once for each encoding that is loaded.
#pragma once

#include <string>
#include <vector>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// An encoding that uses the image's vocabulary.
struct EncodingDefinition {
  struct SpecialToken {
    TokenId id;
    std::string text;
  };

  std::string name;
  Pattern pattern;
  std::vector<SpecialToken> special_tokens;  // by id
};

// What becomes of the text before a model sees it, in the form in which it runs.
struct Programs {
  std::string normalizer;
  std::string splitter;
  std::vector<std::string> added_texts;  // of each added token, as it is looked for
  std::string words;                     // table of code_points.hpp: which characters are of words
  std::string space;                     // what stands for a space in tokens; empty: a space
  bool adds_space = false;               // texts begin with one that was not there
};

// Throws DefinitionError where the definition contradicts itself or passes a limit. O(bytes log bytes).
std::string CompileImage(const Definition& definition, const Programs& programs,
                         const std::vector<EncodingDefinition>& encodings);

}  // namespace tokenmeter::tokenizer
