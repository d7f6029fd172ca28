// The door's implementation: resolves encodings, drives pre-tokenizer and merging over a text, and
// turns whatever is thrown behind the door into a status.
#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

#include "tokenizer/ascii_scanner.hpp"
#include "tokenizer/bpe.hpp"
#include "tokenizer/builtin.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/recent_pieces.hpp"

using tokenmeter::tokenizer::BuiltinEncodings;
using tokenmeter::tokenizer::FindAsciiPieces;
using tokenmeter::tokenizer::kAsciiWindow;
using tokenmeter::tokenizer::kPollInterval;
using tokenmeter::tokenizer::kReadableWindow;
using tokenmeter::tokenizer::Pattern;
using tokenmeter::tokenizer::PieceEncoder;
using tokenmeter::tokenizer::PieceEnd;
using tokenmeter::tokenizer::PieceKey;
using tokenmeter::tokenizer::PieceSlot;
using tokenmeter::tokenizer::PieceStarts;
using tokenmeter::tokenizer::RecentPieces;
using tokenmeter::tokenizer::SpecialTokenRecord;
using tokenmeter::tokenizer::TokenId;
using tokenmeter::tokenizer::Vocabulary;

namespace {

void Describe(TmError* error, const char* what) {
  std::snprintf(error->message, sizeof error->message, "%s", what);
}

// Runs `body`, which returns a TmStatus; no exception passes.
template <typename Body>
TmStatus AtTheDoor(TmError* error, Body body) noexcept {
  *error = {};
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return TM_OUT_OF_MEMORY;
  } catch (const std::exception& exception) {
    Describe(error, exception.what());
    return TM_INTERNAL;
  } catch (...) {
    Describe(error, "unknown exception");
    return TM_INTERNAL;
  }
}

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

// Sinks take pieces and make tokens of them. Their answer is TM_OK, TM_CANCELLED or TM_TOO_MANY; what stood
// before the last piece that was taken whole is settled. `readable` is how many bytes may be read at a piece.
// TakeWindow takes the pieces of a window that is readable beyond its end, and returns how many bytes of it
// were taken.

// Counts tokens. Most pieces are short and known as a whole to the image; no token is looked at then.
class Counter {
 public:
  Counter(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), encoder_(vocabulary, cancelled) {}

  TmStatus Take(const char* piece, size_t length, size_t readable) {
    if (length > PieceSlot::kLongest) return CountLong(piece, length) ? TM_OK : TM_CANCELLED;
    char padded[sizeof(PieceSlot)];
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

// Gives the sink the pieces of a window of ASCII at `at`, as far as they are settled. Returns how many bytes
// they are, and in *status what the sink said of the last one.
template <Pattern pattern, typename Sink>
size_t TakeAsciiPieces(const char* at, const char* end, Sink* sink, TmStatus* status) {
  char padded[kReadableWindow];
  const size_t left = static_cast<size_t>(end - at);
  const size_t length = std::min(left, kAsciiWindow);
  const char* window = at;
  if (left < kReadableWindow) window = static_cast<char*>(std::memcpy(padded, at, left));
  const PieceStarts pieces = FindAsciiPieces<pattern>(window, length, left <= kAsciiWindow);
  return pieces.length == 0 ? 0 : sink->TakeWindow(window, pieces, status);
}

// Puts the pieces of the text into the sink until it says other than TM_OK.
template <Pattern pattern, typename Sink>
TmStatus TokenizeAs(std::string_view text, bool (*cancelled)(), TmError* error, Sink* sink) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  const char* poll_at = at;
  TmStatus status = TM_OK;
  while (at != end && status == TM_OK) {
    error->offset = at - text.data();
    if (at >= poll_at) {
      if (cancelled != nullptr && cancelled()) return TM_CANCELLED;
      poll_at = at + std::min<size_t>(kPollInterval, end - at);
    }
    if (static_cast<signed char>(*at) >= 0) {
      const size_t taken = TakeAsciiPieces<pattern>(at, end, sink, &status);
      at += taken;
      if (taken != 0 || status != TM_OK) continue;
    }
    const char* piece_end = PieceEnd<pattern>(at, end, cancelled);
    if (piece_end == nullptr) return TM_CANCELLED;
    status = sink->Take(at, piece_end - at, end - at);
    if (status == TM_OK) at = piece_end;
  }
  error->offset = at - text.data();
  return status;
}

template <typename Sink>
TmStatus Tokenize(Pattern pattern, std::string_view text, bool (*cancelled)(), TmError* error, Sink* sink) {
  switch (pattern) {
    case Pattern::kGpt2:
      return TokenizeAs<Pattern::kGpt2>(text, cancelled, error, sink);
    case Pattern::kCl100k:
      return TokenizeAs<Pattern::kCl100k>(text, cancelled, error, sink);
    case Pattern::kO200k:
      return TokenizeAs<Pattern::kO200k>(text, cancelled, error, sink);
  }
  throw std::logic_error("encoding with an unknown pattern");
}

}  // namespace

const TmEncoding* tm_encoding_at(size_t index) {
  const auto encodings = BuiltinEncodings();
  return index < encodings.size() ? &encodings[index] : nullptr;
}

const TmEncoding* tm_encoding_find(const char* name, size_t length) {
  const std::string_view wanted(name, length);
  for (size_t i = 0; const TmEncoding* encoding = tm_encoding_at(i); ++i) {
    if (encoding->name == wanted) return encoding;
  }
  return nullptr;
}

const char* tm_encoding_name(const TmEncoding* encoding) { return encoding->name; }

TmStatus tm_count(const TmEncoding* encoding, const char* text, size_t length, bool (*cancelled)(void),
                  uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Counter counter(encoding->vocabulary, cancelled);
    const TmStatus status = Tokenize(encoding->pattern, {text, length}, cancelled, error, &counter);
    *count = counter.settled();
    return status;
  });
}

TmStatus tm_encode(const TmEncoding* encoding, const char* text, size_t length, bool (*cancelled)(void),
                   uint32_t* tokens, size_t capacity, uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Writer writer(encoding->vocabulary, cancelled, tokens, capacity);
    const TmStatus status = Tokenize(encoding->pattern, {text, length}, cancelled, error, &writer);
    *count = writer.settled();
    return status;
  });
}

size_t tm_token_bytes(const TmEncoding* encoding, uint32_t token, const char** bytes) {
  const Vocabulary& vocabulary = encoding->vocabulary;
  std::string_view found = vocabulary.TokenBytes(token);
  if (found.empty()) {
    const auto specials = vocabulary.SpecialTokens(*encoding->record);
    const auto special = std::ranges::lower_bound(specials, token, {}, &SpecialTokenRecord::id);
    if (special != specials.end() && special->id == token) {
      found = vocabulary.SpecialTokenText(*special);
    }
  }
  *bytes = found.data();
  return found.size();
}

bool tm_chat_format(const TmEncoding* encoding, TmChatFormat* format) {
  if (encoding->pattern == Pattern::kGpt2) return false;
  *format = {.tokens_per_message = 3, .tokens_per_name = 1, .tokens_per_reply = 3};
  return true;
}

TmStatus tm_fail_for_test(TmError* error) {
  return AtTheDoor(error, []() -> TmStatus { throw std::runtime_error("thrown for a test"); });
}
