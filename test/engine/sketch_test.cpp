// Sketches: as exact as is said, the same bytes for the same values, and safe with any bytes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "metering/metering.h"

namespace {

constexpr int32_t kMaxValue = std::numeric_limits<int32_t>::max();
constexpr double kAccuracy = 0.04 / 2.04;  // 1.96 %

// In a buffer of the exact size, so that the sanitizers see what goes beyond.
std::string With(const std::string& sketch, int32_t value) {
  std::vector<char> bytes(sketch.begin(), sketch.end());
  bytes.resize(sketch.size() + TM_SKETCH_VALUE_SIZE);
  size_t length = sketch.size();
  EXPECT_EQ(tm_sketch_add(bytes.data(), &length, bytes.size(), value), TM_SKETCH_OK);
  return {bytes.data(), length};
}

std::string SketchOf(const std::vector<int32_t>& values) {
  std::string sketch;
  for (const int32_t value : values) sketch = With(sketch, value);
  return sketch;
}

std::string Merged(const std::string& left, const std::string& right) {
  char result[TM_SKETCH_SIZE];
  size_t length;
  EXPECT_EQ(tm_sketch_merge(left.data(), left.size(), right.data(), right.size(), result, &length),
            TM_SKETCH_OK);
  EXPECT_LE(length, left.size() + right.size());
  return {result, length};
}

int64_t Count(const std::string& sketch) {
  int64_t count = -1;
  EXPECT_EQ(tm_sketch_count(sketch.data(), sketch.size(), &count), TM_SKETCH_OK);
  return count;
}

double Quantile(const std::string& sketch, double fraction) {
  double value = -1;
  EXPECT_EQ(tm_sketch_quantile(sketch.data(), sketch.size(), fraction, &value), TM_SKETCH_OK);
  return value;
}

// As tm_sketch_quantile with the values themselves: percentile_disc.
int32_t ExactQuantile(std::vector<int32_t> values, double fraction) {
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(values.size())));
  return values[std::max<size_t>(rank, 1) - 1];
}

bool IsAccurate(double estimate, int32_t exact) {
  return std::abs(estimate - exact) <= kAccuracy * exact * (1 + 1e-12);
}

std::vector<int32_t> LogNormalValues(std::mt19937_64& random, size_t count) {
  std::lognormal_distribution<double> distribution(6.5, 1.2);
  std::vector<int32_t> values(count);
  for (int32_t& value : values) value = static_cast<int32_t>(std::min(distribution(random), 2e9));
  return values;
}

// The greatest value of the bin that begins with `low`.
int32_t EndOfBin(int32_t low) {
  const std::string bin = SketchOf({low});
  int64_t inside = low, outside = int64_t{kMaxValue} + 1;
  while (outside - inside > 1) {
    const int64_t middle = (inside + outside) / 2;
    (SketchOf({static_cast<int32_t>(middle)}) == bin ? inside : outside) = middle;
  }
  return static_cast<int32_t>(inside);
}

TEST(Sketches, EveryBinIsAccurateAtBothEnds) {
  size_t bins = 0;
  double before = -1;
  for (int64_t low = 0; low <= kMaxValue; ++bins) {
    const int32_t end = EndOfBin(static_cast<int32_t>(low));
    const double estimate = Quantile(SketchOf({end}), 0.5);
    ASSERT_TRUE(IsAccurate(estimate, static_cast<int32_t>(low))) << low;
    ASSERT_TRUE(IsAccurate(estimate, end)) << end;
    ASSERT_GT(estimate, before);
    ASSERT_TRUE(low >= 25 || estimate == static_cast<double>(low)) << low;
    before = estimate;
    low = int64_t{end} + 1;
  }
  EXPECT_EQ(bins, 480u) << "bins never change: stored sketches have their numbers";
}

TEST(Sketches, QuantilesAreAsAccurateAsTheirBins) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<int32_t> values = LogNormalValues(random, 1 + random() % 200);
    if (i % 3 == 0) {  // any magnitude, and often the same
      for (int32_t& value : values) value = kMaxValue >> (random() % 32);
    }
    const std::string sketch = SketchOf(values);
    ASSERT_EQ(Count(sketch), static_cast<int64_t>(values.size()));
    for (const double fraction : {0.0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 1.0}) {
      ASSERT_TRUE(IsAccurate(Quantile(sketch, fraction), ExactQuantile(values, fraction)));
    }
  }
}

TEST(Sketches, AreTheSameBytesInAnyOrder) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 500; ++i) {
    std::vector<int32_t> values = LogNormalValues(random, 1 + random() % 300);
    const std::string sketch = SketchOf(values);
    std::ranges::shuffle(values, random);
    ASSERT_EQ(SketchOf(values), sketch);
    std::vector<std::string> parts(1 + random() % 5);
    for (const int32_t value : values) {
      std::string& part = parts[random() % parts.size()];
      part = With(part, value);
    }
    std::string merged;
    for (const std::string& part : parts) {
      merged = random() % 2 == 0 ? Merged(merged, part) : Merged(part, merged);
    }
    ASSERT_EQ(merged, sketch);
  }
}

// As written in tables: these bytes keep their meaning.
TEST(Sketches, AreSmall) {
  EXPECT_EQ(SketchOf({}), "");
  EXPECT_EQ(SketchOf({0}), std::string("\0\0", 2));
  EXPECT_EQ(SketchOf({0, 2, 2}), std::string("\0\0\1\1", 4));
  EXPECT_EQ(SketchOf({1000}), std::string("\x6C\0", 2));
  EXPECT_EQ(SketchOf({kMaxValue}), "\xDF\x03" + std::string(1, '\0'));
  EXPECT_EQ(SketchOf(std::vector<int32_t>(129, 7)), "\x07\x80\x01");
}

TEST(Sketches, OfAllBinsWithTheLargestCountsFit) {
  std::string sketch;
  for (int64_t low = 0; low <= kMaxValue; low = int64_t{EndOfBin(static_cast<int32_t>(low))} + 1) {
    sketch = With(sketch, static_cast<int32_t>(low));
  }
  for (int i = 0; i < 64; ++i) sketch = Merged(sketch, sketch);
  EXPECT_EQ(sketch.size(), 480u * 10);
  EXPECT_EQ(Count(sketch), INT64_MAX);
}

TEST(Sketches, CountsStayAtTheirLargest) {
  std::string sketch = SketchOf({5});
  for (int i = 0; i < 62; ++i) sketch = Merged(sketch, sketch);
  EXPECT_EQ(Count(sketch), int64_t{1} << 62);
  sketch = Merged(sketch, sketch);
  EXPECT_EQ(Count(sketch), INT64_MAX);
  EXPECT_EQ(With(sketch, 5), sketch);
  EXPECT_EQ(Merged(sketch, sketch), sketch);
  sketch = With(sketch, 9);
  EXPECT_EQ(Count(sketch), INT64_MAX);
  EXPECT_EQ(Quantile(sketch, 1), 5);
}

TEST(Sketches, NoValueHasNoQuantiles) {
  double value;
  EXPECT_EQ(tm_sketch_quantile("", 0, 0.5, &value), TM_SKETCH_EMPTY);
  EXPECT_EQ(Count(""), 0);
  EXPECT_EQ(Merged("", ""), "");
  for (const double fraction : {-0.01, 1.01, std::nan(""), double{INFINITY}}) {
    EXPECT_EQ(tm_sketch_quantile("", 0, fraction, &value), TM_SKETCH_NO_FRACTION);
  }
}

TEST(Sketches, WhatDoesNotFitIsNotAdded) {
  char bytes[8];
  size_t length = 0;
  EXPECT_EQ(tm_sketch_add(bytes, &length, sizeof bytes, -1), TM_SKETCH_NEGATIVE);
  EXPECT_EQ(tm_sketch_add(bytes, &length, 1, 3), TM_SKETCH_NO_ROOM);
  EXPECT_EQ(length, 0u);
  EXPECT_EQ(tm_sketch_add(bytes, &length, 2, 3), TM_SKETCH_OK);
  EXPECT_EQ(tm_sketch_add(bytes, &length, 2, 3), TM_SKETCH_OK) << "its bin is there";
  EXPECT_EQ(tm_sketch_add(bytes, &length, 2, 4), TM_SKETCH_NO_ROOM);
  EXPECT_EQ(std::string(bytes, length), SketchOf({3, 3}));
}

bool IsMalformed(std::string_view sketch) {
  int64_t count;
  double value;
  char result[TM_SKETCH_SIZE];
  size_t length;
  const TmSketchStatus status = tm_sketch_count(sketch.data(), sketch.size(), &count);
  if (status == TM_SKETCH_OK) return false;
  EXPECT_EQ(status, TM_SKETCH_MALFORMED);
  EXPECT_EQ(tm_sketch_quantile(sketch.data(), sketch.size(), 0.5, &value), TM_SKETCH_MALFORMED);
  EXPECT_EQ(tm_sketch_merge(sketch.data(), sketch.size(), "\0\0", 2, result, &length), TM_SKETCH_MALFORMED);
  EXPECT_EQ(tm_sketch_merge("\0\0", 2, sketch.data(), sketch.size(), result, &length), TM_SKETCH_MALFORMED);
  return true;
}

TEST(Sketches, MalformedBytesAreRefused) {
  using std::string_view_literals::operator""sv;
  EXPECT_TRUE(IsMalformed("\0"sv)) << "a bin without a count";
  EXPECT_TRUE(IsMalformed("\0\x80"sv)) << "half a count";
  EXPECT_TRUE(IsMalformed("\0\x80\0"sv)) << "a second way to write 0";
  EXPECT_TRUE(IsMalformed("\xE0\x03\0"sv)) << "a bin too many";
  EXPECT_FALSE(IsMalformed("\xDF\x03\0"sv));
  EXPECT_TRUE(IsMalformed("\xDF\x03\0\0\0"sv)) << "a bin behind the last";
  EXPECT_TRUE(IsMalformed("\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"sv)) << "2^63";
  EXPECT_FALSE(IsMalformed("\0\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"sv));
  EXPECT_TRUE(IsMalformed("\0\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"sv)) << "more than 63 bits";
}

// Either malformed, or a sketch like any other. Changed sketches get further than random bytes.
TEST(Sketches, AnyBytesAreSafe) {
  std::mt19937_64 random(3);
  size_t sketches = 0;
  for (int i = 0; i < 100000; ++i) {
    std::string bytes = SketchOf(LogNormalValues(random, random() % 6));
    for (size_t changes = random() % 4; changes-- > 0 && !bytes.empty();) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 4 == 0) bytes.resize(random() % (bytes.size() + 1));
    if (IsMalformed(bytes)) {
      std::vector<char> copy(bytes.begin(), bytes.end());
      copy.resize(bytes.size() + TM_SKETCH_VALUE_SIZE);
      size_t length = bytes.size();
      tm_sketch_add(copy.data(), &length, copy.size(), static_cast<int32_t>(random() >> 33));
      ASSERT_LE(length, copy.size());
    } else {
      ++sketches;
      ASSERT_EQ(Merged(bytes, ""), bytes) << "written in the only way there is";
      ASSERT_EQ(Merged(bytes, SketchOf({100})), With(bytes, 100));
    }
  }
  EXPECT_GT(sketches, 10000u);
  EXPECT_LT(sketches, 90000u);
}

}  // namespace
