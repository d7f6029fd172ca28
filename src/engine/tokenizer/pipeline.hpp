// The way of a text through an encoding: added tokens are cut out, what is between them is normalized and
// cut into pieces, and a sink makes tokens of those. The encodings that are linked into the library only
// cut.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "tokenizer/added_tokens.hpp"
#include "tokenizer/encoding.hpp"
#include "tokenizer/normalize/normalizer.hpp"
#include "tokenizer/pattern.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/sink.hpp"
#include "tokenizer/splitter.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

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
#define TOKENIZE_AS(pattern) \
  case pattern:              \
    return TokenizeAs<pattern>(text, more_follows, cancelled, error, sink);
    FOR_EVERY_PATTERN(TOKENIZE_AS)
#undef TOKENIZE_AS
    case Pattern::kNone:
      break;
  }
  throw std::logic_error("encoding with an unknown pattern");
}

// An encoding that does more with a text than to cut it by a known pattern.
template <typename Sink>
class Pipeline {
 public:
  Pipeline(const TmEncoding& encoding, bool (*cancelled)(), Sink* sink)
      : vocabulary_(encoding.vocabulary),
        pattern_(encoding.pattern),
        cancelled_(cancelled),
        sink_(sink),
        normalizer_(vocabulary_.Program(vocabulary_.header().normalizer)),
        splitter_(vocabulary_.Program(vocabulary_.header().splitter)) {}

  // Other than TM_OK, what the sink has taken is of no use.
  TmStatus Run(std::string_view text) {
    text_ = text;
    return BetweenAddedTokens(vocabulary_.header().added_raw, text,
                              [this](std::string_view stretch) { return Normalize(stretch); });
  }

 private:
  // Gives the sink the added tokens of a text, and `take` what is between them, in order.
  template <typename Take>
  TmStatus BetweenAddedTokens(const TrieSections& trie, std::string_view text, Take take) {
    AddedTokenFinder finder(vocabulary_, trie, text, cancelled_);
    size_t done = 0;
    AddedTokenMatch match;
    while (finder.Next(&match)) {
      if (match.start > done) {
        if (const TmStatus status = take(text.substr(done, match.start - done)); status != TM_OK)
          return status;
      }
      if (const TmStatus status = sink_->TakeToken(match.id); status != TM_OK) return status;
      done = match.end;
    }
    if (finder.was_cancelled()) return TM_CANCELLED;
    return done < text.size() ? take(text.substr(done)) : TM_OK;
  }

  TmStatus Normalize(std::string_view stretch) {
    at_text_start_ = stretch.data() == text_.data();
    std::string_view normalized;
    if (!normalizer_.Apply(stretch, at_text_start_, cancelled_, &normalized)) return TM_CANCELLED;
    at_text_start_ = at_text_start_ && normalizer_.keeps_start();
    return BetweenAddedTokens(vocabulary_.header().added_normalized, normalized,
                              [&](std::string_view part) {
                                at_text_start_ = at_text_start_ && part.data() == normalized.data();
                                return Cut(part);
                              });
  }

  TmStatus Cut(std::string_view stretch) {
    if (pattern_ != Pattern::kNone) {
      TmError ignored;
      return Tokenize(pattern_, stretch, false, cancelled_, &ignored, sink_);
    }
    const char* const end = stretch.data() + stretch.size();
    TmStatus status = TM_OK;
    const auto cut =
        splitter_.ForEachPiece(stretch, at_text_start_, cancelled_, [&](std::string_view piece) {
          const bool is_of_stretch = stretch.data() <= piece.data() && piece.data() < end;
          status = TakePiece(piece, is_of_stretch ? end : piece.data() + piece.size());
          return status == TM_OK;
        });
    return cut == Splitter::Status::kCancelled ? TM_CANCELLED : status;
  }

  // `readable_end`: what may be read behind the piece ends there.
  TmStatus TakePiece(std::string_view piece, const char* readable_end) {
    // Sums of scores are rounded: which of equal ones is higher depends on all that stands before.
    if (!vocabulary_.Has(ImageHeader::kOfCharacters) || vocabulary_.model() != ModelKind::kBpe) {
      return sink_->Take(piece.data(), piece.size(), readable_end - piece.data());
    }
    return TakeByCharacters(piece, readable_end);
  }

  // A piece may be a whole text. No token crosses the border between two characters that stand side by side
  // in none: it is cut there.
  TmStatus TakeByCharacters(std::string_view piece, const char* readable_end) {
    const char* const end = piece.data() + piece.size();
    const char* start = piece.data();
    const char* poll_at = start + std::min<size_t>(kPollInterval, piece.size());
    DecodedCharacter left = DecodeCharacter(start, end);
    for (const char* at = start + left.length; at != end;) {
      const DecodedCharacter right = DecodeCharacter(at, end);
      if (!vocabulary_.MayBeJoined(left.code_point, right.code_point) &&
          !AreBound(at - left.length, at, right)) {
        if (const TmStatus status = sink_->Take(start, at - start, readable_end - start); status != TM_OK) {
          return status;
        }
        start = at;
        if (at >= poll_at) {
          if (cancelled_ != nullptr && cancelled_()) return TM_CANCELLED;
          poll_at = at + std::min<size_t>(kPollInterval, end - at);
        }
      }
      at += right.length;
      left = right;
    }
    return sink_->Take(start, end - start, readable_end - start);
  }

  // Whether two characters have to do with each other though no token has both: unknown ones may become one
  // token, and what is dropped lets its neighbours meet.
  bool AreBound(const char* left, const char* at, const DecodedCharacter& right) const {
    if (vocabulary_.Has(ImageHeader::kMergesInLanes)) return false;
    const auto is_unknown = [this](const char* character, size_t length) {
      return vocabulary_.FindToken(character, length) == kNoToken;
    };
    if (vocabulary_.header().unknown == kNoToken) {
      return is_unknown(left, at - left) || is_unknown(at, right.length);
    }
    return vocabulary_.Has(ImageHeader::kFuseUnknown) && is_unknown(left, at - left) &&
           is_unknown(at, right.length);
  }

  const Vocabulary vocabulary_;
  const Pattern pattern_;
  bool (*const cancelled_)();
  Sink* const sink_;
  Normalizer normalizer_;
  Splitter splitter_;
  std::string_view text_;
  bool at_text_start_ = true;
};

}  // namespace tokenmeter::tokenizer
