// The normalization forms. Most text is in its form already, which a table shows; what may not be, and what
// it joins, is a stretch that is normalized by itself.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "tokenizer/ascii_run.hpp"
#include "tokenizer/normalize/canonical.hpp"
#include "tokenizer/normalize/steps.hpp"

namespace tokenmeter::tokenizer {
namespace {

// A character and its canonical combining class in one word.
class Symbol {
 public:
  Symbol() = default;
  Symbol(uint32_t code_point, uint8_t combining_class)
      : value_(uint32_t{combining_class} << 24 | (code_point & 0xFFFFFF)) {}
  uint32_t code_point() const { return value_ & 0xFFFFFF; }
  uint8_t combining_class() const { return static_cast<uint8_t>(value_ >> 24); }

 private:
  uint32_t value_ = 0;
};

// Normalizes one stretch at a time: decomposes it, puts its marks in order, composes it again.
class Stretch {
 public:
  Stretch(Form form, Rewriter* text) : form_(form), text_(text) {}

  // Both return false if cancelled.
  bool Rewrite(const char* from, const char* to) {
    symbols_.clear();
    for (const char* at = from; at < to;) {
      if (text_->CancelledAgain()) return false;
      const DecodedCharacter c = DecodeCharacter(at, to);
      // Bytes that are no character join nothing, so such a byte is the first of its stretch and stays.
      if (c.code_point == kInvalidCodePoint) {
        from = ++at;
        continue;
      }
      AppendParts(c.code_point);
      at += c.length;
    }
    if (!OrderMarks() || (composes() && !Compose())) return false;
    Write(from, to);
    return true;
  }

 private:
  bool composes() const { return form_ == Form::kNfc || form_ == Form::kNfkc; }
  bool compatible() const { return form_ == Form::kNfkc || form_ == Form::kNfkd; }

  void AppendParts(uint32_t code_point) {
    const NormalizationRecord record = NormalizationOf(table_, code_point);
    if (!record.Changes(compatible() ? Form::kNfkd : Form::kNfd)) {
      AppendPart(code_point, record);
      return;
    }
    int32_t buffer[kLongestDecomposition];
    for (const int32_t part : Decompose(code_point, compatible(), &buffer)) {
      const auto part_code_point = static_cast<uint32_t>(part);
      AppendPart(part_code_point, NormalizationOf(table_, part_code_point));
    }
  }

  // What does not join when decomposed is a starter, whatever a newer utf8proc has learnt of it.
  void AppendPart(uint32_t code_point, NormalizationRecord record) {
    symbols_.emplace_back(code_point, record.Joins(Form::kNfd) ? CombiningClass(code_point) : 0);
  }

  // Runs of marks are sorted by class, and stay in order within a class.
  bool OrderMarks() {
    size_t first = 0;  // of the run
    for (size_t i = 0; i <= symbols_.size(); ++i) {
      if (text_->CancelledAgain()) return false;
      if (i < symbols_.size() && symbols_[i].combining_class() != 0) continue;
      if (i - first > 1 && !SortByClass(&symbols_[first], i - first)) return false;
      first = i + 1;
    }
    return true;
  }

  // By counting where a run is long, as in no language: linear, so nobody can make us wait.
  bool SortByClass(Symbol* symbols, size_t count) {
    constexpr size_t kFew = 16;
    if (count <= kFew) {
      for (size_t i = 1; i < count; ++i) {
        const Symbol symbol = symbols[i];
        size_t to = i;
        for (; to > 0 && symbols[to - 1].combining_class() > symbol.combining_class(); --to) {
          symbols[to] = symbols[to - 1];
        }
        symbols[to] = symbol;
      }
      return true;
    }
    std::array<size_t, 256> next{};
    for (size_t i = 0; i < count; ++i) {
      if (text_->CancelledAgain()) return false;
      ++next[symbols[i].combining_class()];
    }
    size_t before = 0;
    for (size_t& position : next) before += std::exchange(position, before);
    sorted_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      if (text_->CancelledAgain()) return false;
      sorted_[next[symbols[i].combining_class()]++] = symbols[i];
    }
    std::copy(sorted_.begin(), sorted_.end(), symbols);
    return true;
  }

  bool Compose() {
    size_t size = 0;                   // of what is composed so far
    size_t starter = symbols_.size();  // index of the last starter in it; at first there is none
    for (const Symbol symbol : symbols_) {
      if (text_->CancelledAgain()) return false;
      // A mark reaches the starter unless one of its class, or a starter, stands between.
      const bool adjacent = starter + 1 == size;
      const bool reaches =
          starter < size && (adjacent || symbols_[size - 1].combining_class() < symbol.combining_class());
      if (reaches) {
        const uint32_t composite = ComposePair(symbols_[starter].code_point(), symbol.code_point());
        // utf8proc may know composites that are newer.
        if (composite != 0 && NormalizationOf(table_, composite).Changes(Form::kNfd)) {
          symbols_[starter] = Symbol(composite, 0);
          continue;
        }
      }
      if (symbol.combining_class() == 0) starter = size;
      symbols_[size++] = symbol;
    }
    symbols_.resize(size);
    return true;
  }

  void Write(const char* from, const char* to) {
    written_.clear();
    char bytes[4];
    for (const Symbol symbol : symbols_) {
      const size_t length = EncodeCharacter(symbol.code_point(), bytes);
      written_.append(bytes, length);
    }
    if (written_ != Between(from, to)) text_->Replace(from, to, written_);
  }

  const Form form_;
  Rewriter* const text_;
  const NormalizationImage& table_ = NormalizationTable();
  std::vector<Symbol> symbols_;
  std::vector<Symbol> sorted_;
  std::string written_;
};

}  // namespace

bool ApplyForm(Form form, Rewriter* text) {
  const NormalizationImage& table = NormalizationTable();
  const char* const end = text->end();
  Stretch stretch(form, text);
  const char* before = nullptr;  // the character before `at`, if it is not part of a stretch
  for (const char* at = text->begin(); at < end;) {
    if (text->Cancelled(at)) return false;
    const char* ascii = at;
    at = FindInSet<NonAscii>(at, text->poll_at());
    if (at != ascii) before = at - 1;
    for (; at < text->poll_at() && static_cast<signed char>(*at) < 0;) {
      const DecodedCharacter c = DecodeCharacter(at, end);
      const NormalizationRecord record = NormalizationOf(table, c.code_point);
      if (!record.Changes(form) && !record.Joins(form)) {
        before = std::exchange(at, at + c.length);
        continue;
      }
      const char* from = record.Joins(form) && before != nullptr ? before : at;
      before = nullptr;
      for (at += c.length; at < end;) {
        if (text->Cancelled(at)) return false;
        const DecodedCharacter next = DecodeCharacter(at, end);
        if (!NormalizationOf(table, next.code_point).Joins(form)) break;
        at += next.length;
      }
      if (!stretch.Rewrite(from, at)) return false;
    }
  }
  return true;
}

}  // namespace tokenmeter::tokenizer
