// What a conversation becomes: texts that are counted each by itself, special tokens between them, and
// numbers of tokens that have no text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tokenmeter::chat {

class Prompt {
 public:
  // Either a text, bytes `begin` to `end` of text(), or a special token of that name.
  struct Piece {
    size_t begin;
    size_t end;
    std::string_view special;  // empty: a text
  };

  // Adds to the text at the end.
  void Text(std::string_view text) { text_.append(text); }

  // What comes now is another text, though no special token is between.
  void Break() {
    if (text_.size() > begin_) pieces_.push_back({begin_, text_.size(), {}});
    begin_ = text_.size();
  }

  // A text by itself.
  void WholeText(std::string_view text) {
    Break();
    Text(text);
    Break();
  }

  void Special(std::string_view name) {
    Break();
    pieces_.push_back({begin_, begin_, name});
  }

  // Text of a template, in which the names of its special tokens stand for these.
  void Fixed(std::string_view text, std::span<const std::string_view> specials);

  void AddTokens(int64_t tokens) { tokens_ += tokens; }

  // For what is written by others; adds to the text at the end.
  std::string* buffer() { return &text_; }

  // The three parts of the answer. To be asked for after a last Break().
  const std::vector<Piece>& pieces() const { return pieces_; }
  std::string_view text(const Piece& piece) const {
    return std::string_view(text_).substr(piece.begin, piece.end - piece.begin);
  }
  int64_t tokens() const { return tokens_; }

 private:
  std::string text_;
  std::vector<Piece> pieces_;
  size_t begin_ = 0;  // of the text that is being written
  int64_t tokens_ = 0;
};

inline void Prompt::Fixed(std::string_view text, std::span<const std::string_view> specials) {
  while (!text.empty()) {
    std::string_view next;
    size_t at = text.size();
    for (const std::string_view special : specials) {
      const size_t found = text.find(special);
      if (found < at) {
        at = found;
        next = special;
      }
    }
    Text(text.substr(0, at));
    if (!next.empty()) Special(next);
    text.remove_prefix(at + next.size());
  }
}

}  // namespace tokenmeter::chat
