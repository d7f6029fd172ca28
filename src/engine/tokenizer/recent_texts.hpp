// What each thread remembers of the long texts it has counted lately: how many tokens they are. A chat
// sends its system prompt and its history again at every turn. Holds hashes under a random key, never text;
// of fixed size, and overwritten as it goes.
#pragma once

#include <memory>
#include <string_view>

#include "tokenizer/builtin.hpp"
#include "tokenizer/siphash.hpp"

namespace tokenmeter::tokenizer {

// Counts by hash, in buckets of a few places each.
class TextTable {
 public:
  static constexpr size_t kBucket = 4;

  // Room for `texts`, rounded up to a power of two of buckets. Without memory it has none.
  explicit TextTable(size_t texts);

  // The count remembered for the hash; null if there is none.
  const uint64_t* Find(const Hash128& hash);

  // Puts the count in the place of the text of its bucket that nobody has asked for for the longest time.
  void Remember(const Hash128& hash, uint64_t count);

 private:
  struct Place {
    Hash128 hash;
    uint64_t count;
    uint64_t used;  // when asked for last, on this table's clock; 0: the place is empty
  };
  struct Release {
    void operator()(Place* places) const;
  };

  Place* BucketOf(const Hash128& hash) { return &places_[(hash.low & bucket_mask_) * kBucket]; }

  std::unique_ptr<Place[], Release> places_;
  uint64_t bucket_mask_ = 0;
  uint64_t clock_ = 0;
};

// The memory of the calling thread, asked for one text.
class RecentText {
 public:
  // A look-up that finds nothing costs a tenth of the counting, which is spent where there is something
  // to gain: shorter texts are counted in 5 microseconds, and would push out the longer ones. Texts longer
  // than the other limit would be hashed for too long between two polls of the cancel flag.
  static constexpr size_t kShortest = 2 * 1024;
  static constexpr size_t kLongest = 1024 * 1024;

  RecentText(const TmEncoding& encoding, std::string_view text);

  // Whether the text was counted before, and then its count.
  bool Find(uint64_t* count) const;

  // To be called with the count of the whole text only.
  void Remember(uint64_t count);

  // Lets every thread remember so many texts from its next text on, and forget what it knows. 0: none.
  static void SetCapacity(size_t texts);

 private:
  TextTable* table_ = nullptr;  // null: this text is not one to remember
  Hash128 hash_ = {};
};

}  // namespace tokenmeter::tokenizer
