// How providers and the clients before them name the numbers of a call, as data. usage_shapes.cpp has the
// tables, usage_meters.cpp what is made of the numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tokenmeter::metering {

// The numbers of tokens that usage objects report.
enum class Part : uint8_t {
  kInput,     // the prompt, with or without what is below: the conventions say which
  kUncached,  // the prompt without what was read from a cache or written to one
  kToolInput,
  kCacheRead,
  kCacheWrite,    // to whatever cache
  kCacheWrite5m,  // of those, to one that is kept for five minutes, and for an hour
  kCacheWrite1h,
  kAudioInput,
  kImageInput,
  kVideoInput,
  kCitation,
  kAudioCacheRead,
  kImageCacheRead,
  kVideoCacheRead,
  kOutput,
  kReasoning,
  kAudioOutput,
  kImageOutput,
  kVideoOutput,
  kTotal,
  kCount
};
constexpr size_t kParts = static_cast<size_t>(Part::kCount);

// What becomes of a number where the part has one already, from a field further up.
enum class Merge : uint8_t {
  kSame,     // another spelling: the same number, or a 0 that a serializer filled in
  kAdd,      // more of it
  kLargest,  // a running sum beside the number of the last call, or a 0
  kIgnore    // counted otherwise
};

// Paths are those of UsageDocument::Each.
struct Field {
  Part part;
  const char* path;
  Merge merge = Merge::kSame;
};

// What a shape's numbers include. Of its conventions, the first that the numbers agree with is taken.
struct Convention {
  bool cache_in_input;
  bool reasoning_in_output;
  bool media_in_text;          // input and output include those of other modalities
  uint8_t total_is_without;    // TotalIsWithout
  bool only_if_total = false;  // taken only where there is a total that agrees
};
enum TotalIsWithout : uint8_t { kWhole = 0, kWithoutCache = 1, kWithoutReasoning = 2, kWithoutTool = 4 };

// A decimal number at a path, times ten to the exponent.
struct CostField {
  const char* path;
  int exponent;
  const char* currency;
};

// An object is of the first shape that it has a marker of, one of `also` if there are any, none of
// `unless`, and a number of. `numbers_only`: markers are numbers, since anything else may be of these
// names.
struct Shape {
  std::span<const char* const> markers;
  std::span<const char* const> also;
  std::span<const char* const> unless;
  std::span<const Field> fields;
  std::span<const Convention> conventions;
  std::span<const CostField> costs;
  bool rest_of_total;  // what a total has beyond its parts is the first of them that is not reported
  bool numbers_only;
};
std::span<const Shape> Shapes();

// Where the usage object lies within one: each number in either of two objects, of which one follows the
// other in a stream and has later counts. Empty: there is no second. The first wrapper is none at all.
struct Wrapper {
  const char* path;
  const char* earlier;
};
std::span<const Wrapper> Wrappers();

// A meter that is no part of the input or output; the same in all shapes.
struct QuantityField {
  const char* meter;
  const char* path;
  bool once;  // 1 where there is anything at the path
};
std::span<const QuantityField> QuantityFields();

// A name at a path, in lower case. `only`: others are passed over. `says`: what it means.
struct NameField {
  const char* path;
  const char* only;
  const char* says;
};
std::span<const NameField> ServiceTierFields();
std::span<const NameField> RegionFields();

// All names of members that the paths have, sorted.
const std::vector<std::string_view>& UsageNames();

// The last name of a path, which errors tell.
const char* LastName(const char* path);

}  // namespace tokenmeter::metering
