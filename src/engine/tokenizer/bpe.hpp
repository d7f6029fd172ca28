// Byte-pair encoding of one piece: the tokens that merging yields, taking at every step the leftmost
// pair of adjacent tokens whose merged token has the lowest id.
//
// Three facts let a long piece be encoded window by window, in memory that does not depend on its
// length (proofs: test/engine/bpe_test.cpp states and checks them):
//   1. The encoding of a string is unique, and any run of its tokens is the encoding of its own bytes.
//   2. A sequence of tokens is an encoding if and only if each two neighbours are.
//   3. So where the encodings of two overlapping windows share a token, the tokens of the first up to
//      it and of the second from it on are, together, the encoding of the union.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

class PieceEncoder {
 public:
  // `cancelled` may be null; it is polled once per window.
  PieceEncoder(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), cancelled_(cancelled) {}

  // Calls emit(std::span<const TokenId>) for each run of the piece's tokens, in order. Returns false
  // if cancelled; what was emitted until then is a prefix. O(length), but O(length log length) where
  // windows have to grow. May throw std::bad_alloc.
  template <typename Emit>
  bool Encode(const char* piece, size_t length, Emit emit) {
    const TokenId whole = vocabulary_.FindToken(piece, length);
    if (whole != kNoToken) {
      emit(std::span<const TokenId>(&whole, 1));
      return true;
    }
    return Merge(piece, length, emit);
  }

  // The same, without asking first whether the piece as a whole is a token.
  template <typename Emit>
  bool Merge(const char* piece, size_t length, Emit emit) {
    if (length <= kSmallPiece) {
      TokenId tokens[kSmallPiece];
      emit(std::span<const TokenId>(tokens, MergeSmall(piece, length, tokens)));
      return true;
    }
    return EncodeByWindows(piece, length, emit);
  }

 private:
  // Up to here a scan for the lowest pair beats a heap; a piece's bytes have a bit each in a word.
  static constexpr size_t kSmallPiece = 48;
  static_assert(kSmallPiece <= 64);
  // Windows start at this size; their lists then stay in the second-level cache.
  static constexpr size_t kWindow = 4096;

  // The tokens of a stretch of the piece that starts at `bytes`.
  struct Window {
    const char* bytes = nullptr;
    std::vector<TokenId> tokens;
  };

  // A token in the making, in a list over the window's bytes: node i starts at byte i.
  struct Node {
    TokenId token;
    TokenId merged;  // of this token and the next one
    uint32_t previous;
    uint32_t next;
  };

  // Writes the encoding of a small piece to tokens[length]; returns how many.
  size_t MergeSmall(const char* piece, size_t length, TokenId* tokens) const;

  void EncodeWindow(const char* bytes, size_t length, Window* window);

  // Finds a token of `window` at which a next window, encoded into `next`, agrees with it. Returns how
  // many tokens of `window` stand before it, or 0 where there is none.
  size_t FindOverlap(const Window& window, size_t length, const char* piece_end, Window* next);

  template <typename Emit>
  bool EncodeByWindows(const char* piece, size_t piece_length, Emit emit) {
    const char* piece_end = piece + piece_length;
    Window* window = &windows_[0];
    Window* next = &windows_[1];
    size_t length = std::min(kWindow, piece_length);
    EncodeWindow(piece, length, window);
    while (window->bytes + length != piece_end) {
      if (cancelled_ != nullptr && cancelled_()) return false;
      const size_t settled = FindOverlap(*window, length, piece_end, next);
      if (settled == 0) {
        length = std::min<size_t>(2 * length, piece_end - window->bytes);
        EncodeWindow(window->bytes, length, window);
        continue;
      }
      emit(std::span<const TokenId>(window->tokens.data(), settled));
      length = std::min<size_t>(kWindow, piece_end - next->bytes);
      std::swap(window, next);
    }
    emit(std::span<const TokenId>(window->tokens));
    return true;
  }

  Vocabulary vocabulary_;
  bool (*cancelled_)();
  // Scratch, kept from piece to piece: pieces that need it allocate once per text at most.
  Window windows_[2];
  std::vector<Node> nodes_;
  std::vector<uint64_t> heap_;
};

}  // namespace tokenmeter::tokenizer
