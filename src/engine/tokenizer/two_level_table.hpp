// A value for each code point, in two levels: for each block of code points the index of what describes it,
// and then these descriptions. Blocks that are alike share one.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace tokenmeter::tokenizer {

// As it lies in an image, without pointers. Values are compared by their bytes.
template <typename Value, typename Index, uint32_t kBlockSize>
struct TwoLevelTable {
  static constexpr uint32_t kCodePointLimit = 0x110000;
  static constexpr uint32_t kBlockCount = kCodePointLimit / kBlockSize;

  Index block_of[kBlockCount];
  Value values[][kBlockSize];  // NOLINT: the array's length is known to the compiler of the table only

  // Of what is no code point, the value that is all zeros.
  Value operator[](uint32_t code_point) const {
    if (code_point >= kCodePointLimit) return {};
    return values[block_of[code_point / kBlockSize]][code_point % kBlockSize];
  }

  // The bytes of the table; `all` has a value for each code point.
  static std::string Compile(const std::vector<Value>& all) {
    std::string indexes;
    std::string blocks;
    std::map<std::string, size_t> known;
    for (uint32_t block = 0; block < kBlockCount; ++block) {
      std::string bytes(reinterpret_cast<const char*>(all.data() + block * kBlockSize),
                        kBlockSize * sizeof(Value));
      const auto [found, is_new] = known.emplace(std::move(bytes), known.size());
      if (is_new) blocks += found->first;
      const auto index = static_cast<Index>(found->second);
      if (index != found->second) throw std::length_error("too many distinct blocks of code points");
      indexes.append(reinterpret_cast<const char*>(&index), sizeof index);
    }
    return indexes + blocks;
  }
};

}  // namespace tokenmeter::tokenizer
