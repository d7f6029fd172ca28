// Sets of code points, and tables that give each code point a small number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tokenmeter::tokenizer {

inline constexpr uint32_t kLastCodePoint = 0x10FFFF;

// As ranges that are in order and do not touch, so that equal sets are equal ranges.
class CodePointSet {
 public:
  struct Range {
    uint32_t first;
    uint32_t last;
    bool operator==(const Range&) const = default;
  };

  CodePointSet() = default;
  CodePointSet(uint32_t first, uint32_t last) : ranges_{{first, last}} {}
  static CodePointSet All() { return {0, kLastCodePoint}; }
  // Of ranges in any order.
  static CodePointSet Of(std::vector<Range> ranges) {
    std::ranges::sort(ranges, {}, &Range::first);
    CodePointSet set;
    for (const Range& range : ranges) {
      if (!set.ranges_.empty() && range.first <= set.ranges_.back().last + 1) {
        set.ranges_.back().last = std::max(set.ranges_.back().last, range.last);
      } else {
        set.ranges_.push_back(range);
      }
    }
    return set;
  }

  const std::vector<Range>& ranges() const { return ranges_; }
  bool empty() const { return ranges_.empty(); }
  bool operator==(const CodePointSet&) const = default;

  bool Contains(uint32_t c) const {
    const auto behind = std::ranges::upper_bound(ranges_, c, {}, &Range::first);
    return behind != ranges_.begin() && c <= std::prev(behind)->last;
  }

  CodePointSet operator~() const {
    CodePointSet rest;
    uint32_t next = 0;
    for (const Range& range : ranges_) {
      if (range.first > next) rest.ranges_.push_back({next, range.first - 1});
      next = range.last + 1;
    }
    if (next <= kLastCodePoint) rest.ranges_.push_back({next, kLastCodePoint});
    return rest;
  }
  CodePointSet operator|(const CodePointSet& other) const {
    std::vector<Range> both = ranges_;
    both.insert(both.end(), other.ranges_.begin(), other.ranges_.end());
    return Of(std::move(both));
  }
  CodePointSet operator&(const CodePointSet& other) const { return ~(~*this | ~other); }
  CodePointSet& operator|=(const CodePointSet& other) { return *this = *this | other; }
  CodePointSet& operator&=(const CodePointSet& other) { return *this = *this & other; }

 private:
  std::vector<Range> ranges_;
};

// A number for each code point, in two levels: for each 256 code points the index, of 16 bits, of the block
// that describes them; then the blocks. Of bytes, so it works wherever it lies.
class CodePointTable {
 public:
  static constexpr size_t kBlockSize = 256;
  static constexpr size_t kBlockCount = (kLastCodePoint + 1) / kBlockSize;

  CodePointTable() = default;
  explicit CodePointTable(const char* bytes) : bytes_(bytes) {}

  // The bytes of the table of what `values` gives each code point; as long as it has distinct blocks.
  static std::string Compile(const std::vector<uint8_t>& values) {
    std::string index;
    std::string blocks;
    std::map<std::string, uint16_t> known;
    for (size_t i = 0; i < kBlockCount; ++i) {
      std::string block(reinterpret_cast<const char*>(values.data()) + i * kBlockSize, kBlockSize);
      const auto [found, is_new] = known.emplace(std::move(block), static_cast<uint16_t>(known.size()));
      if (is_new) blocks += found->first;
      index += static_cast<char>(found->second & 0xFF);
      index += static_cast<char>(found->second >> 8);
    }
    return index + blocks;
  }

  // Of what is no code point, 0.
  uint8_t operator[](uint32_t c) const {
    if (c > kLastCodePoint) return 0;
    uint16_t block;
    std::memcpy(&block, bytes_ + c / kBlockSize * sizeof block, sizeof block);
    return static_cast<uint8_t>(
        bytes_[kBlockCount * sizeof block + size_t{block} * kBlockSize + c % kBlockSize]);
  }

 private:
  const char* bytes_ = nullptr;
};

}  // namespace tokenmeter::tokenizer
