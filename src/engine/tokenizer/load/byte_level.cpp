#include "tokenizer/load/byte_level.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The printable characters of Latin-1 stand for themselves.
constexpr bool StandsForItself(int byte) {
  return (byte > 0x20 && byte < 0x7F) || (byte > 0xA0 && byte != 0xAD);
}

// The other bytes, in order, are the characters from U+0100 on.
constexpr int kOthers = 68;
constexpr std::array<uint8_t, kOthers> MakeOthers() {
  std::array<uint8_t, kOthers> others{};
  int count = 0;
  for (int byte = 0; byte < 256; ++byte) {
    if (!StandsForItself(byte)) others[count++] = static_cast<uint8_t>(byte);
  }
  return others;
}
constexpr std::array<uint8_t, kOthers> kOtherBytes = MakeOthers();

// The bytes that a token stands for; nothing if a character is not of the alphabet.
std::optional<std::string> BytesOfAlphabet(std::string_view text) {
  std::string bytes;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    const auto [code_point, length] = DecodeCharacter(at, end);
    if (code_point < 0x100 && StandsForItself(static_cast<int>(code_point))) {
      bytes.push_back(static_cast<char>(code_point));
    } else if (code_point >= 0x100 && code_point < 0x100 + kOthers) {
      bytes.push_back(static_cast<char>(kOtherBytes[code_point - 0x100]));
    } else {
      return std::nullopt;
    }
    at += length;
  }
  return bytes;
}

// C0, C1 and F5 to FF are part of no character.
bool OccursInUtf8(int byte) { return byte != 0xC0 && byte != 0xC1 && byte < 0xF5; }

}  // namespace

void MakeByteLevel(Definition* definition) {
  definition->byte_level = true;
  std::vector<TokenId>& unreachable = definition->unreachable;
  const auto known = static_cast<ptrdiff_t>(unreachable.size());
  for (TokenId id = 0; id < definition->tokens.size(); ++id) {
    if (std::binary_search(unreachable.begin(), unreachable.begin() + known, id)) continue;
    if (auto bytes = BytesOfAlphabet(definition->tokens[id])) {
      definition->tokens[id] = *std::move(bytes);
    } else {
      unreachable.push_back(id);
    }
  }
  std::ranges::inplace_merge(unreachable, unreachable.begin() + known);
}

bool HasAllBytes(const Definition& definition) {
  bool found[256] = {};
  for (TokenId id = 0; id < definition.tokens.size(); ++id) {
    const std::string& token = definition.tokens[id];
    if (token.size() == 1 && !std::ranges::binary_search(definition.unreachable, id)) {
      found[static_cast<uint8_t>(token[0])] = true;
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    if (!found[byte] && OccursInUtf8(byte)) return false;
  }
  return true;
}

}  // namespace tokenmeter::tokenizer
