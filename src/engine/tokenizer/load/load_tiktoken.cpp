// .tiktoken rank files, whose pattern and special tokens stand beside them.
#include "tokenizer/load/json_document.hpp"
#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/rank_file.hpp"
#include "tokenizer/load/ranks.hpp"

namespace tokenmeter::tokenizer {
namespace {

void ReadSpecialTokens(std::string_view json, std::vector<bool> taken, Definition* definition) {
  if (json.empty()) return;
  const JsonDocument document(json, "special_tokens");
  for (const JsonValue token : document.root().Members()) {
    const TokenId id = token.Integer(0, kTokenLimit - 1);
    if (token.key().empty()) token.Fail("is an empty text");
    if (id >= taken.size()) taken.resize(id + 1);
    if (taken[id]) token.Fail("has the id of another token, " + std::to_string(id));
    taken[id] = true;
    definition->added_tokens.push_back({.id = id, .content = std::string(token.key()), .special = true});
  }
}

}  // namespace

Definition LoadTiktoken(std::string_view file, std::string_view pattern, std::string_view special_tokens) {
  Definition definition;
  std::vector<bool> taken = ReadRankFile(file, &definition.tokens);
  CompleteRanks(pattern, &definition);
  ReadSpecialTokens(special_tokens, std::move(taken), &definition);
  return definition;
}

}  // namespace tokenmeter::tokenizer
