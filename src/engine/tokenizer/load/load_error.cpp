#include "tokenizer/load/load_error.hpp"

#include <cstdint>
#include <cstring>

#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

bool IsSurrogate(uint32_t code_point) { return code_point >= 0xD800 && code_point <= 0xDFFF; }

bool IsControl(uint32_t code_point) {
  return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

void AppendHex(uint8_t byte, std::string* text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  text->append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xF]});
}

}  // namespace

std::string Quote(std::string_view text) {
  constexpr size_t kLongest = 64;  // bytes of the file
  const char* const end = text.data() + text.size();
  std::string quoted = "\"";
  const char* at = text.data();
  while (at < end && static_cast<size_t>(at - text.data()) < kLongest) {
    const auto [code_point, length] = DecodeCharacter(at, end);
    if (code_point == kInvalidCodePoint || IsSurrogate(code_point) || IsControl(code_point)) {
      for (uint32_t i = 0; i < length; ++i) AppendHex(static_cast<uint8_t>(at[i]), &quoted);
    } else {
      quoted.append(at, length);
    }
    at += length;
  }
  return quoted + (at < end ? "...\"" : "\"");
}

size_t FindInvalidUtf8(std::string_view text) {
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    uint64_t word = 0;
    if (end - at >= 8 && (std::memcpy(&word, at, 8), (word & 0x8080808080808080) == 0)) {
      at += 8;  // ASCII
      continue;
    }
    const auto [code_point, length] = DecodeCharacter(at, end);
    if (code_point == kInvalidCodePoint || IsSurrogate(code_point))
      return static_cast<size_t>(at - text.data());
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace tokenmeter::tokenizer
