// What makes tokens of one piece, whatever the model.
#pragma once

#include <optional>
#include <vector>

#include "tokenizer/bpe.hpp"
#include "tokenizer/unigram.hpp"
#include "tokenizer/word_piece.hpp"

namespace tokenmeter::tokenizer {

// An Output takes a piece's tokens, as for BpeEncoder.
class PieceEncoder {
 public:
  // `cancelled` may be null; it is polled every so often.
  PieceEncoder(Vocabulary vocabulary, bool (*cancelled)())
      : vocabulary_(vocabulary), cancelled_(cancelled), bpe_(vocabulary, cancelled) {}

  // Puts out the tokens of a piece. Returns false if cancelled; what was put out is then of no use. May
  // throw std::bad_alloc.
  template <typename Output>
  bool Encode(const char* piece, size_t length, Output* output) {
    if (const TokenId whole = vocabulary_.FindToken(piece, length); whole != kNoToken) {
      output->Add(TokenRun(std::span(&whole, 1)));
      return true;
    }
    return EncodeParts(piece, length, output);
  }

  // The same for a piece that is known to be no token as a whole.
  template <typename Output>
  bool EncodeParts(const char* piece, size_t length, Output* output) {
    switch (vocabulary_.model()) {
      case ModelKind::kBpe:
        return bpe_.Merge(piece, length, output);
      case ModelKind::kUnigram:
        if (!unigram_.has_value()) unigram_.emplace(vocabulary_, cancelled_);
        return unigram_->Encode(
            {piece, length}, [output](std::span<const TokenId> tokens) { output->Add(TokenRun(tokens)); });
      case ModelKind::kWordPiece:
        EncodeWordPiece(vocabulary_, {piece, length}, &tokens_);
        output->Add(TokenRun(std::span<const TokenId>(tokens_)));
        return true;
    }
    return true;
  }

 private:
  Vocabulary vocabulary_;
  bool (*cancelled_)();
  BpeEncoder bpe_;
  std::optional<UnigramEncoder> unigram_;
  std::vector<TokenId> tokens_;  // of a word
};

}  // namespace tokenmeter::tokenizer
