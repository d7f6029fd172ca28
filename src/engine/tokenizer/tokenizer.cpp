// The door's implementation: finds encodings, cuts a text into pieces for a sink, and turns whatever is
// thrown behind the door into a status.
#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "tokenizer/builtin.hpp"
#include "tokenizer/door.hpp"
#include "tokenizer/estimate.hpp"
#include "tokenizer/pipeline.hpp"
#include "tokenizer/recent_texts.hpp"
#include "tokenizer/sink.hpp"
#include "tokenizer/truncate.hpp"

namespace tokenmeter::tokenizer {
namespace {

// Puts the tokens of a text into the sink; error->offset says how far that is of use.
template <typename Sink>
TmStatus Run(const TmEncoding& encoding, std::string_view text, bool more_follows, bool (*cancelled)(),
             TmError* error, Sink* sink) {
  if (encoding.only_cuts()) return Tokenize(encoding.pattern, text, more_follows, cancelled, error, sink);
  error->offset = 0;
  if (more_follows) return TM_OK;
  const TmStatus status = Pipeline<Sink>(encoding, cancelled, sink).Run(text);
  if (status == TM_OK) error->offset = text.size();
  return status;
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
    const TmStatus status = Run(*encoding, {text, length}, false, cancelled, error, &counter);
    *count = error->offset != 0 ? counter.settled() : 0;
    if (status == TM_OK) recent.Remember(*count);
    return status;
  });
}

TmStatus tm_count_part(const TmEncoding* encoding, const char* text, size_t length, bool more_follows,
                       bool (*cancelled)(void), uint64_t* count, TmError* error) {
  return AtTheDoor(error, [&] {
    Counter counter(encoding->vocabulary, cancelled);
    const TmStatus status = Run(*encoding, {text, length}, more_follows, cancelled, error, &counter);
    *count = error->offset != 0 ? counter.settled() : 0;
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
    const TmStatus status = Run(*encoding, {text, length}, false, cancelled, error, &writer);
    *count = error->offset != 0 ? writer.settled() : 0;
    return status;
  });
}

const TmEstimator* tm_estimator_find(const char* name, size_t length) {
  return FindEstimator({name, length});
}

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
  std::string_view found = vocabulary.TokenBytes(vocabulary.TokenOf(token));
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

size_t tm_token_text(const TmEncoding* encoding, uint32_t token, bool is_first, char* text) {
  const ImageHeader& header = encoding->vocabulary.header();
  const char* bytes;
  const size_t size = tm_token_bytes(encoding, token, &bytes);
  std::string_view rest(bytes, size);
  char* end = text;
  if (header.model == ModelKind::kWordPiece) {
    const std::string_view prefix = encoding->vocabulary.ContinuingPrefix();
    if (!prefix.empty() && rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
    } else if (!is_first) {
      *end++ = ' ';
    }
  }
  const std::string_view space(header.space, header.space_length);
  const auto is_space = [&] { return !space.empty() && rest.starts_with(space); };
  if (is_first && encoding->vocabulary.Has(ImageHeader::kAddsSpace) && is_space()) {
    rest.remove_prefix(space.size());
  }
  while (!rest.empty()) {
    const size_t length = is_space() ? space.size() : 1;
    *end++ = is_space() ? ' ' : rest.front();
    rest.remove_prefix(length);
  }
  return end - text;
}

TmStatus tm_fail_for_test(TmError* error) {
  return AtTheDoor(error, []() -> TmStatus { throw std::runtime_error("thrown for a test"); });
}

void tm_remember_texts(size_t texts) { RecentText::SetCapacity(texts); }
