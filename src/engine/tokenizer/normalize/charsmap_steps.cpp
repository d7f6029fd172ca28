// The two ways to apply a charsmap.
#include "tokenizer/normalize/charsmap.hpp"
#include "tokenizer/normalize/clusters.hpp"
#include "tokenizer/normalize/steps.hpp"

namespace tokenmeter::tokenizer {
namespace {

// Past the ASCII before `limit` that has no rule and is followed by ASCII, and that `passes`.
template <typename Passes>
const char* SkipAscii(const Charsmap& charsmap, const char* at, const char* limit, const char* end,
                      Passes passes) {
  while (at < limit && charsmap.LeavesAscii(*at) && passes(*at) &&
         (at + 1 == end || static_cast<signed char>(at[1]) >= 0)) {
    ++at;
  }
  return at;
}

// Hugging Face's way: a grapheme cluster of less than six bytes that begins with a rule's key becomes what
// the shortest such rule says, all of it. In other clusters each character is looked up by itself.
class ClusterRewriter {
 public:
  ClusterRewriter(std::string_view charsmap, Rewriter* text) : charsmap_(charsmap), text_(text) {}

  bool Run() {
    const char* const end = text_->end();
    for (const char* at = text_->begin(); at < end;) {
      if (text_->Cancelled(at)) return false;
      // Such ASCII is a cluster by itself, but for CR before LF; and these two have no rule if CR has none.
      at = SkipAscii(charsmap_, at, text_->poll_at(), end, [](char) { return true; });
      if (at < text_->poll_at() && !RunCluster(&at)) return false;
    }
    return true;
  }

 private:
  static constexpr ptrdiff_t kLongestCluster = 5;

  bool RunCluster(const char** at) {
    const char* const start = *at;
    DecodedCharacter c = DecodeCharacter(start, text_->end());
    ClusterState state(c.code_point, ClusterOf(c));
    const char*& end = *at;
    end += c.length;
    const auto continues = [&] {
      if (end == text_->end()) return false;
      c = DecodeCharacter(end, text_->end());
      return state.Continues(c.code_point, ClusterOf(c));
    };
    bool is_more = continues();
    for (; is_more && end + c.length - start <= kLongestCluster; is_more = continues()) end += c.length;
    if (!is_more && Transform(start, end)) return true;
    for (const char* one = start; one < end;) {
      const char* next = one + DecodeCharacter(one, end).length;
      Transform(one, next);
      one = next;
    }
    for (; is_more; is_more = continues()) {
      if (text_->Cancelled(end)) return false;
      Transform(end, end + c.length);
      end += c.length;
    }
    return true;
  }

  ClusterClass ClusterOf(DecodedCharacter c) const {
    return NormalizationOf(table_, c.code_point).cluster();
  }

  bool Transform(const char* from, const char* to) {
    const Charsmap::Match match = charsmap_.Shortest(Between(from, to));
    if (match.length == 0) return false;
    text_->Replace(from, to, match.value);
    return true;
  }

  const Charsmap charsmap_;
  Rewriter* const text_;
  const NormalizationImage& table_ = NormalizationTable();
};

// SentencePiece's way: at each place the longest rule, else a character; and what becomes of spaces.
class SentencePieceRewriter {
 public:
  SentencePieceRewriter(SentencePieceOptions options, std::string_view charsmap, Rewriter* text)
      : options_(options), charsmap_(charsmap), text_(text) {}

  bool Run() {
    const char* start = text_->begin();
    if (options_.remove_extra_spaces && !RemoveLeadingSpaces(&start)) return false;
    if (start < text_->end()) {
      if (options_.dummy_prefix) text_->Replace(start, start, space());
      if (!RewriteFrom(start)) return false;
    }
    return !options_.remove_extra_spaces || RemoveTrailingSpaces();
  }

 private:
  // So many bytes of text, and what they become.
  struct Prefix {
    size_t length;
    std::string_view value;
  };

  const ShortText& space() const { return options_.escape_spaces ? kEscapedSpace : kSpace; }

  Prefix NormalizePrefix(const char* at) const {
    const Charsmap::Match match = charsmap_.Longest(Between(at, text_->end()));
    if (match.length != 0) return {match.length, match.value};
    const DecodedCharacter c = DecodeCharacter(at, text_->end());
    if (c.code_point == kInvalidCodePoint) return {1, "\uFFFD"};
    return {c.length, {at, c.length}};
  }

  bool RemoveLeadingSpaces(const char** start) {
    const char* at = *start;
    while (at < text_->end()) {
      if (text_->Cancelled(at)) return false;
      const Prefix prefix = NormalizePrefix(at);
      if (prefix.value != " ") break;
      at += prefix.length;
    }
    if (at != *start) text_->Replace(*start, at, kNothing);
    *start = at;
    return true;
  }

  bool RewriteFrom(const char* at) {
    bool after_space = options_.remove_extra_spaces;
    while (at < text_->end()) {
      if (text_->Cancelled(at)) return false;
      const char* plain_end =
          SkipAscii(charsmap_, at, text_->poll_at(), text_->end(), [](char byte) { return byte != ' '; });
      if (plain_end != at) after_space = false;
      at = plain_end;
      if (at >= text_->poll_at()) continue;
      const Prefix prefix = NormalizePrefix(at);
      std::string_view value = prefix.value;
      while (after_space && value.starts_with(' ')) value.remove_prefix(1);
      if (!value.empty()) after_space = options_.remove_extra_spaces && value.ends_with(' ');
      Replace(at, at + prefix.length, value);
      at += prefix.length;
    }
    return true;
  }

  void Replace(const char* from, const char* to, std::string_view value) {
    if (options_.escape_spaces && value == " ") return text_->Replace(from, to, kEscapedSpace);
    for (size_t at; options_.escape_spaces && (at = value.find(' ')) != value.npos;
         value.remove_prefix(at + 1)) {
      text_->Replace(from, from, value.substr(0, at));
      text_->Replace(from, from, kEscapedSpace);
    }
    if (value != Between(from, to)) text_->Replace(from, to, value);
  }

  bool RemoveTrailingSpaces() {
    std::string_view rest = text_->Finish();
    const size_t size = rest.size();
    while (rest.ends_with(space().view())) {
      if (text_->CancelledAgain()) return false;
      rest.remove_suffix(space().size);
    }
    text_->Shorten(size - rest.size());
    return true;
  }

  const SentencePieceOptions options_;
  const Charsmap charsmap_;
  Rewriter* const text_;
};

}  // namespace

bool ApplyCharsmap(std::string_view charsmap, Rewriter* text) {
  return ClusterRewriter(charsmap, text).Run();
}

bool ApplySentencePiece(SentencePieceOptions options, std::string_view charsmap, Rewriter* text) {
  return SentencePieceRewriter(options, charsmap, text).Run();
}

}  // namespace tokenmeter::tokenizer
