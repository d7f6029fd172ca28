#include "tokenizer/prefix_counter.hpp"

#include <algorithm>

namespace tokenmeter::tokenizer {

class PrefixCounter::Window {
 public:
  Window(const Vocabulary& vocabulary, const Place& start)
      : vocabulary_(vocabulary), start_(start), at_(start.at), tokens_(start.tokens_before) {}

  // As the output of a piece's encoder.
  void Add(const TokenRun& run) {
    run.Visit(vocabulary_, [this](TokenId token) { AddToken(vocabulary_.TokenBytes(token).size()); });
  }
  void Clear() { *this = Window(vocabulary_, start_); }

  bool agrees() const { return start_.token_length == 0 || first_length_ == start_.token_length; }
  uint64_t tokens() const { return tokens_; }

  // Adds the places found, but for those within the last tokens.
  void AppendPlaces(std::vector<Place>* places) const {
    places->insert(places->end(), far_.begin(), far_.end());
    const uint64_t before = tokens_ - start_.tokens_before;
    if (before <= kTokensBehind) return;
    const Place& last = recent_[tokens_ % kTokensBehind];
    if (last.at > places->back().at) places->push_back(last);
  }

 private:
  void AddToken(size_t length) {
    if (at_ == start_.at) first_length_ = length;
    const Place place{at_, tokens_, length};
    if (at_ - (far_.empty() ? start_.at : far_.back().at) >= static_cast<ptrdiff_t>(kApart)) {
      far_.push_back(place);
    }
    recent_[tokens_ % kTokensBehind] = place;
    ++tokens_;
    at_ += length;
  }

  Vocabulary vocabulary_;
  Place start_;
  const char* at_;
  uint64_t tokens_;  // of the prefix up to at_
  size_t first_length_ = 0;
  Place recent_[kTokensBehind] = {};  // the last tokens, by number
  std::vector<Place> far_;
};

PrefixCounter::PrefixCounter(Vocabulary vocabulary, const char* start, bool (*cancelled)())
    : vocabulary_(vocabulary), encoder_(vocabulary, cancelled), places_{{start, 0, 0}} {}

std::optional<uint64_t> PrefixCounter::Count(const char* end) {
  if (end == start()) return 0;
  if (vocabulary_.FindToken(start(), static_cast<size_t>(end - start())) != kNoToken) return 1;
  for (;; places_.pop_back()) {
    const Place place = places_.back();
    if (place.at + std::max<size_t>(place.token_length, 1) > end) continue;
    Window window(vocabulary_, place);
    if (!encoder_.Merge(place.at, static_cast<size_t>(end - place.at), &window)) return std::nullopt;
    if (!window.agrees()) continue;
    window.AppendPlaces(&places_);
    return window.tokens();
  }
}

}  // namespace tokenmeter::tokenizer
