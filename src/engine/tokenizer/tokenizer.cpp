// The door's implementation: resolves encodings, drives pre-tokenizer and merging over a text, and
// turns whatever is thrown behind the door into a status.
#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <string_view>

#include "tokenizer/bpe.hpp"
#include "tokenizer/builtin.hpp"
#include "tokenizer/pretokenizer.hpp"

using tokenmeter::tokenizer::BuiltinEncodings;
using tokenmeter::tokenizer::kPollInterval;
using tokenmeter::tokenizer::Pattern;
using tokenmeter::tokenizer::PieceEncoder;
using tokenmeter::tokenizer::PieceEnd;
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

// Puts the tokens of the text into the sink, piece by piece, until it is full (TM_TOO_MANY).
template <Pattern pattern, typename Sink>
TmStatus TokenizeAs(const TmEncoding& encoding, std::string_view text, bool (*cancelled)(), TmError* error,
                    Sink* sink) {
  PieceEncoder encoder(encoding.vocabulary, cancelled);
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  const char* poll_at = at;
  while (at != end) {
    error->offset = at - text.data();
    sink->EndPiece();
    if (at >= poll_at) {
      if (cancelled != nullptr && cancelled()) return TM_CANCELLED;
      poll_at = at + std::min<size_t>(kPollInterval, end - at);
    }
    const char* piece_end = PieceEnd<pattern>(at, end, cancelled);
    if (piece_end == nullptr) return TM_CANCELLED;
    bool fits = true;
    const bool done = encoder.Encode(at, piece_end - at, [&](std::span<const TokenId> tokens) {
      fits = fits && sink->Add(tokens);
    });
    if (!done) return TM_CANCELLED;
    if (!fits) return TM_TOO_MANY;
    at = piece_end;
  }
  error->offset = text.size();
  sink->EndPiece();
  return TM_OK;
}

template <typename Sink>
TmStatus Tokenize(const TmEncoding& encoding, std::string_view text, bool (*cancelled)(), TmError* error,
                  Sink* sink) {
  switch (encoding.pattern) {
    case Pattern::kGpt2:
      return TokenizeAs<Pattern::kGpt2>(encoding, text, cancelled, error, sink);
    case Pattern::kCl100k:
      return TokenizeAs<Pattern::kCl100k>(encoding, text, cancelled, error, sink);
    case Pattern::kO200k:
      return TokenizeAs<Pattern::kO200k>(encoding, text, cancelled, error, sink);
  }
  throw std::logic_error("encoding with an unknown pattern");
}

// Sinks take runs of tokens; what stands at EndPiece is settled.
class Counter {
 public:
  bool Add(std::span<const TokenId> tokens) {
    total_ += tokens.size();
    return true;
  }
  void EndPiece() { settled_ = total_; }
  uint64_t settled() const { return settled_; }

 private:
  uint64_t total_ = 0;
  uint64_t settled_ = 0;
};

class Writer {
 public:
  Writer(TokenId* tokens, size_t capacity) : tokens_(tokens), capacity_(capacity) {}
  bool Add(std::span<const TokenId> run) {
    if (run.size() > capacity_ - used_) return false;
    std::copy(run.begin(), run.end(), tokens_ + used_);
    used_ += run.size();
    return true;
  }
  void EndPiece() { settled_ = used_; }
  size_t settled() const { return settled_; }

 private:
  TokenId* tokens_;
  size_t capacity_;
  size_t used_ = 0;
  size_t settled_ = 0;
};

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
    Counter counter;
    const TmStatus status = Tokenize(*encoding, {text, length}, cancelled, error, &counter);
    *count = counter.settled();
    return status;
  });
}

TmStatus tm_encode(const TmEncoding* encoding, const char* text, size_t length, bool (*cancelled)(void),
                   uint32_t* tokens, size_t capacity, uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Writer writer(tokens, capacity);
    const TmStatus status = Tokenize(*encoding, {text, length}, cancelled, error, &writer);
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
