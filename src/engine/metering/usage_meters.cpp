#include "metering/usage_meters.hpp"

#include <algorithm>
#include <limits>

namespace tokenmeter::metering {
namespace {

using enum Part;

// Sums of counts, of which each has 63 bits.
__extension__ using Wide = __int128;

int64_t Checked(Wide count, const char* key) {
  if (count > std::numeric_limits<int64_t>::max()) throw UsageError{TM_USAGE_NOT_A_COUNT, key};
  return static_cast<int64_t>(count);
}

// The meters in one convention.
class Settler {
 public:
  Settler(const Numbers& numbers, const Convention& convention)
      : numbers_(numbers), convention_(convention) {}

  // False where the numbers contradict each other; key() then is what to blame.
  bool Settle() {
    return SettleCacheWrites() && SettleCacheReads() && SettleMediaInput() && SettleInput() &&
           SettleOutput() && SettleTotal();
  }

  const Amounts& amounts() const { return amounts_; }
  const char* key() const { return key_; }
  // How much the total has beyond its parts: more than 0 only where nothing but that is wrong.
  Wide rest() const { return rest_; }

 private:
  bool Fail(Part part) {
    key_ = numbers_.key(part);
    return false;
  }

  Part LargestOf(std::initializer_list<Part> parts) const {
    const auto less = [this](Part a, Part b) { return numbers_.count(a) < numbers_.count(b); };
    return *std::max_element(parts.begin(), parts.end(), less);
  }

  static int64_t OrNotReported(bool reported, Wide count) {
    return reported ? static_cast<int64_t>(count) : TM_NOT_REPORTED;
  }

  // What is not said to be kept for an hour is kept for five minutes. A sum of 0 beside parts is none.
  bool SettleCacheWrites() {
    const int64_t hour = numbers_.count(kCacheWrite1h);
    const Wide told_apart = Wide{numbers_.count(kCacheWrite5m)} + hour;
    const int64_t all = numbers_.count(kCacheWrite);
    if (all > 0 && told_apart > all) return Fail(LargestOf({kCacheWrite5m, kCacheWrite1h}));
    written_ = all > 0 ? Wide{all} : told_apart;
    const bool any = numbers_.has(kCacheWrite) || numbers_.has(kCacheWrite5m);
    amounts_.tokens.cache_write =
        OrNotReported(any || written_ > hour, Checked(written_ - hour, numbers_.key(kCacheWrite)));
    amounts_.tokens.cache_write_1h = OrNotReported(numbers_.has(kCacheWrite1h), hour);
    return true;
  }

  // Images and videos have no meter of their own when they are read from a cache.
  bool SettleCacheReads() {
    const int64_t audio = numbers_.count(kAudioCacheRead);
    const Wide media = Wide{audio} + numbers_.count(kImageCacheRead) + numbers_.count(kVideoCacheRead);
    read_ = numbers_.has(kCacheRead) ? Wide{numbers_.count(kCacheRead)} : media;
    if (media > read_) return Fail(LargestOf({kAudioCacheRead, kImageCacheRead, kVideoCacheRead}));
    const bool any = numbers_.has(kCacheRead) || media > 0;
    amounts_.tokens.cache_read = OrNotReported(any, Checked(read_ - audio, numbers_.key(kImageCacheRead)));
    amounts_.audio_cache_read = audio;
    return true;
  }

  // What of a modality was not read from a cache; without a number for all of it, that is nothing.
  bool SettleMedium(Part all, Part cached, int64_t* fresh) {
    *fresh = numbers_.count(all);
    if (!convention_.cache_in_input || !numbers_.has(all)) return true;
    if (numbers_.count(cached) > *fresh) return Fail(cached);
    *fresh -= numbers_.count(cached);
    return true;
  }

  bool SettleMediaInput() {
    amounts_.citation = numbers_.count(kCitation);
    return SettleMedium(kAudioInput, kAudioCacheRead, &amounts_.audio_input) &&
           SettleMedium(kImageInput, kImageCacheRead, &amounts_.image_input) &&
           SettleMedium(kVideoInput, kVideoCacheRead, &amounts_.video_input);
  }

  Wide media_input() const {
    return Wide{amounts_.audio_input} + amounts_.image_input + amounts_.video_input + amounts_.citation;
  }

  // Cached tokens are of any modality. Where it is not said how many of them are of which, no more of the
  // media than must be are taken to have been cached.
  void TakeMediaForCached(Wide count) {
    if (numbers_.has(kAudioCacheRead) || numbers_.has(kImageCacheRead) || numbers_.has(kVideoCacheRead)) {
      return;
    }
    for (int64_t* medium : {&amounts_.video_input, &amounts_.image_input, &amounts_.audio_input}) {
      const auto cached = static_cast<int64_t>(std::min(count, Wide{*medium}));
      *medium -= cached;
      count -= cached;
    }
  }

  bool SettleInput() {
    const bool whole = numbers_.has(kInput);
    const bool any = whole || numbers_.has(kUncached) || numbers_.has(kToolInput);
    const Wide text_and_media = whole ? numbers_.count(kInput) : numbers_.count(kUncached);
    const Wide cached = whole && convention_.cache_in_input ? read_ + written_ : 0;
    if (cached > text_and_media) {
      return Fail(read_ > written_
                      ? LargestOf({kCacheRead, kAudioCacheRead, kImageCacheRead, kVideoCacheRead})
                      : LargestOf({kCacheWrite, kCacheWrite5m, kCacheWrite1h}));
    }
    Wide input = text_and_media - cached;
    if (any && convention_.media_in_text) {
      if (media_input() > input && media_input() <= text_and_media)
        TakeMediaForCached(media_input() - input);
      if (media_input() > input) return Fail(LargestOf({kAudioInput, kImageInput, kVideoInput, kCitation}));
      input -= media_input();
    }
    input += numbers_.count(kToolInput);
    amounts_.tokens.input = OrNotReported(any, Checked(input, numbers_.key(kToolInput)));
    return true;
  }

  bool SettleOutput() {
    amounts_.tokens.reasoning = OrNotReported(numbers_.has(kReasoning), numbers_.count(kReasoning));
    amounts_.audio_output = numbers_.count(kAudioOutput);
    amounts_.image_output = numbers_.count(kImageOutput);
    amounts_.video_output = numbers_.count(kVideoOutput);
    Wide parts = convention_.reasoning_in_output ? numbers_.count(kReasoning) : 0;
    if (convention_.media_in_text) parts += media_output();
    const bool any = numbers_.has(kOutput);
    const Wide output = numbers_.count(kOutput);
    if (any && parts > output)
      return Fail(LargestOf({kReasoning, kAudioOutput, kImageOutput, kVideoOutput}));
    amounts_.tokens.output = OrNotReported(any, output - parts);
    return true;
  }

  Wide media_output() const {
    return Wide{amounts_.audio_output} + amounts_.image_output + amounts_.video_output;
  }

  // The sum of all meters, but for what the total is without. A total of 0 beside other numbers is none.
  bool SettleTotal() {
    const auto count = [](int64_t meter) { return std::max<int64_t>(meter, 0); };
    const TmMeters& tokens = amounts_.tokens;
    Wide sum = Wide{count(tokens.input)} + media_input() + count(tokens.output) + media_output();
    if (!(convention_.total_is_without & kWithoutCache)) sum += read_ + written_;
    if (!(convention_.total_is_without & kWithoutReasoning)) sum += count(tokens.reasoning);
    if (convention_.total_is_without & kWithoutTool) sum -= numbers_.count(kToolInput);
    const bool reported = numbers_.has(kTotal) && (numbers_.count(kTotal) > 0 || sum == 0);
    if (!reported) return !convention_.only_if_total;
    rest_ = numbers_.count(kTotal) - sum;
    return rest_ == 0 || Fail(kTotal);
  }

  const Numbers& numbers_;
  const Convention& convention_;
  Amounts amounts_{};
  Wide read_ = 0;
  Wide written_ = 0;
  Wide rest_ = 0;
  const char* key_ = nullptr;
};

// Gives what the total has beyond its parts to the first of them that is not reported: which is so with
// Google's thoughts where what is between leaves them out of all numbers but the total.
bool GiveRest(Wide rest, Numbers* numbers) {
  const auto count = static_cast<int64_t>(rest);
  const char* const key = numbers->key(kTotal);
  if (rest <= 0 || rest > std::numeric_limits<int64_t>::max() - numbers->count(kOutput)) return false;
  if (!numbers->has(kInput) && !numbers->has(kUncached)) {
    numbers->Set(kInput, count, key);
  } else if (!numbers->has(kOutput)) {
    numbers->Set(kOutput, count, key);
  } else if (!numbers->has(kReasoning)) {
    numbers->Set(kReasoning, count, key);
  } else {
    return false;
  }
  return true;
}

// The meters in the first convention that the numbers agree with; false where there is none.
bool SettleInAny(const Numbers& numbers, const Shape& shape, Amounts* amounts) {
  for (const Convention& convention : shape.conventions) {
    Settler settler(numbers, convention);
    if (!settler.Settle()) continue;
    *amounts = settler.amounts();
    return true;
  }
  return false;
}

}  // namespace

void Numbers::Take(const Field& field, int64_t count) {
  const char* const key = LastName(field.path);
  const int64_t known = this->count(field.part);
  if (!has(field.part)) return Set(field.part, count, key);
  switch (field.merge) {
    case Merge::kIgnore:
      return;
    case Merge::kAdd:
      return Set(field.part, Checked(Wide{known} + count, key), key);
    case Merge::kLargest:
      if (count > known) Set(field.part, count, key);
      return;
    case Merge::kSame:
      if (count == known || count == 0) return;
      if (known != 0) throw UsageError{TM_USAGE_CONTRADICTION, key};
      return Set(field.part, count, key);
  }
}

Amounts SettleUsage(const Numbers& numbers, const Shape& shape) {
  Amounts amounts;
  if (SettleInAny(numbers, shape, &amounts)) return amounts;
  Settler first(numbers, shape.conventions.front());
  first.Settle();
  Numbers completed = numbers;
  if (shape.rest_of_total && GiveRest(first.rest(), &completed) &&
      SettleInAny(completed, shape, &amounts)) {
    return amounts;
  }
  throw UsageError{TM_USAGE_CONTRADICTION, first.key()};
}

}  // namespace tokenmeter::metering
