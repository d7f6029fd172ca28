// The encodings that are linked into the library.
#pragma once

#include <span>

#include "tokenizer/image.hpp"

// An encoding as the door hands it out.
struct TmEncoding {
  const char* name;
  tokenmeter::tokenizer::Pattern pattern;
  tokenmeter::tokenizer::Vocabulary vocabulary;
  const tokenmeter::tokenizer::EncodingRecord* record;
};

namespace tokenmeter::tokenizer {

// All of them. The list is made on first use, some 300 bytes; what it points to is read-only data.
std::span<const TmEncoding> BuiltinEncodings();

}  // namespace tokenmeter::tokenizer
