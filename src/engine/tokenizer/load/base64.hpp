// Base64 as RFC 4648 writes it, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tokenmeter::tokenizer {

// Nothing if the text is not what an encoder writes: other characters, wrong padding, bits left over.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace tokenmeter::tokenizer
