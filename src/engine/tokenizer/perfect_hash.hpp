// The compiler's side of the perfect hash tables in images, see image.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

// Finds the pilots of a perfect hash, and which slot each key gets. The hashes have no secret, since images
// are the same wherever they are made: a file can be made so that there is none. Then a DefinitionError
// says so, after a time that is bounded.
class PerfectHash {
 public:
  // The hashes of the keys; name(i) is what messages call the i-th.
  template <typename Name>
  PerfectHash(const std::vector<uint64_t>& hashes, Name name)
      : slots_(hashes.size() + hashes.size() / 16 + 1, kFree), pilots_(hashes.size() / kGroup + 1) {
    std::vector<std::vector<uint32_t>> groups(pilots_.size());
    for (uint32_t key = 0; key < hashes.size(); ++key) {
      groups[PilotIndex(hashes[key], pilots_.size())].push_back(key);
    }
    // Large groups are hard to place, so they go first.
    std::vector<size_t> order(groups.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, std::greater<>(), [&](size_t group) { return groups[group].size(); });
    uint64_t trials_left = kTrials * (hashes.size() + 1024);
    for (size_t group : order) {
      if (!Place(hashes, groups[group], &pilots_[group], &trials_left)) Refuse(hashes, groups[group], name);
    }
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
  static constexpr uint64_t kTrials = 200;  // for each key, on average; published vocabularies need 14

  // Puts the keys into free slots and sets the pilot that leads there; false if none of those left to try
  // does.
  bool Place(const std::vector<uint64_t>& hashes, const std::vector<uint32_t>& keys, uint16_t* pilot,
             uint64_t* trials_left) {
    for (uint32_t tried = 0; tried <= UINT16_MAX && *trials_left != 0; ++tried) {
      CompileInterrupt::Poll();
      --*trials_left;
      *pilot = static_cast<uint16_t>(tried);
      const auto slot_of = [&](uint32_t key) -> uint32_t& {
        return slots_[PerfectSlotIndex(hashes[key], *pilot, slots_.size())];
      };
      size_t placed = 0;
      for (; placed < keys.size() && slot_of(keys[placed]) == kFree; ++placed) {
        slot_of(keys[placed]) = keys[placed];
      }
      if (placed == keys.size()) return true;
      while (placed > 0) slot_of(keys[--placed]) = kFree;
    }
    return false;
  }

  // Names the two that are alike, or else the first of those that there is no room for.
  template <typename Name>
  [[noreturn]] static void Refuse(const std::vector<uint64_t>& hashes, std::vector<uint32_t> keys,
                                  Name name) {
    std::ranges::sort(keys, {}, [&hashes](uint32_t key) { return hashes[key]; });
    const auto alike =
        std::ranges::adjacent_find(keys, {}, [&hashes](uint32_t key) { return hashes[key]; });
    if (alike != keys.end())
      throw DefinitionError(name(alike[0]) + " and " + name(alike[1]) + " have the same hash");
    throw DefinitionError(name(keys.front()) + " and " + std::to_string(keys.size() - 1) +
                          " others have hashes that are too much alike");
  }

  std::vector<uint32_t> slots_;
  std::vector<uint16_t> pilots_;
};

}  // namespace tokenmeter::tokenizer
