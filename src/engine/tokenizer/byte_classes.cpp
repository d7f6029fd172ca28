#include "tokenizer/byte_classes.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace tokenmeter::tokenizer {

void ClassifyPortably(const char* bytes, ByteMasks* masks) {
  *masks = {};
  for (size_t i = 0; i < kByteWindow; ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    const auto in_range = [byte](unsigned first, unsigned count) { return byte - first < count; };
    const auto put = [i](uint64_t* mask, bool bit) { *mask |= uint64_t{bit} << i; };
    const bool newline = byte == '\n' || byte == '\r';
    put(&masks->letters, in_range('A', 26) || in_range('a', 26));
    put(&masks->uppers, in_range('A', 26));
    put(&masks->digits, in_range('0', 10));
    put(&masks->spaces, byte == ' ');
    put(&masks->newlines, newline);
    put(&masks->blanks, !newline && in_range('\t', 5));
    put(&masks->apostrophes, byte == '\'');
    put(&masks->slashes, byte == '/');
    put(&masks->non_ascii, byte >= 0x80);
  }
}

// The same for vectors: `Vector` knows an instruction set. It loads kWidth bytes; Equal and InRange (first,
// then how many) answer with a mask of kWidth bits, as does NonAscii; Lower sets bit 5 of each byte. A
// macro and no template, since all instances of a template are compiled for one target.
#define DEFINE_CLASSIFIER(Name, Vector)                           \
  void Name(const char* bytes, ByteMasks* masks) {                \
    ByteMasks found;                                              \
    for (size_t at = 0; at < kByteWindow; at += Vector::kWidth) { \
      const Vector v(bytes + at);                                 \
      const uint64_t newlines = v.Equal('\n') | v.Equal('\r');    \
      found.letters |= v.Lower().InRange('a', 26) << at;          \
      found.uppers |= v.InRange('A', 26) << at;                   \
      found.digits |= v.InRange('0', 10) << at;                   \
      found.spaces |= v.Equal(' ') << at;                         \
      found.newlines |= newlines << at;                           \
      found.blanks |= (v.InRange('\t', 5) & ~newlines) << at;     \
      found.apostrophes |= v.Equal('\'') << at;                   \
      found.slashes |= v.Equal('/') << at;                        \
      found.non_ascii |= v.NonAscii() << at;                      \
    }                                                             \
    *masks = found;                                               \
  }

#if defined(__x86_64__)

// The target attribute stands on every function: what runs on newer processors only must not be shared with
// code that runs on all.
#define TARGET(set) __attribute__((target(set), always_inline))

namespace {

struct Sse2Vector {
  static constexpr size_t kWidth = 16;
  __m128i v;
  explicit Sse2Vector(__m128i bytes) : v(bytes) {}
  explicit Sse2Vector(const char* bytes) : v(_mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes))) {}
  static uint64_t Mask(__m128i bits) { return static_cast<uint32_t>(_mm_movemask_epi8(bits)); }
  uint64_t Equal(char byte) const { return Mask(_mm_cmpeq_epi8(v, _mm_set1_epi8(byte))); }
  uint64_t InRange(char first, char count) const {
    const __m128i offset = _mm_sub_epi8(v, _mm_set1_epi8(first));
    const __m128i last = _mm_set1_epi8(static_cast<char>(count - 1));
    return Mask(_mm_cmpeq_epi8(_mm_min_epu8(offset, last), offset));
  }
  uint64_t NonAscii() const { return Mask(v); }
  Sse2Vector Lower() const { return Sse2Vector(_mm_or_si128(v, _mm_set1_epi8(0x20))); }
};

struct Avx2Vector {
  static constexpr size_t kWidth = 32;
  __m256i v;
  TARGET("avx2") explicit Avx2Vector(__m256i bytes) : v(bytes) {}
  TARGET("avx2")
  explicit Avx2Vector(const char* bytes) : v(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes))) {}
  TARGET("avx2") static uint64_t Mask(__m256i bits) {
    return static_cast<uint32_t>(_mm256_movemask_epi8(bits));
  }
  TARGET("avx2") uint64_t Equal(char byte) const {
    return Mask(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(byte)));
  }
  TARGET("avx2") uint64_t InRange(char first, char count) const {
    const __m256i offset = _mm256_sub_epi8(v, _mm256_set1_epi8(first));
    const __m256i last = _mm256_set1_epi8(static_cast<char>(count - 1));
    return Mask(_mm256_cmpeq_epi8(_mm256_min_epu8(offset, last), offset));
  }
  TARGET("avx2") uint64_t NonAscii() const { return Mask(v); }
  TARGET("avx2") Avx2Vector Lower() const { return Avx2Vector(_mm256_or_si256(v, _mm256_set1_epi8(0x20))); }
};

#define AVX512 "avx512f,avx512bw"

struct Avx512Vector {
  static constexpr size_t kWidth = 64;
  __m512i v;
  TARGET(AVX512) explicit Avx512Vector(__m512i bytes) : v(bytes) {}
  TARGET(AVX512) explicit Avx512Vector(const char* bytes) : v(_mm512_loadu_si512(bytes)) {}
  TARGET(AVX512) uint64_t Equal(char byte) const {
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(byte));
  }
  TARGET(AVX512) uint64_t InRange(char first, char count) const {
    return _mm512_cmplt_epu8_mask(_mm512_sub_epi8(v, _mm512_set1_epi8(first)), _mm512_set1_epi8(count));
  }
  TARGET(AVX512) uint64_t NonAscii() const { return _mm512_movepi8_mask(v); }
  TARGET(AVX512) Avx512Vector Lower() const {
    return Avx512Vector(_mm512_or_si512(v, _mm512_set1_epi8(0x20)));
  }
};

}  // namespace

DEFINE_CLASSIFIER(ClassifyBySse2, Sse2Vector)
__attribute__((target("avx2"))) DEFINE_CLASSIFIER(ClassifyByAvx2, Avx2Vector)
    __attribute__((target(AVX512))) DEFINE_CLASSIFIER(ClassifyByAvx512, Avx512Vector)
#elif defined(__aarch64__)

namespace {

// Four vectors at a time, since NEON makes a mask of 64 bytes as cheaply as one of 16: bits are summed
// pairwise, three times, within each 8 bytes.
struct NeonVector {
  static constexpr size_t kWidth = 64;
  uint8x16x4_t v;
  explicit NeonVector(uint8x16x4_t bytes) : v(bytes) {}
  explicit NeonVector(const char* bytes) {
    for (int i = 0; i < 4; ++i) v.val[i] = vld1q_u8(reinterpret_cast<const uint8_t*>(bytes) + 16 * i);
  }
  template <typename Test>
  uint64_t Mask(Test test) const {
    const uint8x16_t bits = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const auto weigh = [&](int i) { return vandq_u8(test(v.val[i]), bits); };
    const uint8x16_t sum = vpaddq_u8(vpaddq_u8(weigh(0), weigh(1)), vpaddq_u8(weigh(2), weigh(3)));
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(sum, sum)), 0);
  }
  uint64_t Equal(char byte) const {
    return Mask([byte](uint8x16_t x) { return vceqq_u8(x, vdupq_n_u8(static_cast<uint8_t>(byte))); });
  }
  uint64_t InRange(char first, char count) const {
    return Mask([first, count](uint8x16_t x) {
      return vcltq_u8(vsubq_u8(x, vdupq_n_u8(static_cast<uint8_t>(first))),
                      vdupq_n_u8(static_cast<uint8_t>(count)));
    });
  }
  uint64_t NonAscii() const {
    return Mask([](uint8x16_t x) { return vcgeq_u8(x, vdupq_n_u8(0x80)); });
  }
  NeonVector Lower() const {
    uint8x16x4_t lower;
    for (int i = 0; i < 4; ++i) lower.val[i] = vorrq_u8(v.val[i], vdupq_n_u8(0x20));
    return NeonVector(lower);
  }
};

}  // namespace

DEFINE_CLASSIFIER(ClassifyByNeon, NeonVector)

#endif

}  // namespace tokenmeter::tokenizer
