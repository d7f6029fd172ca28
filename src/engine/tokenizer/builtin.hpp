// The encodings that are linked into the library.
#pragma once

#include <span>

#include "tokenizer/encoding.hpp"

namespace tokenmeter::tokenizer {

// All of them. The list is made on first use, some 300 bytes; what it points to is read-only data.
std::span<const TmEncoding> BuiltinEncodings();

}  // namespace tokenmeter::tokenizer
