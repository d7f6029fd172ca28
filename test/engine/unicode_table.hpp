// The property of each code point, read from vocab/unicode-16.0.0.tsv itself and not from the image that is
// made of it; and code points as UTF-8.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace tokenmeter::test {

inline constexpr uint32_t kCodePointLimit = 0x110000;

constexpr bool IsSurrogate(uint32_t c) { return c >= 0xD800 && c < 0xE000; }

// The properties of the table; all other code points have the first.
inline constexpr std::string_view kProperties[] = {"",  "Lu", "Lt", "Ll", "Lm",         "Lo",
                                                   "M", "N",  "P",  "S",  "White_Space"};

inline const std::vector<std::string_view>& PropertyOfCodePoint() {
  static const std::vector<std::string_view> table = [] {
    std::vector<std::string_view> properties(kCodePointLimit);
    std::ifstream file(VOCAB "/unicode-16.0.0.tsv");
    EXPECT_TRUE(file);
    for (std::string line; std::getline(file, line);) {
      if (line.front() == '#') continue;
      std::istringstream fields(line);
      uint32_t first = 0;
      uint32_t last = 0;
      std::string name;
      fields >> std::hex >> first >> last >> name;
      const auto* property = std::find(std::begin(kProperties), std::end(kProperties), name);
      EXPECT_NE(property, std::end(kProperties)) << line;
      for (uint32_t c = first; c <= last; ++c) properties.at(c) = *property;
    }
    return properties;
  }();
  return table;
}

// Surrogates as the bytes that would spell them.
inline std::string Utf8(uint32_t code_point) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xC0 | code_point >> 6), byte(0x80 | (code_point & 0x3F))};
  if (code_point < 0x10000) {
    return {byte(0xE0 | code_point >> 12), byte(0x80 | (code_point >> 6 & 0x3F)),
            byte(0x80 | (code_point & 0x3F))};
  }
  return {byte(0xF0 | code_point >> 18), byte(0x80 | (code_point >> 12 & 0x3F)),
          byte(0x80 | (code_point >> 6 & 0x3F)), byte(0x80 | (code_point & 0x3F))};
}

}  // namespace tokenmeter::test
