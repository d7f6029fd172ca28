// Where the pieces of a text go: a sink makes tokens of them, and counts or keeps these.
//
// A sink has
//   Take(piece, length, readable): takes one piece, at which `readable` bytes may be read. Answers TM_OK,
//     TM_CANCELLED or TM_TOO_MANY; other than with TM_OK the piece is not taken.
//   TakeWindow(window, pieces, status): takes the pieces of a window of kReadableWindow bytes. Returns how
//     many bytes of it were taken; *status is the answer to the last piece.
//   settled(): the tokens of what was taken.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "tokenizer/ascii_scanner.hpp"
#include "tokenizer/bpe.hpp"
#include "tokenizer/recent_pieces.hpp"
#include "tokenizer/tokenizer.h"

namespace tokenmeter::tokenizer {

// Calls take(start, length) for each piece of a window, until it returns false.
template <typename Take>
void ForEachPiece(PieceStarts pieces, Take take) {
  size_t start = 0;
  do {
    pieces.starts &= pieces.starts - 1;
    const size_t end =
        pieces.starts != 0 ? static_cast<size_t>(std::countr_zero(pieces.starts)) : pieces.length;
    if (!take(start, end - start)) return;
    start = end;
  } while (pieces.starts != 0);
}

// Counts tokens. Most pieces are short and known as a whole to the image; no token is looked at then.
class Counter {
 public:
  Counter(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), encoder_(vocabulary, cancelled) {}

  TmStatus Take(const char* piece, size_t length, size_t readable) {
    if (length > PieceSlot::kLongest) return CountLong(piece, length) ? TM_OK : TM_CANCELLED;
    char padded[sizeof(PieceSlot)] = {};
    if (readable < sizeof padded) piece = static_cast<char*>(std::memcpy(padded, piece, length));
    const PieceSlot key = PieceKey(piece, length);
    CountShort(key, vocabulary_.PrefetchPiece(key));
    return TM_OK;
  }

  // All look-ups of a window are begun before the first is needed.
  size_t TakeWindow(const char* window, PieceStarts pieces, TmStatus*) {
    PieceSlot keys[kAsciiWindow];
    uint64_t places[kAsciiWindow];
    size_t short_pieces = 0;
    ForEachPiece(pieces, [&](size_t start, size_t length) {
      if (length > PieceSlot::kLongest) {
        CountLong(window + start, length);  // too short to be cancelled
        return true;
      }
      keys[short_pieces] = PieceKey(window + start, length);
      places[short_pieces] = vocabulary_.PrefetchPiece(keys[short_pieces]);
      ++short_pieces;
      return true;
    });
    for (size_t i = 0; i < short_pieces; ++i) CountShort(keys[i], places[i]);
    return pieces.length;
  }

  uint64_t settled() const { return settled_; }

 private:
  bool CountLong(const char* piece, size_t length) {
    uint64_t count = 0;
    const bool done =
        encoder_.Encode(piece, length, [&count](std::span<const TokenId> run) { count += run.size(); });
    if (done) settled_ += count;
    return done;
  }

  void CountShort(const PieceSlot& key, uint64_t place) {
    const uint64_t count = vocabulary_.CountPiece(key, place);
    settled_ += count != 0 ? count : CountUnknown(key);
  }

  // A short piece that is no token of its own.
  uint64_t CountUnknown(const PieceSlot& key) {
    uint64_t count = recent_ != nullptr ? recent_->Find(key) : 0;
    if (count != 0) return count;
    encoder_.Merge(key.bytes(), key.length(),
                   [&count](std::span<const TokenId> run) { count += run.size(); });
    if (recent_ != nullptr) recent_->Remember(key, count);
    return count;
  }

  Vocabulary vocabulary_;
  PieceEncoder encoder_;
  RecentPieces* recent_ = RecentPieces::Of(vocabulary_);
  uint64_t settled_ = 0;
};

// Writes tokens into an array.
class Writer {
 public:
  Writer(Vocabulary vocabulary, bool (*cancelled)(), TokenId* tokens, size_t capacity)
      : encoder_(vocabulary, cancelled), tokens_(tokens), capacity_(capacity) {}

  TmStatus Take(const char* piece, size_t length, size_t) {
    size_t used = settled_;
    bool fits = true;
    const bool done = encoder_.Encode(piece, length, [&](std::span<const TokenId> run) {
      fits = fits && run.size() <= capacity_ - used;
      if (!fits) return;
      std::copy(run.begin(), run.end(), tokens_ + used);
      used += run.size();
    });
    if (!done) return TM_CANCELLED;
    if (!fits) return TM_TOO_MANY;
    settled_ = used;
    return TM_OK;
  }

  size_t TakeWindow(const char* window, PieceStarts pieces, TmStatus* status) {
    size_t taken = 0;
    ForEachPiece(pieces, [&](size_t start, size_t length) {
      *status = Take(window + start, length, length);
      if (*status == TM_OK) taken = start + length;
      return *status == TM_OK;
    });
    return taken;
  }

  size_t settled() const { return settled_; }

 private:
  PieceEncoder encoder_;
  TokenId* tokens_;
  size_t capacity_;
  size_t settled_ = 0;
};

}  // namespace tokenmeter::tokenizer
