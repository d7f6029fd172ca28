// Byte-pair encoding of one piece: the tokens that merging yields, taking at every step the leftmost
// pair of adjacent tokens whose merged token has the lowest id.
//
// Four facts let a long piece be encoded window by window, in memory that does not depend on its
// length (proofs: test/engine/bpe_test.cpp states and checks them):
//   1. The encoding of a string is unique, and any run of its tokens is the encoding of its own bytes.
//   2. A sequence of tokens is an encoding if and only if each two neighbours are.
//   3. So where the encodings of two overlapping windows share a token, the tokens of the first up to
//      it and of the second from it on are, together, the encoding of the union.
//   4. And where a run of tokens is followed by its own first token again, it may be repeated.
#pragma once

#include <bit>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "tokenizer/cpu_path.hpp"

namespace tokenmeter::tokenizer {

// Some tokens of a piece: `count` of them, `times` over. Which they are is told to those who ask.
class TokenRun {
 public:
  explicit TokenRun(std::span<const TokenId> tokens, size_t times = 1)
      : tokens_(tokens), times_(times), per_time_(tokens.size()) {}
  // Tokens that start at the bytes that `starts` has a bit for; the last ends at bytes[end].
  TokenRun(const char* bytes, uint64_t starts, size_t end)
      : bytes_(bytes), starts_(starts), end_(end), per_time_(static_cast<size_t>(std::popcount(starts))) {}

  size_t count() const { return per_time_ * times_; }

  template <typename Put>
  void Visit(const Vocabulary& vocabulary, Put put) const {
    for (size_t i = 0; i < times_; ++i) {
      for (TokenId token : tokens_) put(token);
    }
    for (uint64_t rest = starts_; rest != 0;) {
      const auto start = static_cast<size_t>(std::countr_zero(rest));
      rest &= rest - 1;
      const size_t end = rest != 0 ? static_cast<size_t>(std::countr_zero(rest)) : end_;
      put(end - start == 1 ? vocabulary.ByteToken(static_cast<uint8_t>(bytes_[start]))
                           : vocabulary.FindToken(bytes_ + start, end - start));
    }
  }

 private:
  std::span<const TokenId> tokens_;
  const char* bytes_ = nullptr;
  uint64_t starts_ = 0;
  size_t end_ = 0;
  size_t times_ = 1;
  size_t per_time_;
};

// An Output takes a piece's tokens: Add(const TokenRun&), in order; Clear() forgets those added.
class BpeEncoder {
 public:
  // `cancelled` may be null; it is polled once per window.
  BpeEncoder(Vocabulary vocabulary, bool (*cancelled)()) : vocabulary_(vocabulary), cancelled_(cancelled) {}

  // Puts out the tokens of a piece. Returns false if cancelled; what was put out is then of no use.
  // O(length), but O(length log length) where windows have to grow. May throw std::bad_alloc.
  template <typename Output>
  bool Merge(const char* piece, size_t length, Output* output) {
    if (!vocabulary_.MayMergeInLanes(piece, length)) return MergeWhole(piece, length, output);
    if (length > MergeJob::kLongest) return MergeLong(piece, piece + length, output);
    const MergeJob job{piece, length};
    MergeResult result;
    cpu_path->merge_jobs(vocabulary_, {&job, 1}, MergeWish::kCountsAndStarts, &result);
    output->Add(TokenRun(piece, result.starts, length));
    return true;
  }

 private:
  enum class Outcome { kGoesOn, kCancelled, kDisagrees };

  // How far a long piece is settled. The token that starts there is known from the window before: its
  // length in bytes, 0 at the start of the piece. A window that begins there with another token disagrees:
  // what was put out then is not the encoding.
  struct Place {
    const char* at;
    size_t first_token = 0;
  };

  // The tokens of a stretch of a piece that starts at `bytes`.
  struct Window {
    const char* bytes = nullptr;
    size_t length = 0;
    std::vector<TokenId> tokens;
  };

  // A token in the making, in a list over the window's bytes: node i starts at byte i.
  struct Node {
    TokenId token;
    TokenId merged;  // of this token and the next one
    uint32_t previous;
    uint32_t next;
  };

  // What lanes cannot merge: in one window, which holds the whole piece.
  template <typename Output>
  bool MergeWhole(const char* piece, size_t length, Output* output) {
    if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>();
    if (!EncodeWindow(piece, piece + length, length, &scratch_->window)) return false;
    FuseUnknown(&scratch_->window.tokens);
    output->Add(TokenRun(std::span<const TokenId>(scratch_->window.tokens)));
    return true;
  }
  void FuseUnknown(std::vector<TokenId>* tokens) const;

  static constexpr uint32_t kNoNode = UINT32_MAX;

  // Small windows are merged in lanes. Each begins so far behind the one before it; the rest is shared.
  static constexpr size_t kStride = 44;
  static constexpr size_t kSmallWindows = 16;
  struct SmallWindow {
    const char* bytes;
    size_t length;
    uint64_t starts;  // a bit for each byte that a token starts at

    // The end of the token that starts at byte `at`.
    size_t EndOfToken(size_t at) const {
      const uint64_t behind = starts & (~uint64_t{1} << at);
      return behind != 0 ? static_cast<size_t>(std::countr_zero(behind)) : length;
    }
    // The tokens from byte `from` to byte `to`, 1 or more.
    TokenRun Tokens(size_t from, size_t to) const {
      return TokenRun(bytes, starts & (~uint64_t{0} << from) & (~uint64_t{0} >> (64 - to)), to);
    }
  };

  // Large windows, for what does not settle within small ones; their lists stay in the second-level cache.
  static constexpr size_t kLargeWindow = 4096;

  // Windows of a disagreement start larger, and at last hold the whole piece. None was ever seen.
  template <typename Output>
  bool MergeLong(const char* piece, const char* end, Output* output) {
    for (size_t large = kLargeWindow;; large *= 4) {
      Place place{piece};
      Outcome outcome = Outcome::kGoesOn;
      while (place.at != end && outcome == Outcome::kGoesOn) {
        if (cancelled_ != nullptr && cancelled_()) return false;
        const bool try_small = large == kLargeWindow && !RepeatsItself(place.at, end);
        if (try_small && SettleSmallWindows(&place, end, output)) continue;
        outcome = SettleLargeWindow(&place, end, large, output);
      }
      if (outcome != Outcome::kDisagrees) return outcome == Outcome::kGoesOn;
      output->Clear();
    }
  }

  // Whether the text goes on with many repetitions of a few bytes, which large windows skip.
  static bool RepeatsItself(const char* at, const char* end);

  // Puts out what small windows from `place` on agree on. Returns false if that is nothing.
  template <typename Output>
  bool SettleSmallWindows(Place* place, const char* end, Output* output) {
    SmallWindow windows[kSmallWindows];
    const size_t count = MergeSmallWindows(*place, end, windows);
    if (place->first_token != 0 && place->first_token != windows[0].EndOfToken(0)) return false;
    size_t from = 0;
    size_t i = 0;
    for (; i + 1 < count; ++i) {
      const size_t shared = SharedToken(windows[i], windows[i + 1]);
      if (shared == kNoSharedToken) break;
      output->Add(windows[i].Tokens(from, kStride + shared));
      from = shared;
    }
    const SmallWindow& last = windows[i];
    if (last.bytes + last.length == end) {
      output->Add(last.Tokens(from, last.length));
      *place = {end};
      return true;
    }
    if (i == 0) return false;
    *place = {last.bytes + from, last.EndOfToken(from) - from};
    return true;
  }

  // Puts out the tokens of a large window from `place` on up to where the next one agrees with it, or many
  // times over where the text repeats itself.
  template <typename Output>
  Outcome SettleLargeWindow(Place* place, const char* end, size_t length, Output* output) {
    if (scratch_ == nullptr) scratch_ = std::make_unique<Scratch>();
    const Window& window = scratch_->window;
    for (;; length *= 2) {
      if (cancelled_ != nullptr && cancelled_()) return Outcome::kCancelled;
      if (!EncodeWindow(place->at, end, length, &scratch_->window)) return Outcome::kCancelled;
      const std::span<const TokenId> tokens(window.tokens);
      if (place->first_token != 0 && place->first_token != LengthOf(tokens.front()))
        return Outcome::kDisagrees;
      if (window.bytes + window.length == end) {
        output->Add(TokenRun(tokens));
        *place = {end};
        return Outcome::kGoesOn;
      }
      if (const Cycle cycle = FindCycle(window, end); cycle.times != 0) {
        output->Add(TokenRun(tokens.first(cycle.first)));
        output->Add(TokenRun(tokens.subspan(cycle.first, cycle.count), cycle.times));
        *place = {cycle.end, LengthOf(tokens[cycle.first])};
        return Outcome::kGoesOn;
      }
      if (const size_t settled = FindOverlap(window, end); settled != 0) {
        output->Add(TokenRun(tokens.first(settled)));
        *place = {scratch_->next.bytes, LengthOf(scratch_->next.tokens.front())};
        return Outcome::kGoesOn;
      }
    }
  }

  // Merges windows from `place` on; returns how many, at most kSmallWindows.
  size_t MergeSmallWindows(const Place& place, const char* end, SmallWindow* windows);

  // The first byte of the later window at which a token starts that the earlier one has too.
  static constexpr size_t kNoSharedToken = SIZE_MAX;
  static size_t SharedToken(const SmallWindow& earlier, const SmallWindow& later);

  size_t LengthOf(TokenId token) const { return vocabulary_.TokenBytes(token).size(); }

  // Encodes `length` bytes from `bytes` on, or those up to `end` if they are fewer. Returns false if
  // cancelled.
  bool EncodeWindow(const char* bytes, const char* end, size_t length, Window* window);

  // Makes the window's bytes or characters nodes; characters without a token, their bytes or an unknown
  // one.
  // What has none of these is dropped, and what is beside it meets. Returns the first node, `end` if there
  // is none.
  uint32_t AddSymbols(const char* bytes, uint32_t end);

  // Finds a token of the window at which a next window, encoded into the scratch's next one, agrees with
  // it. Returns how many tokens stand before it, or 0 where there is none.
  size_t FindOverlap(const Window& window, const char* end);

  // Tokens of a window that are followed by the first of them again, where the text goes on repeating their
  // bytes: they may be put out many times, up to `end`.
  struct Cycle {
    size_t first = 0;  // token
    size_t count = 0;
    size_t times = 0;  // 0: there is no cycle
    const char* end = nullptr;
  };
  Cycle FindCycle(const Window& window, const char* end);

  // Kept from piece to piece: those that need it allocate once per text at most.
  struct Scratch {
    Window window;
    Window next;
    std::vector<Node> nodes;
    std::vector<uint64_t> heap;
    std::vector<uint32_t> borders;
  };

  Vocabulary vocabulary_;
  bool (*cancelled_)();
  std::unique_ptr<Scratch> scratch_;  // for large windows; null before the first
};

}  // namespace tokenmeter::tokenizer
