// The normalizer and the pre_tokenizer of a tokenizer.json, as steps.
#pragma once

#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/load/json_document.hpp"

namespace tokenmeter::tokenizer {

// Sequences, however they are nested, become one list. What is not known is a DefinitionError.
std::vector<NormalizerStep> ReadNormalizer(JsonValue normalizer);
std::vector<SplitStep> ReadPreTokenizer(JsonValue pre_tokenizer);

// Whether the splitter turns text into bytes, for the model to see. That the steps do so twice is a
// DefinitionError. A last step that does nothing else is taken away. Where the normalizer does it, the
// model sees the characters of GPT-2's alphabet, as everything behind the normalizer does.
bool EndsInBytes(Definition* definition);

}  // namespace tokenmeter::tokenizer
