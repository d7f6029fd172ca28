#include "tokenizer/recent_texts.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <exception>
#include <optional>
#include <random>

namespace tokenmeter::tokenizer {
namespace {

// How many texts each thread is to remember, and in the high half how often that was said: each time
// threads start afresh.
std::atomic<uint64_t> wanted{0};

// One round for each word: half the time of the cautious two, and no attacker sees a hash.
using TextHash = SipHash128<1, 3>;

// The process's own key, so that nobody can make texts whose hashes meet. Nothing if the system has no
// random numbers to give.
std::optional<SipKey> MakeKey() noexcept {
  try {
    std::random_device random;
    const auto word = [&random] { return uint64_t{random()} << 32 | random(); };
    const uint64_t low = word();
    return SipKey{low, word()};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

const std::optional<SipKey>& ProcessKey() {
  static const std::optional<SipKey> key = MakeKey();
  return key;
}

// The calling thread's table; null while nothing is to be remembered.
TextTable* ThreadTable() {
  static thread_local std::optional<TextTable> table;
  static thread_local uint64_t made_for = 0;
  const uint64_t now_wanted = wanted.load(std::memory_order_relaxed);
  if (made_for != now_wanted) {
    made_for = now_wanted;
    table.reset();
    const auto texts = static_cast<uint32_t>(now_wanted);
    if (texts != 0 && ProcessKey().has_value()) table.emplace(texts);
  }
  return table.has_value() ? &*table : nullptr;
}

}  // namespace

void TextTable::Release::operator()(Place* places) const { std::free(places); }

TextTable::TextTable(size_t texts) {
  const size_t buckets = std::bit_ceil(std::max<size_t>((texts + kBucket - 1) / kBucket, 1));
  // Fresh pages of zeros are empty places, and cost nothing before they are used.
  places_.reset(static_cast<Place*>(std::calloc(buckets * kBucket, sizeof(Place))));
  bucket_mask_ = buckets - 1;
}

const uint64_t* TextTable::Find(const Hash128& hash) {
  if (places_ == nullptr) return nullptr;
  Place* const bucket = BucketOf(hash);
  for (Place* place = bucket; place != bucket + kBucket; ++place) {
    if (place->used == 0 || place->hash != hash) continue;
    place->used = ++clock_;
    return &place->count;
  }
  return nullptr;
}

void TextTable::Remember(const Hash128& hash, uint64_t count) {
  if (places_ == nullptr) return;
  Place* const bucket = BucketOf(hash);
  Place* victim = bucket;
  for (Place* place = bucket; place != bucket + kBucket; ++place) {
    if (place->used != 0 && place->hash == hash) {
      victim = place;
      break;
    }
    if (place->used < victim->used) victim = place;
  }
  *victim = {hash, count, ++clock_};
}

RecentText::RecentText(const TmEncoding& encoding, std::string_view text) {
  if (text.size() < kShortest || text.size() > kLongest) return;
  table_ = ThreadTable();
  if (table_ == nullptr) return;
  // Encodings with the same vocabulary and pattern have the same counts; special tokens are not counted.
  TextHash hash(*ProcessKey());
  hash.Add(reinterpret_cast<uintptr_t>(&encoding.vocabulary.header()));
  hash.Add(static_cast<uint64_t>(encoding.pattern));
  hash.Add(text.size());
  hash_ = hash.Finish(text.data(), text.size());
}

bool RecentText::Find(uint64_t* count) const {
  const uint64_t* found = table_ != nullptr ? table_->Find(hash_) : nullptr;
  if (found != nullptr) *count = *found;
  return found != nullptr;
}

void RecentText::Remember(uint64_t count) {
  if (table_ != nullptr) table_->Remember(hash_, count);
}

void RecentText::SetCapacity(size_t texts) {
  const auto capacity = static_cast<uint32_t>(std::min<size_t>(texts, UINT32_MAX));
  uint64_t before = wanted.load(std::memory_order_relaxed);
  while (!wanted.compare_exchange_weak(before, ((before >> 32) + 1) << 32 | capacity,
                                       std::memory_order_relaxed)) {
  }
}

}  // namespace tokenmeter::tokenizer
