// The door's implementation: finds encodings, cuts a text into pieces for a sink, and turns whatever is
// thrown behind the door into a status.
#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string_view>

#include "tokenizer/builtin.hpp"
#include "tokenizer/estimate.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/recent_texts.hpp"
#include "tokenizer/sink.hpp"
#include "tokenizer/truncate.hpp"

namespace tokenmeter::tokenizer {
namespace {

void Describe(TmError* error, const char* what) {
  std::snprintf(error->message, sizeof error->message, "%s", what);
}

// Runs `body`, which returns a TmStatus; no exception passes.
template <typename Body>
TmStatus AtTheDoor(TmError* error, Body body) noexcept {
  error->offset = 0;
  error->message[0] = '\0';
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

// Gives the sink the pieces of a window at `at`, as far as they are settled. Returns how many bytes they
// are, and in *status what the sink said of the last one.
template <Pattern pattern, typename Sink>
size_t TakeWindow(const char* at, const char* end, bool more_follows, Sink* sink, TmStatus* status) {
  char padded[kReadableWindow];
  const size_t left = static_cast<size_t>(end - at);
  const size_t length = std::min(left, kByteWindow);
  const char* window = at;
  if (left < kReadableWindow) {
    std::memset(padded, 0, sizeof padded);
    window = static_cast<char*>(std::memcpy(padded, at, left));
  }
  const bool at_text_end = left <= kByteWindow && !more_follows;
  const PieceStarts pieces = FindPieces<pattern>(window, length, at_text_end);
  return pieces.length == 0 ? 0 : sink->TakeWindow(at, window, pieces, status);
}

// Puts the pieces of the text into the sink until it says other than TM_OK; if more text follows, until one
// is not settled.
template <Pattern pattern, typename Sink>
TmStatus TokenizeAs(std::string_view text, bool more_follows, bool (*cancelled)(), TmError* error,
                    Sink* sink) {
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  // The caller knows that nothing is pending yet.
  const char* poll_at = at + std::min<size_t>(kPollInterval, text.size());
  TmStatus status = TM_OK;
  while (at != end && status == TM_OK) {
    error->offset = at - text.data();
    if (at >= poll_at) {
      if (cancelled != nullptr && cancelled()) return TM_CANCELLED;
      poll_at = at + std::min<size_t>(kPollInterval, end - at);
    }
    const size_t taken = TakeWindow<pattern>(at, end, more_follows, sink, &status);
    at += taken;
    if (taken != 0 || status != TM_OK) continue;
    bool settled;
    const char* piece_end = PartPieceEnd<pattern>(at, end, cancelled, &settled);
    if (piece_end == nullptr) return TM_CANCELLED;
    if (more_follows && !settled) break;
    status = sink->Take(at, piece_end - at, end - at);
    if (status == TM_OK) at = piece_end;
  }
  error->offset = at - text.data();
  return status;
}

template <typename Sink>
TmStatus Tokenize(Pattern pattern, std::string_view text, bool more_follows, bool (*cancelled)(),
                  TmError* error, Sink* sink) {
  switch (pattern) {
    case Pattern::kGpt2:
      return TokenizeAs<Pattern::kGpt2>(text, more_follows, cancelled, error, sink);
    case Pattern::kCl100k:
      return TokenizeAs<Pattern::kCl100k>(text, more_follows, cancelled, error, sink);
    case Pattern::kO200k:
      return TokenizeAs<Pattern::kO200k>(text, more_follows, cancelled, error, sink);
  }
  throw std::logic_error("encoding with an unknown pattern");
}

}  // namespace
}  // namespace tokenmeter::tokenizer

using namespace tokenmeter::tokenizer;

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
    RecentText recent(*encoding, {text, length});
    if (recent.Find(count)) {
      error->offset = length;
      return TM_OK;
    }
    Counter counter(encoding->vocabulary, cancelled);
    const TmStatus status = Tokenize(encoding->pattern, {text, length}, false, cancelled, error, &counter);
    *count = counter.settled();
    if (status == TM_OK) recent.Remember(*count);
    return status;
  });
}

TmStatus tm_count_part(const TmEncoding* encoding, const char* text, size_t length, bool more_follows,
                       bool (*cancelled)(void), uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Counter counter(encoding->vocabulary, cancelled);
    const TmStatus status =
        Tokenize(encoding->pattern, {text, length}, more_follows, cancelled, error, &counter);
    *count = counter.settled();
    return status;
  });
}

TmStatus tm_truncate(const TmEncoding* encoding, const char* text, size_t length, bool more_follows,
                     uint64_t max_tokens, bool (*cancelled)(void), TmTruncation* known, size_t* prefix,
                     uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    return Truncate(*encoding, HasKnownPieces(*encoding), {text, length}, more_follows, max_tokens,
                    cancelled, known, prefix, count, error);
  });
}

TmStatus tm_tail(const TmEncoding* encoding, const char* text, size_t length, uint64_t max_tokens,
                 bool (*cancelled)(void), size_t* start, TmError* error) {
  return AtTheDoor(error, [&] {
    return FindTail(*encoding, {text, length}, max_tokens, cancelled, start, error);
  });
}

TmStatus tm_encode(const TmEncoding* encoding, const char* text, size_t length, bool (*cancelled)(void),
                   uint32_t* tokens, size_t capacity, uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Writer writer(encoding->vocabulary, cancelled, tokens, capacity);
    const TmStatus status = Tokenize(encoding->pattern, {text, length}, false, cancelled, error, &writer);
    *count = writer.settled();
    return status;
  });
}

const TmEstimator* tm_estimator_find(const char* name, size_t length) { return FindEstimator({name, length}); }

TmStatus tm_estimate(const TmEstimator* estimator, const char* text, size_t length, bool (*cancelled)(void),
                     uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    KindCounts counts;
    if (!CountKinds({text, length}, cancelled, &counts)) return TM_CANCELLED;
    *count = Estimate(*estimator, counts);
    error->offset = length;
    return TM_OK;
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

TmStatus tm_fail_for_test(TmError* error) {
  return AtTheDoor(error, []() -> TmStatus { throw std::runtime_error("thrown for a test"); });
}

void tm_remember_texts(size_t texts) { RecentText::SetCapacity(texts); }
