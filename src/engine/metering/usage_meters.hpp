// The numbers that a usage object reports, and the disjoint meters that they are.
#pragma once

#include <array>
#include <cstdint>

#include "metering/metering.h"
#include "metering/usage_shapes.hpp"

namespace tokenmeter::metering {

// Thrown within the parser of usage objects only; the door turns it into a status.
struct UsageError {
  TmUsageStatus status;
  const char* key;
};

// What is reported of each part, and by what key.
class Numbers {
 public:
  Numbers() { counts_.fill(TM_NOT_REPORTED); }

  bool has(Part part) const { return counts_[Index(part)] != TM_NOT_REPORTED; }
  // 0 where it is not reported.
  int64_t count(Part part) const { return has(part) ? counts_[Index(part)] : 0; }
  const char* key(Part part) const { return keys_[Index(part)]; }

  void Set(Part part, int64_t count, const char* key) {
    counts_[Index(part)] = count;
    keys_[Index(part)] = key;
  }
  // Takes one more number of the part.
  void Take(const Field& field, int64_t count);

 private:
  static size_t Index(Part part) { return static_cast<size_t>(part); }

  std::array<int64_t, kParts> counts_;
  std::array<const char*, kParts> keys_{};
};

// The meters of the input and the output, all disjoint.
struct Amounts {
  TmMeters tokens;
  int64_t audio_input;
  int64_t image_input;
  int64_t video_input;
  int64_t citation;
  int64_t audio_cache_read;
  int64_t audio_output;
  int64_t image_output;
  int64_t video_output;
};

// Throws a UsageError where the numbers contradict each other in every convention of the shape.
Amounts SettleUsage(const Numbers& numbers, const Shape& shape);

}  // namespace tokenmeter::metering
