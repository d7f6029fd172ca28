// Merging of short strings, several at a time: the innermost loop of encoding, compiled for each kind of
// processor it gains from, see cpu_path.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

// Bytes to be merged: a piece, or a window of one.
struct MergeJob {
  static constexpr size_t kLongest = 64;  // bytes

  const char* bytes;
  size_t length;  // 1 to kLongest
};

struct MergeResult {
  uint32_t count;   // tokens
  uint64_t starts;  // a bit for each byte that a token starts at; if asked for
};

enum class MergeWish { kCounts, kCountsAndStarts };

// Merges all jobs; results[jobs.size()].
using MergeJobs = void (*)(const Vocabulary& vocabulary, std::span<const MergeJob> jobs, MergeWish wish,
                           MergeResult* results);

void MergePortably(const Vocabulary&, std::span<const MergeJob>, MergeWish, MergeResult*);
#if defined(__x86_64__)
// Also uses BMI, BMI2, LZCNT and POPCNT.
void MergeByAvx2(const Vocabulary&, std::span<const MergeJob>, MergeWish, MergeResult*);
#endif

}  // namespace tokenmeter::tokenizer
