// How the loaders say what is wrong with a file.
#pragma once

#include <sstream>
#include <string>
#include <string_view>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// A string of the file for a message: in quotes, cut short, and valid UTF-8 without control characters,
// whatever the file holds.
std::string Quote(std::string_view text);

// Throws a DefinitionError of the parts, which are strings and numbers, one behind another.
template <typename... Parts>
[[noreturn]] void Fail(const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw DefinitionError(message.str());
}

// Where the first byte stands that is not part of well-formed UTF-8 (a surrogate is not); npos if there is
// none.
size_t FindInvalidUtf8(std::string_view text);

}  // namespace tokenmeter::tokenizer
