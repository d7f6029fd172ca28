#include "tokenizer/cpu_path.hpp"

#include <algorithm>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace tokenmeter::tokenizer {
namespace {

bool Always() { return true; }

#if defined(__x86_64__)
// Not every compiler's __builtin_cpu_supports knows it. Asked once: on a virtual machine it takes long.
bool HasLzcnt() {
  static const bool has_it = [] {
    unsigned a, b, c, d;
    return __get_cpuid(0x80000001, &a, &b, &c, &d) != 0 && (c & bit_LZCNT) != 0;
  }();
  return has_it;
}

// MergeByAvx2 and ClassifyByAvx2 use what processors with AVX2 have besides.
bool HasAvx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("bmi") != 0 &&
         __builtin_cpu_supports("bmi2") != 0 && __builtin_cpu_supports("popcnt") != 0 && HasLzcnt();
}
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0;
}
#endif

const CpuPath kCpuPaths[] = {
#if defined(__x86_64__)
    {"avx512", HasAvx512, ClassifyByAvx512, MergeByAvx2},
    {"avx2", HasAvx2, ClassifyByAvx2, MergeByAvx2},
    {"sse2", Always, ClassifyBySse2, MergePortably},
#elif defined(__aarch64__)
    {"neon", Always, ClassifyByNeon, MergePortably},
#endif
    {"portable", Always, ClassifyPortably, MergePortably},
};

const CpuPath* Fastest() {
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  return std::ranges::find_if(kCpuPaths, [](const CpuPath& path) { return path.runs_here(); });
}

}  // namespace

std::span<const CpuPath> CpuPaths() { return kCpuPaths; }

const CpuPath* cpu_path = Fastest();

}  // namespace tokenmeter::tokenizer
