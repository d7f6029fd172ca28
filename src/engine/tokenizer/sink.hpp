// Where the pieces of a text go: a sink makes tokens of them, and counts or keeps these.
//
// A sink has
//   Take(piece, length, readable): takes one piece, at which `readable` bytes may be read. Answers TM_OK,
//     TM_CANCELLED or TM_TOO_MANY; other than with TM_OK the piece is not taken.
//   TakeWindow(text, window, pieces, status): takes the pieces of a window of kReadableWindow bytes, which
//     holds what is at `text`. Returns how many bytes of it were taken; *status is the answer to the last
//     piece.
//   TakeToken(id): takes a token that was found in the text itself. Answers TM_OK or TM_TOO_MANY.
//   settled(): the tokens of what was taken.
// What was taken need not stay where it is.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

#include "tokenizer/mask_scanner.hpp"
#include "tokenizer/piece_encoder.hpp"
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
// Pieces are gathered, so that the look-ups of many wait for memory together.
class Counter {
 public:
  Counter(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), encoder_(vocabulary, cancelled) {}

  TmStatus Take(const char* piece, size_t length, size_t readable) {
    if (length > MergeJob::kLongest) return CountLong(piece, length) ? TM_OK : TM_CANCELLED;
    char padded[MediumPiece::kSize] = {};
    const char* key = piece;
    if (readable < sizeof padded && length <= sizeof padded) {
      key = static_cast<char*>(std::memcpy(padded, piece, length));
    }
    if (length > PieceSlot::kLongest) {
      TakeMedium(piece, key, length);
    } else {
      short_pieces_[short_count_++] = PieceKey(key, length);
    }
    CountIfFull();
    return TM_OK;
  }

  TmStatus TakeToken(TokenId) {
    ++settled_;
    return TM_OK;
  }

  size_t TakeWindow(const char* text, const char* window, PieceStarts pieces, TmStatus*) {
    PieceSlot* piece = short_pieces_ + short_count_;
    ForEachPiece(pieces, [&](size_t start, size_t length) {
      if (length > PieceSlot::kLongest) {
        TakeMedium(text + start, window + start, length);
      } else {
        *piece++ = PieceKey(window + start, length);
      }
      return true;
    });
    short_count_ = static_cast<size_t>(piece - short_pieces_);
    CountIfFull();
    return pieces.length;
  }

  uint64_t settled() {
    CountGathered();
    return settled_;
  }

 private:
  // Enough to hide what look-ups wait for; more would crowd the first-level cache.
  static constexpr size_t kBatch = 512;
  static constexpr size_t kMostShort = kBatch + kByteWindow;
  static constexpr size_t kMediumBatch = 32;
  static constexpr size_t kMostMedium = kMediumBatch + kByteWindow / (PieceSlot::kLongest + 1);

  // Some of the gathered pieces. Which they will be nobody can predict, so no branch decides it.
  struct Selection {
    size_t count = 0;
    uint16_t pieces[kMostShort];

    void AddIf(bool condition, size_t piece) {
      pieces[count] = static_cast<uint16_t>(piece);
      count += condition;
    }
  };

  void CountIfFull() {
    if (short_count_ >= kBatch || medium_count_ >= kMediumBatch) CountGathered();
  }

  void CountGathered() {
    settled_ += CountShort() + CountMedium();
    short_count_ = medium_count_ = 0;
  }

  // Asks what is near first: the pieces counted lately, then the image, and then merges.
  uint64_t CountShort() {
    uint64_t tokens = 0;
    Selection not_seen;
    for (size_t i = 0; i < short_count_; ++i) {
      const uint64_t count = recent_.FindSeen(short_pieces_[i]);
      tokens += count;
      not_seen.AddIf(count == 0, i);
    }
    const PieceSlot* known[kMostShort];
    const PieceSlot* merged[kMostShort];
    for (size_t i = 0; i < not_seen.count; ++i) {
      const PieceSlot& piece = short_pieces_[not_seen.pieces[i]];
      known[i] = vocabulary_.PrefetchPiece(piece);
      merged[i] = recent_.PrefetchMerged(piece);
    }
    Selection unknown;
    for (size_t i = 0; i < not_seen.count; ++i) {
      const PieceSlot& piece = short_pieces_[not_seen.pieces[i]];
      const uint64_t count = known[i]->CountOf(piece) | merged[i]->CountOf(piece);
      tokens += count;
      unknown.AddIf(count == 0, not_seen.pieces[i]);
      recent_.RememberSeen(piece, count);
    }
    return tokens + CountUnknown(unknown);
  }

  // Short pieces that are no tokens of their own.
  uint64_t CountUnknown(const Selection& unknown) {
    if (unknown.count == 0) return 0;
    MergeJob jobs[kMostShort];
    MergeResult results[kMostShort];
    for (size_t i = 0; i < unknown.count; ++i) {
      const PieceSlot& key = short_pieces_[unknown.pieces[i]];
      jobs[i] = {key.bytes(), key.length()};
    }
    CountJobs({jobs, unknown.count}, results);
    uint64_t tokens = 0;
    for (size_t i = 0; i < unknown.count; ++i) {
      tokens += results[i].count;
      recent_.RememberMerged(short_pieces_[unknown.pieces[i]], results[i].count);
    }
    return tokens;
  }

  // Counts pieces that are no tokens as a whole.
  void CountJobs(std::span<const MergeJob> jobs, MergeResult* results) {
    const ImageHeader& header = vocabulary_.header();
    if (vocabulary_.Has(ImageHeader::kMergesInLanes) && header.priorities.count == 0) {
      return cpu_path->merge_jobs(vocabulary_, jobs, MergeWish::kCounts, results);
    }
    for (const MergeJob& job : jobs) {
      Tally tally;
      // So short a piece is not cancelled.
      encoder_.EncodeParts(job.bytes, job.length, &tally);
      *results++ = {static_cast<uint32_t>(tally.count), 0};
    }
  }

  // Takes a piece that one merge job holds, but no PieceSlot. The same bytes stand at `key`, of which those
  // of a MediumPiece are readable if it may be one.
  void TakeMedium(const char* piece, const char* key, size_t length) {
    MediumPiece& medium = medium_pieces_[medium_count_];
    const bool may_be_recent = length <= MediumPiece::kLongest;
    if (may_be_recent) {
      medium = MediumPiece(key, length);
      if (const uint64_t count = recent_.FindMedium(medium); count != 0) {
        settled_ += count;
        return;
      }
    }
    if (vocabulary_.FindToken(piece, length) != kNoToken) {
      ++settled_;
      if (may_be_recent) recent_.RememberMedium(medium, 1);
      return;
    }
    std::memcpy(medium_bytes_[medium_count_], piece, length);
    medium_jobs_[medium_count_] = {medium_bytes_[medium_count_], length};
    ++medium_count_;
  }

  uint64_t CountMedium() {
    if (medium_count_ == 0) return 0;
    MergeResult results[kMostMedium];
    CountJobs({medium_jobs_, medium_count_}, results);
    uint64_t tokens = 0;
    for (size_t i = 0; i < medium_count_; ++i) {
      tokens += results[i].count;
      if (medium_jobs_[i].length <= MediumPiece::kLongest) {
        recent_.RememberMedium(medium_pieces_[i], results[i].count);
      }
    }
    return tokens;
  }

  bool CountLong(const char* piece, size_t length) {
    Tally tally;
    const bool done = encoder_.Encode(piece, length, &tally);
    if (done) settled_ += tally.count;
    return done;
  }

  struct Tally {
    uint64_t count = 0;
    void Add(const TokenRun& run) { count += run.count(); }
    void Clear() { count = 0; }
  };

  Vocabulary vocabulary_;
  PieceEncoder encoder_;
  RecentPieces& recent_ = RecentPieces::Of(vocabulary_);
  uint64_t settled_ = 0;
  size_t short_count_ = 0;
  size_t medium_count_ = 0;
  PieceSlot short_pieces_[kMostShort];
  MergeJob medium_jobs_[kMostMedium];
  char medium_bytes_[kMostMedium][MergeJob::kLongest];
  MediumPiece medium_pieces_[kMostMedium];
};

// Writes tokens into an array.
class Writer {
 public:
  Writer(Vocabulary vocabulary, bool (*cancelled)(), TokenId* tokens, size_t capacity)
      : vocabulary_(vocabulary), encoder_(vocabulary, cancelled), tokens_(tokens), capacity_(capacity) {}

  TmStatus Take(const char* piece, size_t length, size_t) {
    written_ = settled_;
    fits_ = true;
    if (!encoder_.Encode(piece, length, this)) return TM_CANCELLED;
    if (!fits_) return TM_TOO_MANY;
    settled_ = written_;
    return TM_OK;
  }

  TmStatus TakeToken(TokenId id) {
    if (settled_ == capacity_) return TM_TOO_MANY;
    tokens_[settled_++] = id;
    return TM_OK;
  }

  size_t TakeWindow(const char*, const char* window, PieceStarts pieces, TmStatus* status) {
    size_t taken = 0;
    ForEachPiece(pieces, [&](size_t start, size_t length) {
      *status = Take(window + start, length, length);
      if (*status == TM_OK) taken = start + length;
      return *status == TM_OK;
    });
    return taken;
  }

  size_t settled() const { return settled_; }

  // As the output of a piece's encoder.
  void Add(const TokenRun& run) {
    fits_ = fits_ && run.count() <= capacity_ - written_;
    if (!fits_) return;
    run.Visit(vocabulary_, [this](TokenId token) { tokens_[written_++] = vocabulary_.IdOf(token); });
  }
  void Clear() {
    written_ = settled_;
    fits_ = true;
  }

 private:
  Vocabulary vocabulary_;
  PieceEncoder encoder_;
  TokenId* tokens_;
  size_t capacity_;
  size_t settled_ = 0;
  size_t written_ = 0;  // with those of the piece that is being encoded
  bool fits_ = true;
};

}  // namespace tokenmeter::tokenizer
