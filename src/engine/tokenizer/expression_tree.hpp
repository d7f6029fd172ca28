// A regular expression as a tree: what a foreign pattern says, in the few words that can be run exactly.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tokenizer/code_points.hpp"
#include "tokenizer/definition.hpp"

namespace tokenmeter::tokenizer {

struct ExpressionNode {
  enum class Kind : uint8_t {
    kSet,        // a character of `set`
    kLook,       // a character of `set` follows, or, if `at_end`, the end of the text does
    kSequence,   // the children one after another; without any, nothing
    kAlternate,  // one of the children, the first that leads to a match
    kRepeat,     // the only child `least` to `most` times
  };
  enum class Greed : uint8_t { kGreedy, kLazy, kPossessive };
  static constexpr uint32_t kEndless = UINT32_MAX;

  Kind kind = Kind::kSequence;
  CodePointSet set;
  bool at_end = false;
  uint32_t least = 0;
  uint32_t most = 0;
  Greed greed = Greed::kGreedy;
  std::vector<ExpressionNode> children;
  size_t position = 0;  // of the pattern's byte where it starts; does not count in comparisons

  bool operator==(const ExpressionNode& other) const;
};

// Limits: what a pattern may have at most. Trees are walked by recursion, so they are not deeper than
// kDeepestExpression times a few.
inline constexpr size_t kLongestPattern = 64 * 1024;
inline constexpr size_t kDeepestExpression = 64;
inline constexpr uint32_t kMostRepeats = 1000;
inline constexpr size_t kMostAtoms = 2000;

// The tree of a pattern, in which nothing is possessive any more and equivalent ways of writing what known
// patterns consist of are one. Throws DefinitionError that names what is not supported and where.
ExpressionNode ParseExpression(std::string_view pattern, Dialect dialect);

}  // namespace tokenmeter::tokenizer
