// The compiler's side of the perfect hash tables in images, see image.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// Finds the pilots of a perfect hash, and which slot each key gets.
class PerfectHash {
 public:
  // The hashes of the keys; throws where two are the same.
  explicit PerfectHash(const std::vector<uint64_t>& hashes)
      : slots_(hashes.size() + hashes.size() / 16 + 1, kFree), pilots_(hashes.size() / kGroup + 1) {
    std::vector<std::vector<uint32_t>> groups(pilots_.size());
    for (uint32_t key = 0; key < hashes.size(); ++key) {
      groups[PilotIndex(hashes[key], pilots_.size())].push_back(key);
    }
    // Large groups are hard to place, so they go first.
    std::vector<size_t> order(groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](size_t group) { return groups[group].size(); });
    for (size_t group : order) pilots_[group] = Place(hashes, groups[group]);
  }

  const std::vector<uint16_t>& pilots() const { return pilots_; }

  // The table: records[i] for the i-th key, and `empty` in the slots that no key has got.
  template <typename Record>
  std::vector<Record> Table(const std::vector<Record>& records, Record empty) const {
    std::vector<Record> table;
    for (uint32_t key : slots_) table.push_back(key == kFree ? empty : records[key]);
    return table;
  }

 private:
  static constexpr size_t kGroup = 4;  // keys that share a pilot, on average
  static constexpr uint32_t kFree = UINT32_MAX;

  // Puts the keys into free slots, and returns the pilot that leads there.
  uint16_t Place(const std::vector<uint64_t>& hashes, const std::vector<uint32_t>& keys) {
    for (uint32_t pilot = 0; pilot <= UINT16_MAX; ++pilot) {
      const auto slot_of = [&](uint32_t key) -> uint32_t& {
        return slots_[PerfectSlotIndex(hashes[key], static_cast<uint16_t>(pilot), slots_.size())];
      };
      size_t placed = 0;
      for (; placed < keys.size() && slot_of(keys[placed]) == kFree; ++placed) {
        slot_of(keys[placed]) = keys[placed];
      }
      if (placed == keys.size()) return static_cast<uint16_t>(pilot);
      while (placed > 0) slot_of(keys[--placed]) = kFree;
    }
    throw DefinitionError("no perfect hash of " + std::to_string(hashes.size()) + " keys found");
  }

  std::vector<uint32_t> slots_;
  std::vector<uint16_t> pilots_;
};

}  // namespace tokenmeter::tokenizer
