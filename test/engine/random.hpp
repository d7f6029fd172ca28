// Random numbers and hashes as the scripts that make test data have them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace tokenmeter::test {

// Marsaglia's xorshift of 32 bits, as in test/data/random.mjs: numbers from 0 to less than 1.
class XorShift {
 public:
  explicit XorShift(uint32_t seed) : state_(seed) {}
  double operator()() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    return state_ / 4294967296.0;
  }

 private:
  uint32_t state_;
};

// FNV-1a of 64 bits over bytes.
class ByteHash {
 public:
  void Add(uint8_t byte) { hash_ = (hash_ ^ byte) * 1099511628211u; }
  std::string Hex() const {
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash_));
    return hex;
  }

 private:
  uint64_t hash_ = 14695981039346656037u;
};

}  // namespace tokenmeter::test
