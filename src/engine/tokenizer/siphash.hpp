// SipHash with 128 bits of output: a keyed hash that nobody without the key can make collide. Written from
// "SipHash: a fast short-input PRF" (Aumasson, Bernstein 2012) and its authors' 128-bit variant.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tokenmeter::tokenizer {

struct Hash128 {
  uint64_t low;
  uint64_t high;
  bool operator==(const Hash128&) const = default;
};

struct SipKey {
  uint64_t low;
  uint64_t high;
};

// `rounds` for each 8 bytes of input, `final_rounds` for each half of the output.
template <int rounds, int final_rounds>
class SipHash128 {
 public:
  explicit SipHash128(SipKey key)
      : v0_(key.low ^ 0x736f6d6570736575),
        v1_(key.high ^ 0x646f72616e646f6d ^ 0xee),
        v2_(key.low ^ 0x6c7967656e657261),
        v3_(key.high ^ 0x7465646279746573) {}

  // Takes 8 bytes of input as a number, the first byte lowest.
  void Add(uint64_t word) {
    length_ += 8;
    Mix(word);
  }

  // Takes the rest of the input, and gives the hash of it all.
  Hash128 Finish(const char* bytes, size_t length) {
    length_ += length;
    for (; length >= 8; bytes += 8, length -= 8) Mix(Load(bytes, 8));
    Mix(Load(bytes, length) | static_cast<uint64_t>(length_) << 56);
    Hash128 hash;
    v2_ ^= 0xee;
    hash.low = Squeeze();
    v1_ ^= 0xdd;
    hash.high = Squeeze();
    return hash;
  }

 private:
  static uint64_t Load(const char* bytes, size_t length) {
    static_assert(std::endian::native == std::endian::little);
    uint64_t word = 0;
    std::memcpy(&word, bytes, length);
    return word;
  }

  void Mix(uint64_t word) {
    v3_ ^= word;
    for (int i = 0; i < rounds; ++i) Round();
    v0_ ^= word;
  }

  uint64_t Squeeze() {
    for (int i = 0; i < final_rounds; ++i) Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

  void Round() {
    v0_ += v1_;
    v2_ += v3_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v1_;
    v0_ += v3_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_;
  uint64_t v1_;
  uint64_t v2_;
  uint64_t v3_;
  uint8_t length_ = 0;  // of the input, as far as it counts: modulo 256
};

}  // namespace tokenmeter::tokenizer
