#include "tokenizer/load/sentence_pieces.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/load/load_error.hpp"

namespace tokenmeter::tokenizer {
namespace {

std::string NameOfByte(int byte) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  return {'<', '0', 'x', kDigits[byte >> 4], kDigits[byte & 0xF], '>'};
}

// The byte that a name stands for; nothing if it is none.
std::optional<uint8_t> ByteOfName(std::string_view text) {
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const int high = digit(text[3]);
  const int low = digit(text[4]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<uint8_t>(high << 4 | low);
}

bool IsOfText(const Piece& piece) {
  return piece.type == Piece::kNormal || piece.type == Piece::kUserDefined || piece.type == Piece::kUnused;
}

// SentencePiece's BPE makes unused pieces too, and takes them apart again. What it cannot make of two
// others is just unreachable; the rest is not supported.
bool MayBeMade(std::string_view text, const TokenIndex& index) {
  constexpr size_t kLongest = 64;  // bounds the time, which is quadratic
  if (text.size() > kLongest) return true;
  for (size_t cut = 1; cut < text.size(); ++cut) {
    if (index.Find(text.substr(0, cut)) != kNoToken && index.Find(text.substr(cut)) != kNoToken)
      return true;
  }
  return false;
}

// What is wrong with a piece by itself; nothing is an empty string.
std::string FindFault(const Piece& piece) {
  if (FindInvalidUtf8(piece.text) != piece.text.npos) return "is not valid UTF-8";
  if (piece.type < Piece::kNormal || piece.type > Piece::kByte) {
    return "is of an unknown type, " + std::to_string(piece.type);
  }
  if (!std::isfinite(piece.score)) return "has a score that is not finite";
  if (piece.type == Piece::kByte && !ByteOfName(piece.text))
    return "is of the type BYTE, but not named like <0x0A>";
  return {};
}

// As the library scores unigrams, in 32 bits: user defined symbols better than whatever else could be made
// of their bytes, and what is unknown worse than anything.
void ScoreUnigrams(std::span<const Piece> pieces, Definition* definition) {
  float lowest = std::numeric_limits<float>::max();
  float highest = std::numeric_limits<float>::min();  // the library means the lowest, but says so
  for (const Piece& piece : pieces) {
    if (piece.type != Piece::kNormal) continue;
    lowest = std::min(lowest, static_cast<float>(piece.score));
    highest = std::max(highest, static_cast<float>(piece.score));
  }
  definition->unknown_score = lowest - static_cast<float>(Definition::kUnknownPenalty);
  for (TokenId id : definition->user_defined) {
    definition->scores[id] = static_cast<float>(pieces[id].text.size()) * highest - 0.1;
  }
}

}  // namespace

void TakePieces(std::string_view place, std::span<const Piece> pieces, Definition* definition) {
  if (pieces.size() > kTokenLimit) Fail(place, " has more than ", kTokenLimit, " elements");
  TokenIndex of_text(pieces.size());
  TokenIndex reserved(pieces.size());
  const auto place_of = [&](TokenId id) {
    return std::string(place) + "[" + std::to_string(id) + "] " + Quote(pieces[id].text);
  };
  definition->byte_tokens.clear();
  for (TokenId id = 0; id < pieces.size(); ++id) {
    CompileInterrupt::Poll();
    const Piece& piece = pieces[id];
    if (const std::string fault = FindFault(piece); !fault.empty()) Fail(place_of(id), " ", fault);
    if (!piece.text.empty() && !(IsOfText(piece) ? of_text : reserved).Add(piece.text, id)) {
      Fail(place_of(id), " comes twice");
    }
    definition->tokens.emplace_back(piece.text);
    definition->scores.push_back(piece.score);
    if (piece.type == Piece::kUserDefined) definition->user_defined.push_back(id);
    if (piece.type != Piece::kNormal && piece.type != Piece::kUserDefined)
      definition->unreachable.push_back(id);
    if (piece.type == Piece::kByte) {
      definition->byte_tokens.resize(256, kNoToken);
      definition->byte_tokens[*ByteOfName(piece.text)] = id;
    }
  }
  if (definition->model == ModelKind::kUnigram) return ScoreUnigrams(pieces, definition);
  for (TokenId id = 0; id < pieces.size(); ++id) {
    if (pieces[id].type == Piece::kUnused && MayBeMade(pieces[id].text, of_text)) {
      Fail(place_of(id), " is of the type UNUSED, which is not supported for what two other pieces make");
    }
  }
}

std::vector<TokenId> FindByteTokens(const TokenIndex& index) {
  std::vector<TokenId> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(index.Find(NameOfByte(byte)));
  return tokens;
}

void CheckCharsmap(std::string_view place, std::string_view charsmap) {
  uint32_t trie_size = 0;
  if (charsmap.size() <= sizeof trie_size) Fail(place, " is too short to be a character map");
  std::memcpy(&trie_size, charsmap.data(), sizeof trie_size);
  const size_t rest = charsmap.size() - sizeof trie_size;
  if (trie_size > rest || trie_size % sizeof(uint32_t) != 0 || trie_size == 0) {
    Fail(place, " is not a character map: the size of its trie is ", trie_size, ", of the rest ", rest);
  }
}

}  // namespace tokenmeter::tokenizer
