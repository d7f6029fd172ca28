// Sketches of distributions: how many values fell into each bin, the bins that hold any in ascending order.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

#include "metering/metering.h"

namespace {

// The greatest value of a bin is at most 1.04 times its least, so both are within 1.96 % of its estimate;
// values below 25 have bins of their own. By integers only: every machine has the same bins.
constexpr uint32_t LowOfNextBin(uint32_t low) { return low + low / 25 + 1; }

constexpr uint32_t kValuesEnd = uint32_t{1} << 31;

constexpr size_t kBins = [] {
  size_t bins = 0;
  for (uint32_t low = 0; low < kValuesEnd; low = LowOfNextBin(low)) ++bins;
  return bins;
}();

// The least value of each bin, and where the last bin ends.
constexpr std::array<uint32_t, kBins + 1> kLows = [] {
  std::array<uint32_t, kBins + 1> lows{};
  for (size_t bin = 1; bin < kBins; ++bin) lows[bin] = LowOfNextBin(lows[bin - 1]);
  lows[kBins] = kValuesEnd;
  return lows;
}();

size_t BinOf(uint32_t value) {
  return std::upper_bound(kLows.begin(), kLows.end(), value) - kLows.begin() - 1;
}

// The harmonic mean of a bin's ends, from which both have the same relative distance.
double EstimateOf(size_t bin) {
  const double low = kLows[bin], high = kLows[bin + 1] - 1;
  return low == high ? low : 2 * low * high / (low + high);
}

constexpr uint64_t kMaxCount = INT64_MAX;

uint64_t Sum(uint64_t left, uint64_t right) { return std::min(left + right, kMaxCount); }

// An entry is how many bins were left out before its own, and its count less 1; both as varints, seven bits
// in each byte, the lowest first. So there is no second way to write a sketch, but for varints that end in
// zeros.
constexpr size_t kMaxGapSize = 2, kMaxCountSize = 9, kMaxEntrySize = kMaxGapSize + kMaxCountSize;
static_assert(kBins <= 1 << 14);
static_assert(kBins * kMaxEntrySize <= TM_SKETCH_SIZE);
static_assert(kMaxGapSize + 1 <= TM_SKETCH_VALUE_SIZE);

class Reader {
 public:
  explicit Reader(std::span<const char> bytes) : bytes_(bytes) {}

  // Goes to the next entry.
  void Next() {
    begin_ = end_;
    first_bin_ = bin_ + 1;
    uint64_t gap, count;
    if (end_ < bytes_.size()) {
      malformed_ =
          !ReadVarint(&gap) || gap >= kBins - first_bin_ || !ReadVarint(&count) || count >= kMaxCount;
    }
    if (malformed_ || end_ == begin_) {
      bin_ = kBins;
      count_ = 0;
    } else {
      bin_ = first_bin_ + gap;
      count_ = count + 1;
    }
  }

  // The count of the entry if it is of this bin, of which the reader then leaves it; else 0.
  uint64_t Take(size_t bin) {
    if (bin_ != bin) return 0;
    const uint64_t count = count_;
    Next();
    return count;
  }

  size_t bin() const { return bin_; }  // kBins at the end, and where the bytes are malformed
  uint64_t count() const { return count_; }
  bool malformed() const { return malformed_; }
  size_t begin() const { return begin_; }  // of the entry, in bytes
  size_t end() const { return end_; }
  size_t first_bin() const { return first_bin_; }  // behind that of the entry before

 private:
  bool ReadVarint(uint64_t* value) {
    *value = 0;
    for (size_t i = 0; i < kMaxCountSize && end_ < bytes_.size(); ++i) {
      const auto byte = static_cast<uint8_t>(bytes_[end_++]);
      *value |= uint64_t{byte & 0x7Fu} << (7 * i);
      if (byte < 0x80) return byte != 0 || i == 0;
    }
    return false;
  }

  std::span<const char> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t bin_ = SIZE_MAX;  // before the first
  size_t first_bin_ = 0;
  uint64_t count_ = 0;
  bool malformed_ = false;
};

class Writer {
 public:
  Writer(char* bytes, size_t first_bin) : bytes_(bytes), next_bin_(first_bin) {}

  void Write(size_t bin, uint64_t count) {
    WriteVarint(bin - next_bin_);
    WriteVarint(count - 1);
    next_bin_ = bin + 1;
  }

  size_t size() const { return size_; }

 private:
  void WriteVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_[size_++] = static_cast<char>(value | 0x80);
    bytes_[size_++] = static_cast<char>(value);
  }

  char* bytes_;
  size_t size_ = 0;
  size_t next_bin_;
};

TmSketchStatus StatusOf(const Reader& reader) {
  return reader.malformed() ? TM_SKETCH_MALFORMED : TM_SKETCH_OK;
}

}  // namespace

TmSketchStatus tm_sketch_add(char* sketch, size_t* length, size_t capacity, int32_t value) {
  if (value < 0) return TM_SKETCH_NEGATIVE;
  const size_t bin = BinOf(static_cast<uint32_t>(value));
  Reader reader({sketch, *length});
  do reader.Next();
  while (reader.bin() < bin);
  if (reader.malformed()) return TM_SKETCH_MALFORMED;

  // The bin's entry; or that of the next bin, which has a smaller gap before it now.
  char changed[2 * kMaxEntrySize];
  Writer writer(changed, reader.first_bin());
  writer.Write(bin, Sum(reader.bin() == bin ? reader.count() : 0, 1));
  if (reader.bin() > bin && reader.bin() < kBins) writer.Write(reader.bin(), reader.count());

  const size_t rest = *length - reader.end();
  const size_t new_length = reader.begin() + writer.size() + rest;
  if (new_length > capacity) return TM_SKETCH_NO_ROOM;
  if (new_length != *length) std::memmove(sketch + new_length - rest, sketch + reader.end(), rest);
  std::memcpy(sketch + reader.begin(), changed, writer.size());
  *length = new_length;
  return TM_SKETCH_OK;
}

TmSketchStatus tm_sketch_merge(const char* left, size_t left_length, const char* right, size_t right_length,
                               char result[TM_SKETCH_SIZE], size_t* length) {
  Reader left_reader({left, left_length}), right_reader({right, right_length});
  Writer writer(result, 0);
  left_reader.Next();
  right_reader.Next();
  for (;;) {
    const size_t bin = std::min(left_reader.bin(), right_reader.bin());
    if (bin == kBins) break;
    writer.Write(bin, Sum(left_reader.Take(bin), right_reader.Take(bin)));
  }
  *length = writer.size();
  return left_reader.malformed() ? TM_SKETCH_MALFORMED : StatusOf(right_reader);
}

TmSketchStatus tm_sketch_count(const char* sketch, size_t length, int64_t* count) {
  Reader reader({sketch, length});
  uint64_t sum = 0;
  do {
    reader.Next();
    sum = Sum(sum, reader.count());
  } while (reader.bin() < kBins);
  *count = static_cast<int64_t>(sum);
  return StatusOf(reader);
}

TmSketchStatus tm_sketch_quantile(const char* sketch, size_t length, double fraction, double* value) {
  if (!(fraction >= 0 && fraction <= 1)) return TM_SKETCH_NO_FRACTION;
  int64_t count;
  const TmSketchStatus status = tm_sketch_count(sketch, length, &count);
  if (status != TM_SKETCH_OK) return status;
  if (count == 0) return TM_SKETCH_EMPTY;
  const auto rank = static_cast<uint64_t>(std::ceil(fraction * static_cast<double>(count)));
  Reader reader({sketch, length});
  uint64_t seen = 0;
  do {
    reader.Next();
    seen += reader.count();
  } while (seen < std::clamp<uint64_t>(rank, 1, count));
  *value = EstimateOf(reader.bin());
  return TM_SKETCH_OK;
}
