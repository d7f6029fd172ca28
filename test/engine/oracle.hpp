// What the oracle's files (test/data/oracle) and our tokens are compared by.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace tokenmeter::test {

inline std::string ReadFile(const std::string& name) {
  std::ifstream file(std::string(TEST_DATA "/") + name, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline const TmEncoding* FindEncoding(std::string_view name) {
  const TmEncoding* encoding = tm_encoding_find(name.data(), name.size());
  EXPECT_NE(encoding, nullptr) << name;
  return encoding;
}

inline uint64_t Count(const TmEncoding* encoding, std::string_view text) {
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(tm_count(encoding, text.data(), text.size(), nullptr, &count, &error), TM_OK);
  return count;
}

inline std::vector<uint32_t> Encode(const TmEncoding* encoding, std::string_view text) {
  std::vector<uint32_t> tokens(text.size());
  uint64_t count = 0;
  TmError error;
  EXPECT_EQ(
      tm_encode(encoding, text.data(), text.size(), nullptr, tokens.data(), tokens.size(), &count, &error),
      TM_OK);
  tokens.resize(count);
  return tokens;
}

inline std::string Decode(const TmEncoding* encoding, const std::vector<uint32_t>& tokens) {
  std::string text;
  for (uint32_t token : tokens) {
    const char* bytes = nullptr;
    const size_t length = tm_token_bytes(encoding, token, &bytes);
    EXPECT_NE(length, 0u) << token;
    text.append(bytes, length);
  }
  return text;
}

// FNV-1a over bytes, or numbers of 32 bits, little-endian: how the oracle's files sum up long lists of
// tokens.
class TokenHash {
 public:
  void Add(uint32_t number) {
    for (int shift = 0; shift < 32; shift += 8) AddByte(static_cast<uint8_t>(number >> shift));
  }
  void Add(const std::vector<uint32_t>& tokens) {
    for (uint32_t token : tokens) Add(token);
  }
  void AddBytes(std::string_view bytes) {
    for (const char byte : bytes) AddByte(static_cast<uint8_t>(byte));
  }
  std::string Hex() const {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash_));
    return hex;
  }

 private:
  void AddByte(uint8_t byte) { hash_ = (hash_ ^ byte) * 1099511628211u; }

  uint64_t hash_ = 14695981039346656037u;
};

// Encodings of one vocabulary and pattern give the same tokens for ordinary text.
inline std::vector<std::string> EncodingsLike(const std::string& name) {
  if (name == "r50k_base") return {"r50k_base", "gpt2"};
  if (name == "p50k_base") return {"p50k_base", "p50k_edit"};
  if (name == "o200k_base") return {"o200k_base", "o200k_harmony"};
  return {name};
}

}  // namespace tokenmeter::test
