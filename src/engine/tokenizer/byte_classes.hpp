// Which of 64 bytes are letters, digits, ..., as one bit mask for each class: the part of scanning that the
// processor's vector instructions do. One function for each instruction set, see cpu_path.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tokenmeter::tokenizer {

inline constexpr size_t kByteWindow = 64;

// Bit i is byte i. ASCII only: of other bytes, the masks say no more than which they are.
struct ByteMasks {
  uint64_t letters = 0;
  uint64_t uppers = 0;  // of the letters
  uint64_t digits = 0;
  uint64_t spaces = 0;    // ' '
  uint64_t blanks = 0;    // \t \v \f
  uint64_t newlines = 0;  // \r \n
  uint64_t apostrophes = 0;
  uint64_t slashes = 0;
  uint64_t non_ascii = 0;
};

// Classifies bytes[kByteWindow].
using ClassifyBytes = void (*)(const char* bytes, ByteMasks* masks);

void ClassifyPortably(const char* bytes, ByteMasks* masks);
#if defined(__x86_64__)
void ClassifyBySse2(const char* bytes, ByteMasks* masks);
void ClassifyByAvx2(const char* bytes, ByteMasks* masks);
void ClassifyByAvx512(const char* bytes, ByteMasks* masks);
#elif defined(__aarch64__)
void ClassifyByNeon(const char* bytes, ByteMasks* masks);
#endif

}  // namespace tokenmeter::tokenizer
