// The unigram model: of all ways to make tokens of a piece, the one whose scores have the highest sum
// (Kudo, 2018), found by Viterbi's algorithm.
#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "tokenizer/image.hpp"

namespace tokenmeter::tokenizer {

class UnigramEncoder {
 public:
  // `cancelled` may be null; it is polled between blocks.
  UnigramEncoder(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), cancelled_(cancelled) {}

  // Calls put(tokens) for the tokens of a piece, block by block. Returns false if cancelled. O(length times
  // the longest token); memory for a block, which ends where the best way is settled whatever follows. May
  // throw std::bad_alloc.
  template <typename Put>
  bool Encode(std::string_view piece, Put put) {
    Start();
    for (size_t done = 0; done < piece.size();) {
      if (done != 0 && cancelled_ != nullptr && cancelled_()) return false;
      done += EncodeBlock(piece.substr(done));
      put(std::span<const TokenId>(tokens_));
    }
    return true;
  }

 private:
  // The best way to a byte: its sum, and the last step.
  struct Way {
    double score;
    uint32_t length;  // of the last step, in bytes; 0: no way is known
    TokenId token;    // kNoToken: an unknown character
  };

  static constexpr size_t kBlock = 4 * 1024;

  void Start();

  // Leaves in tokens_ those of the text up to some settled byte; returns how many bytes that is.
  size_t EncodeBlock(std::string_view text);
  void TakeSteps(std::string_view text, size_t from, size_t to);
  void TakeStep(size_t from, size_t length, TokenId token, double score);
  // The last byte up to `end` that the best ways to all bytes from `end` on have in common.
  size_t SettledByte(size_t end) const;
  void CollectTokens(std::string_view text, size_t end);
  void PutUnknown(std::string_view character);

  Vocabulary vocabulary_;
  bool (*cancelled_)();
  double score_ = 0;             // of what was settled before the block
  bool unknown_before_ = false;  // the last token was an unknown one
  std::vector<Way> ways_;        // by byte of the block
  std::vector<TokenId> tokens_;
  std::vector<std::pair<uint32_t, TokenId>> steps_;  // back from the settled byte
};

}  // namespace tokenmeter::tokenizer
