// SentencePiece's vocabularies, which other formats took over.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {

struct Piece {
  // The numbers are those of the files.
  enum Type { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };
  std::string_view text;
  float score;
  int64_t type;
};

// Takes over the pieces, by id: tokens, scores, unreachable, user_defined and byte_tokens. An empty text is
// a hole. `place` is the name of the array in the file.
void TakePieces(std::string_view place, std::span<const Piece> pieces, Definition* definition);

// The tokens that are named like <0x0A>, for Definition::byte_tokens.
std::vector<TokenId> FindByteTokens(const TokenIndex& index);

// Checks a precompiled_charsmap of SentencePiece as far as its own library does: its two parts are there.
// `place` says where it stands.
void CheckCharsmap(std::string_view place, std::string_view charsmap);

}  // namespace tokenmeter::tokenizer
