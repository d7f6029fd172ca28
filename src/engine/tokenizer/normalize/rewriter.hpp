// How a normalizer's step writes: it names what it replaces, and what it passes over is kept. A text of
// which nothing was replaced is not copied.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

inline std::string_view Between(const char* from, const char* to) {
  return {from, static_cast<size_t>(to - from)};
}

// Bytes that grow at the end.
class TextBuffer {
 public:
  // So many bytes may be read and written for a short string, however short it is.
  static constexpr size_t kShort = 16;

  // Empties it. From now on it takes at most `limit` bytes.
  void Clear(size_t limit) {
    size_ = 0;
    limit_ = limit;
  }
  void Shorten(size_t bytes) { size_ -= bytes; }
  std::string_view view() const { return {bytes_.get(), size_}; }

  // Throws std::bad_alloc, for more than the limit too.
  void Append(std::string_view bytes) {
    if (bytes.empty()) return;
    MakeRoom(bytes.size());
    std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }

  // The same for at most kShort bytes, at an address where kShort can be read.
  void AppendShort(const char* bytes, size_t size) {
    MakeRoom(size);
    std::memcpy(bytes_.get() + size_, bytes, kShort);
    size_ += size;
  }

 private:
  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  void MakeRoom(size_t more) {
    if (more + kShort > capacity_ - size_) Grow(more);
  }

  void Grow(size_t more) {
    if (size_ + more > limit_) throw std::bad_alloc();
    const size_t wanted = size_ + more + kShort;
    const size_t capacity = std::max(wanted, std::min(2 * capacity_, limit_ + kShort));
    char* grown = static_cast<char*>(std::realloc(bytes_.get(), capacity));
    if (grown == nullptr) throw std::bad_alloc();
    static_cast<void>(bytes_.release());
    bytes_.reset(grown);
    capacity_ = capacity;
  }

  std::unique_ptr<char, Free> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
  size_t limit_ = 0;
};

// A string of a few bytes, where AppendShort can read it.
struct ShortText {
  char bytes[TextBuffer::kShort];
  size_t size;

  std::string_view view() const { return {bytes, size}; }
};

inline constexpr ShortText kNothing = {"", 0};
inline constexpr ShortText kSpace = {" ", 1};
inline constexpr ShortText kEscapedSpace = {"\u2581", 3};  // how SentencePiece writes a space

class Rewriter {
 public:
  static constexpr ptrdiff_t kPollInterval = 64 * 1024;

  // `text` and `buffer`, which is empty, outlive it; `cancelled` may be null.
  Rewriter(std::string_view text, TextBuffer* buffer, bool (*cancelled)())
      : begin_(text.data()),
        end_(begin_ + text.size()),
        kept_(begin_),
        poll_at_(PollAfter(begin_)),
        buffer_(buffer),
        cancelled_(cancelled) {}

  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  // Whether to give up: a step asks this wherever it is at or past poll_at().
  bool Cancelled(const char* at) {
    if (at < poll_at_) [[likely]]
      return false;
    poll_at_ = PollAfter(at);
    return cancelled_ != nullptr && cancelled_();
  }
  const char* poll_at() const { return poll_at_; }
  bool (*cancelled() const)() { return cancelled_; }

  // The same where a step passes over text again or backwards: it asks for each character.
  bool CancelledAgain() { return ++work_ % kPollInterval == 0 && cancelled_ != nullptr && cancelled_(); }

  // Writes `with` for [from, to), which is not before what was replaced last.
  void Replace(const char* from, const char* to, std::string_view with) {
    NoteFirst(from, to, with.size());
    Keep(from);
    buffer_->Append(with);
    kept_ = to;
  }

  void Replace(const char* from, const char* to, const ShortText& with) {
    NoteFirst(from, to, with.size);
    Keep(from);
    buffer_->AppendShort(with.bytes, with.size);
    kept_ = to;
  }

  void Replace(const char* from, const char* to, uint32_t code_point) {
    ShortText with{};
    with.size = EncodeCharacter(code_point, with.bytes);
    Replace(from, to, with);
  }

  bool replaced() const { return replaced_; }

  // Of the first character: whether it came of the one that was first before, or of one that came later, or
  // of none.
  enum class Start { kKept, kLater, kNew };
  Start start() const { return start_; }
  void SetStart(Start start) { start_ = start; }

  // The text as it has become; stands until the buffer is used again.
  std::string_view Finish() {
    if (!replaced_) return Between(begin_, end_);
    Keep(end_);
    kept_ = end_;
    return buffer_->view();
  }

  // For the last thing that a step does: only [from, to) of a text of which nothing was replaced, or all
  // but so many bytes at the end of what Finish returned.
  void Trim(const char* from, const char* to) {
    if (from != begin_) start_ = Start::kLater;
    begin_ = from;
    end_ = to;
  }
  void Shorten(size_t bytes) {
    if (replaced_) {
      buffer_->Shorten(bytes);
    } else {
      end_ -= bytes;
    }
  }

 private:
  // What is removed at the start is removed first.
  void NoteFirst(const char* from, const char* to, size_t size) {
    if (!replaced_ && from == begin_ && from != to && size == 0) start_ = Start::kLater;
    replaced_ = true;
  }

  const char* PollAfter(const char* at) const {
    return end_ - at < kPollInterval ? end_ : at + kPollInterval;
  }

  void Keep(const char* to) {
    const auto size = static_cast<size_t>(to - kept_);
    if (size <= TextBuffer::kShort && end_ - kept_ >= static_cast<ptrdiff_t>(TextBuffer::kShort)) {
      buffer_->AppendShort(kept_, size);
    } else {
      buffer_->Append({kept_, size});
    }
  }

  const char* begin_;
  const char* end_;
  const char* kept_;  // what is before this has been copied or replaced
  const char* poll_at_;
  TextBuffer* buffer_;
  bool (*cancelled_)();
  size_t work_ = 0;
  bool replaced_ = false;
  Start start_ = Start::kKept;
};

}  // namespace tokenmeter::tokenizer
