#include "tokenizer/truncate.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "tokenizer/prefix_counter.hpp"
#include "tokenizer/pretokenizer.hpp"
#include "tokenizer/unicode.hpp"

namespace tokenmeter::tokenizer {
namespace {

constexpr size_t kNone = SIZE_MAX;

// What ends a search early: a status of the door other than TM_OK.
struct Stopped {
  TmStatus status;
};

bool IsCharacterStart(std::string_view text, size_t at) {
  return at >= text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
}

size_t CharacterStartBefore(std::string_view text, size_t at) {
  while (at > 0 && !IsCharacterStart(text, at)) --at;
  return at;
}

// Counts by the door. Its functions keep what their callers rely on for every encoding.
class Counting {
 public:
  Counting(const TmEncoding& encoding, std::string_view text, bool (*cancelled)(), TmError* error)
      : encoding_(encoding), text_(text), cancelled_(cancelled), error_(error) {}

  // Tokens of text[from, to) alone. In two steps if it is long: the first is not for tm_count's memory.
  uint64_t Count(size_t from, size_t to) {
    constexpr size_t kLong = 1024;
    uint64_t total = 0;
    if (to - from > kLong) {
      const TmSettled settled = CountPart(from, to);
      from = settled.offset;
      total = settled.count;
    }
    uint64_t count = 0;
    Check(tm_count(&encoding_, text_.data() + from, to - from, cancelled_, &count, error_));
    return total + count;
  }

  // What is settled of text[from, to), by its place in the text.
  TmSettled CountPart(size_t from, size_t to) {
    TmSettled settled = {};
    Check(tm_count_part(&encoding_, text_.data() + from, to - from, true, cancelled_, &settled.count,
                        error_));
    settled.offset = from + error_->offset;
    settled.known_from = to;
    return settled;
  }

 private:
  static void Check(TmStatus status) {
    if (status != TM_OK) throw Stopped{status};
  }

  const TmEncoding& encoding_;
  std::string_view text_;
  bool (*cancelled_)();
  TmError* error_;
};

// How many tokens text[from, end) has, for many ends.
struct Counts {
  uint64_t own;    // of that text alone
  uint64_t least;  // of whatever longer text, up to there
};

// Of encodings with no structure to use: every end is counted by itself, and `least` is hoped.
class PlainEnds {
 public:
  PlainEnds(Counting* counting, std::string_view text, size_t from)
      : counting_(counting), text_(text), from_(from) {}

  size_t clean_run() const { return kSearchWindow; }
  Counts At(size_t end) {
    if (IsCharacterStart(text_, end)) {
      const uint64_t count = counting_->Count(from_, end);
      last_ = {count, count};
    }
    return last_;
  }

 private:
  Counting* counting_;
  std::string_view text_;
  size_t from_;
  Counts last_ = {};
};

// Of byte-level BPE with a known pattern.
template <Pattern pattern>
class BpeEnds {
 public:
  BpeEnds(Vocabulary vocabulary, std::string_view text, size_t from, bool (*cancelled)())
      : vocabulary_(vocabulary), text_(text), from_(from), cancelled_(cancelled) {}

  size_t clean_run() const { return vocabulary_.longest_token() + kCutMargin; }

  // `end` may be within a character: tokens end there, too.
  Counts At(size_t end) {
    FindStarts(CharacterStartBefore(text_, end));
    Counts counts = {0, UINT64_MAX};
    uint64_t before = 0;  // tokens of the pieces before this one
    for (size_t i = 0; i < starts_.size(); ++i) {
      const uint64_t tokens = CountPrefix(i, end);
      counts.own = before + tokens;
      counts.least = std::min(counts.least, counts.own);
      if (i + 1 < starts_.size()) before += CountPrefix(i, starts_[i + 1]);
    }
    return counts;
  }

 private:
  // Where the pieces of text[from, end) start. In a run of like characters they are where they were.
  void FindStarts(size_t end) {
    if (end == end_) return;
    if (end_ != kNone && ExtendsRun(end)) {
      end_ = end;
      return;
    }
    end_ = end;
    starts_.assign(1, from_);
    const char* const text_end = text_.data() + end;
    for (const char* at = text_.data() + from_; at < text_end;) {
      at = PieceEnd<pattern>(at, text_end, cancelled_);
      if (at == nullptr) throw Stopped{TM_CANCELLED};
      if (at < text_end) starts_.push_back(static_cast<size_t>(at - text_.data()));
    }
  }

  // Whether there is one more character than before, and it and the four before it are so much alike that
  // no alternative of the pattern tells one more of them: numbers are grouped, apostrophes and slashes are
  // seen.
  bool ExtendsRun(size_t end) const {
    constexpr int kAlike = 5;
    size_t at = end;
    CharacterClass first = CharacterClass::kNumber;
    for (int i = 0; i < kAlike; ++i) {
      const size_t after = at;
      if (at <= from_) return false;
      at = CharacterStartBefore(text_, at - 1);
      if (i == 0 && at != end_) return false;
      const char c = text_[at];
      const DecodedCharacter decoded = DecodeCharacter(text_.data() + at, text_.data() + after);
      const CharacterClass cls = ClassOf(unicode_, decoded.code_point);
      if (i == 0) first = cls;
      if (cls != first || cls == CharacterClass::kNumber || c == '\'' || c == '/') return false;
    }
    return true;
  }

  // Tokens of the bytes from the i-th start up to `end` as one piece.
  uint64_t CountPrefix(size_t i, size_t end) {
    const char* const start = text_.data() + starts_[i];
    if (counters_.size() <= i) {
      counters_.emplace_back(vocabulary_, start, cancelled_);
    } else if (counters_[i].start() != start) {
      counters_[i] = PrefixCounter(vocabulary_, start, cancelled_);
    }
    const auto count = counters_[i].Count(text_.data() + end);
    if (!count.has_value()) throw Stopped{TM_CANCELLED};
    return *count;
  }

  Vocabulary vocabulary_;
  std::string_view text_;
  size_t from_;
  bool (*cancelled_)();
  const UnicodeImage& unicode_ = Unicode();
  size_t end_ = kNone;
  std::vector<size_t> starts_;
  std::vector<PrefixCounter> counters_;  // of the starts
};

// A prefix that was found; `length` is kNone if there is none.
struct Found {
  size_t length = kNone;
  uint64_t count = 0;
};

// A length in [low, high) whose count is within the limit while that of a length at most `close_enough`
// larger is not, or is no longer in the range, if counts grow as they mostly do; `low` if even that has too
// many. Looks first where the limit is likely to be; then between two counts, to which lengths are nearly
// in proportion, with every third guess in the middle.
template <typename CountAt>
size_t FindCrossing(size_t low, size_t high, uint64_t limit, size_t close_enough, CountAt count_at) {
  uint64_t low_count = count_at(low);
  uint64_t high_count = 0;  // not known
  size_t step = close_enough + 4 * std::min<uint64_t>(limit, high);
  for (int guess = 1; low_count <= limit && high - low > close_enough; ++guess) {
    size_t middle = low + (high - low) / 2;
    if (high_count == 0) {
      middle = low + step;
      step *= 2;
    } else if (guess % 3 != 0 && high_count > low_count) {
      const double part =
          (static_cast<double>(limit - low_count) + 0.5) / static_cast<double>(high_count - low_count);
      middle = low + static_cast<size_t>(part * static_cast<double>(high - low));
    }
    const size_t margin = std::min(close_enough, (high - low) / 2);
    middle = std::clamp(middle, low + margin, high - margin);
    const uint64_t count = count_at(middle);
    if (count <= limit) {
      low = middle;
      low_count = count;
    } else {
      high = middle;
      high_count = count;
    }
  }
  return low;
}

class Truncator {
 public:
  Truncator(const TmEncoding& encoding, bool known_pieces, std::string_view text, bool more_follows,
            uint64_t max_tokens, bool (*cancelled)(), TmTruncation* known, TmError* error)
      : encoding_(encoding),
        known_pieces_(known_pieces),
        text_(text),
        more_follows_(more_follows),
        max_tokens_(max_tokens),
        cancelled_(cancelled),
        known_(*known),
        counting_(encoding, text, cancelled, error),
        too_long_(kNone) {}

  Found Run() {
    Settle();
    return Search();
  }

 private:
  // Lengths left to be looked at one by one.
  static constexpr size_t kFewLengths = 16;
  // And so many that are not.
  static constexpr size_t kManyLengths = 256;
  // How far behind a settled place it is mostly known to be one.
  static constexpr size_t kKnownBehind = 16;
  // At most so much is counted before the cancel flag is looked at.
  static constexpr size_t kLargestStep = kPollInterval;

  // Moves known_.last forward and too_long_ back.
  void Settle() {
    size_t unsettled_to = 0;  // no longer prefix than this settles any more
    for (;;) {
      const TmSettled& last = known_.last;
      BoundByTokenLength();
      const size_t low = std::max<size_t>(last.known_from, unsettled_to);
      if (too_long_ <= std::min(text_.size(), low + kFewLengths)) return;
      if (low >= text_.size()) {
        if (more_follows_) throw Stopped{TM_NEEDS_MORE};
        return;
      }
      const size_t end = NextEnd(low);
      const bool polls = end - last.offset >= kLargestStep / 2;
      const TmSettled next = counting_.CountPart(last.offset, end);
      if (next.count > left()) {
        too_long_ = end;
      } else if (next.offset != last.offset) {
        MoveTo(next);
      } else if (unsettled_to = end; IsLong(end) && !LeaveLongPiece()) {
        return;
      }
      if (polls) Poll();
    }
  }

  void Poll() const {
    if (cancelled_ != nullptr && cancelled_()) throw Stopped{TM_CANCELLED};
  }

  // Tokens that may follow known_.last.
  uint64_t left() const { return max_tokens_ - known_.last.count; }

  // Where tokens stand for the bytes of the text, so many have not more bytes than the longest.
  void BoundByTokenLength() {
    const size_t longest = encoding_.vocabulary.longest_token();
    if (known_pieces_ && left() <= text_.size() / longest) {
      too_long_ = std::min(
          too_long_, std::max<size_t>(known_.last.offset + left() * longest + 1, known_.last.known_from));
    }
  }

  // Whether what is not settled up to `end` is likely to have more tokens than are left.
  bool IsLong(size_t end) const {
    const size_t length = end - known_.last.offset;
    return length >= kManyLengths && length / 8 >= left();
  }

  // Goes on behind the piece at known_.last, if it ends before the tokens that are left do. False if it
  // does not.
  bool LeaveLongPiece() {
    const TmSettled& last = known_.last;
    const size_t crossing = FindCrossingFrom(last, too_long_);
    const TmSettled next = counting_.CountPart(last.offset, std::max<size_t>(crossing, last.offset));
    if (next.offset == last.offset || next.count > left()) {
      crossing_ = crossing;
      return false;
    }
    MoveTo(next);
    return true;
  }

  // How long a prefix to try next, of more than `low` bytes: as long as is likely to fit, and half of those
  // left at most.
  size_t NextEnd(size_t low) const {
    const TmSettled& last = known_.last;
    const uint64_t left = std::min<uint64_t>(max_tokens_ - last.count, kLargestStep);
    const size_t likely = std::clamp<size_t>(3 * left, kFewLengths, kLargestStep);
    const size_t step = std::max<size_t>(last.offset + likely > low ? last.offset + likely - low : 0,
                                         std::max(kFewLengths / 2, low - last.offset));
    if (too_long_ > text_.size()) return std::min(text_.size(), low + step);
    return low + std::min(step, (too_long_ - low) / 2);
  }

  // Takes a settled place further on. Where it was found by the look of much more text, which may be one
  // long piece, a little more is mostly enough.
  void MoveTo(TmSettled next) {
    const TmSettled last = known_.last;
    if (next.known_from - next.offset > 2 * kKnownBehind) {
      const TmSettled nearer = counting_.CountPart(last.offset, next.offset + kKnownBehind);
      if (nearer.offset != last.offset) next = nearer;
    }
    next.count += last.count;
    next.known_from = std::max(next.known_from, last.known_from);
    known_.before = last;
    known_.last = next;
  }

  // The longest that fits of the lengths below too_long_, from the longest on.
  Found Search() {
    const TmSettled& last = known_.last;
    if (crossing_ != kNone) {
      if (const Found found = SearchAmongMany(last, too_long_, crossing_); found.length != kNone)
        return found;
    } else {
      if (const Found found = SearchFrom(last, too_long_); found.length != kNone) return found;
    }
    // A settled place is known to be one only if some bytes follow. With fewer than those, from one before.
    size_t past = last.known_from;
    size_t step = 4 * kKnownBehind;
    for (const TmSettled& base : {known_.before, TmSettled{}}) {
      for (; past > base.known_from; step *= 2) {
        TmSettled near = base;
        if (past - base.known_from > step) {
          near = counting_.CountPart(base.offset, past - step);
          near.count += base.count;
        }
        if (const Found found = SearchFrom(near, past); found.length != kNone) return found;
        past = near.known_from;
      }
    }
    return {0, 0};
  }

  // The longest that fits of the lengths from where `base` is known on and below `past`.
  Found SearchFrom(const TmSettled& base, size_t past) {
    past = std::min(past, text_.size() + 1);
    const size_t from = base.known_from;
    if (past <= from || base.count > max_tokens_) return {};
    if (past - from > kManyLengths || past - base.offset > 8 * kManyLengths) {
      return SearchAmongMany(base, past, FindCrossingFrom(base, past));
    }
    for (size_t length = past; length-- > from;) {
      if (!IsCharacterStart(text_, length)) continue;
      const uint64_t count = base.count + counting_.Count(base.offset, length);
      if (count <= max_tokens_) return {length, count};
    }
    return {};
  }

  // Where the tokens after `base` come to those that are left.
  size_t FindCrossingFrom(const TmSettled& base, size_t past) {
    past = std::min(past, text_.size() + 1);
    const auto count_at = [&](size_t length) {
      return counting_.Count(base.offset,
                             std::max<size_t>(CharacterStartBefore(text_, length), base.offset));
    };
    const size_t crossing =
        FindCrossing(base.known_from, past, max_tokens_ - base.count, kFewLengths, count_at);
    return std::max<size_t>(CharacterStartBefore(text_, crossing), base.known_from);
  }

  Found SearchAmongMany(const TmSettled& base, size_t past, size_t crossing) {
    const Vocabulary& vocabulary = encoding_.vocabulary;
    const size_t from = base.offset;
    if (!known_pieces_) return SearchEnds(base, past, crossing, PlainEnds(&counting_, text_, from));
    switch (encoding_.pattern) {
      case Pattern::kGpt2:
        return SearchEnds(base, past, crossing,
                          BpeEnds<Pattern::kGpt2>(vocabulary, text_, from, cancelled_));
      case Pattern::kCl100k:
        return SearchEnds(base, past, crossing,
                          BpeEnds<Pattern::kCl100k>(vocabulary, text_, from, cancelled_));
      case Pattern::kO200k:
        return SearchEnds(base, past, crossing,
                          BpeEnds<Pattern::kO200k>(vocabulary, text_, from, cancelled_));
      default:
        break;
    }
    throw std::logic_error("encoding with an unknown pattern");
  }

  // Looks at every end from `end` on, which nearly fills the limit, until a run of them shows that no later
  // one fits.
  template <typename Ends>
  Found SearchEnds(const TmSettled& base, size_t past, size_t end, Ends ends) {
    const uint64_t limit = max_tokens_ - base.count;
    Found found;
    for (size_t run = 0; end < past && run < ends.clean_run(); ++end) {
      if (end > text_.size()) {
        if (more_follows_) throw Stopped{TM_NEEDS_MORE};
        break;
      }
      if (end % kManyLengths == 0) Poll();
      const Counts counts = ends.At(end);
      if (counts.own <= limit && IsCharacterStart(text_, end)) found = {end, base.count + counts.own};
      run = counts.least > limit ? run + 1 : 0;
    }
    return found;
  }

  const TmEncoding& encoding_;
  bool known_pieces_;
  std::string_view text_;
  bool more_follows_;
  uint64_t max_tokens_;
  bool (*cancelled_)();
  TmTruncation& known_;
  Counting counting_;
  size_t too_long_;          // prefixes of so many bytes and more have too many tokens, if any
  size_t crossing_ = kNone;  // of the piece at known_.last, if it is long
};

}  // namespace

bool HasKnownPieces(const TmEncoding& encoding) {
  if (!encoding.only_cuts() || !encoding.vocabulary.Has(ImageHeader::kMergesInLanes) ||
      encoding.vocabulary.Has(ImageHeader::kOfCharacters)) {
    return false;
  }
  return encoding.pattern == Pattern::kGpt2 || encoding.pattern == Pattern::kCl100k ||
         encoding.pattern == Pattern::kO200k;
}

TmStatus Truncate(const TmEncoding& encoding, bool known_pieces, std::string_view text, bool more_follows,
                  uint64_t max_tokens, bool (*cancelled)(), TmTruncation* known, size_t* prefix,
                  uint64_t* count, TmError* error) {
  try {
    const Found found =
        Truncator(encoding, known_pieces, text, more_follows, max_tokens, cancelled, known, error).Run();
    *prefix = found.length;
    *count = found.count;
    return TM_OK;
  } catch (const Stopped& stopped) {
    error->offset = known->last.offset;
    return stopped.status;
  }
}

TmStatus FindTail(const TmEncoding& encoding, std::string_view text, uint64_t max_tokens,
                  bool (*cancelled)(), size_t* start, TmError* error) {
  Counting counting(encoding, text, cancelled, error);
  const auto count_of = [&](size_t length) {
    return counting.Count(CharacterStartBefore(text, text.size() - length), text.size());
  };
  try {
    const size_t crossing = FindCrossing(0, text.size() + 1, max_tokens, 4, count_of);
    size_t longest = text.size() - CharacterStartBefore(text, text.size() - crossing);
    for (size_t length = longest; length <= std::min(text.size(), longest + kSearchWindow / 2); ++length) {
      if (IsCharacterStart(text, text.size() - length) && count_of(length) <= max_tokens) longest = length;
    }
    *start = text.size() - longest;
    return TM_OK;
  } catch (const Stopped& stopped) {
    return stopped.status;
  }
}

}  // namespace tokenmeter::tokenizer
