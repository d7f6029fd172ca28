// The loaders: from the bytes of a published tokenizer file to a definition. Each is in a file of its own,
// load_*.cpp. They trust nothing in the file: what is malformed, contradictory or not supported is a
// DefinitionError that names the place in the file, and no input takes more memory or time than some
// constant times its size, beside what the holes between its ids take: at most 70 MB, for kTokenLimit
// bounds the ids.
#pragma once

#include <optional>
#include <string_view>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

enum class Format { kHuggingFace, kTiktoken, kSentencePiece, kTekken, kGguf };

// The names that users give: huggingface, tiktoken, sentencepiece, tekken, gguf.
std::string_view FormatName(Format format);
std::optional<Format> FindFormat(std::string_view name);

// The format that a file looks like from its beginning; whether it is good is for the loader to say.
std::optional<Format> DetectFormat(std::string_view file);

// tokenizer.json of Hugging Face's library.
Definition LoadHuggingFace(std::string_view file);

// A .tiktoken rank file. What stands in no such file is given: the regular expression, and the special
// tokens as a JSON object, text to id, which may be empty.
Definition LoadTiktoken(std::string_view file, std::string_view pattern, std::string_view special_tokens);

// A SentencePiece .model: BPE or unigram.
Definition LoadSentencePiece(std::string_view file);

// Mistral's tekken.json.
Definition LoadTekken(std::string_view file);

// The metadata of a GGUF file; weights may follow or not.
Definition LoadGguf(std::string_view file);

}  // namespace tokenmeter::tokenizer
