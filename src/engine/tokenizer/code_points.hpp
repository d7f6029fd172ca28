// Sets of code points, and tables that give each code point a small number.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/two_level_table.hpp"

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

// A number for each code point, in a table that may lie at any address.
class CodePointTable {
 public:
  CodePointTable() = default;
  explicit CodePointTable(const char* bytes) : table_(reinterpret_cast<const Table*>(bytes)) {}

  // The bytes of the table of what `values` gives each code point.
  static std::string Compile(const std::vector<uint8_t>& values) { return Table::Compile(values); }

  // Of what is no code point, 0.
  uint8_t operator[](uint32_t c) const { return (*table_)[c]; }

 private:
  // Two bytes, wherever they lie.
  struct Index {
    explicit Index(size_t value)
        : low(static_cast<uint8_t>(value)), high(static_cast<uint8_t>(value >> 8)) {}
    operator size_t() const { return low | size_t{high} << 8; }

    uint8_t low;
    uint8_t high;
  };
  using Table = TwoLevelTable<uint8_t, Index, 256>;

  const Table* table_ = nullptr;
};

}  // namespace tokenmeter::tokenizer
