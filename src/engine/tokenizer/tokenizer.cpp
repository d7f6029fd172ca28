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

// Emits the tokens of the whole text, piece by piece, until emit returns false (TM_TOO_MANY).
template <Pattern pattern, typename Emit>
TmStatus ForEachRun(Vocabulary vocabulary, std::string_view text, bool (*cancelled)(), TmError* error,
                    Emit emit) {
  PieceEncoder encoder(vocabulary, cancelled);
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  const char* poll_at = at;
  while (at != end) {
    error->offset = at - text.data();
    if (at >= poll_at) {
      if (cancelled != nullptr && cancelled()) return TM_CANCELLED;
      poll_at = at + std::min<size_t>(kPollInterval, end - at);
    }
    const char* piece_end = PieceEnd<pattern>(at, end, cancelled);
    if (piece_end == nullptr) return TM_CANCELLED;
    bool fits = true;
    const bool done = encoder.Encode(at, piece_end - at, [&](std::span<const TokenId> tokens) {
      fits = fits && emit(tokens);
    });
    if (!done) return TM_CANCELLED;
    if (!fits) return TM_TOO_MANY;
    at = piece_end;
  }
  return TM_OK;
}

template <typename Emit>
TmStatus Tokenize(const TmEncoding& encoding, std::string_view text, bool (*cancelled)(), TmError* error,
                  Emit emit) {
  switch (encoding.pattern) {
    case Pattern::kGpt2:
      return ForEachRun<Pattern::kGpt2>(encoding.vocabulary, text, cancelled, error, emit);
    case Pattern::kCl100k:
      return ForEachRun<Pattern::kCl100k>(encoding.vocabulary, text, cancelled, error, emit);
    case Pattern::kO200k:
      return ForEachRun<Pattern::kO200k>(encoding.vocabulary, text, cancelled, error, emit);
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
    uint64_t total = 0;
    const TmStatus status = Tokenize(*encoding, {text, length}, cancelled, error,
                                     [&total](std::span<const TokenId> tokens) {
                                       total += tokens.size();
                                       return true;
                                     });
    *count = total;
    return status;
  });
}

TmStatus tm_encode(const TmEncoding* encoding, const char* text, size_t length, bool (*cancelled)(void),
                   uint32_t* tokens, size_t capacity, size_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    size_t used = 0;
    const TmStatus status = Tokenize(*encoding, {text, length}, cancelled, error,
                                     [&](std::span<const TokenId> run) {
                                       if (run.size() > capacity - used) return false;
                                       std::copy(run.begin(), run.end(), tokens + used);
                                       used += run.size();
                                       return true;
                                     });
    *count = used;
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
