// Mistral's tekken.json: a rank file as JSON. Its library keeps ids for special tokens in front, and takes
// only the first ranks, so that ids stay below default_vocab_size. It encodes text by tiktoken.
#include "tokenizer/load/base64.hpp"
#include "tokenizer/load/json_document.hpp"
#include "tokenizer/load/load.hpp"
#include "tokenizer/load/load_error.hpp"
#include "tokenizer/load/ranks.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {
namespace {

std::string ReadToken(JsonValue entry, uint32_t rank) {
  entry.AllowOnly({"rank", "token_bytes", "token_str"});
  if (entry.Get("rank").Integer(0, kTokenLimit) != rank) {
    entry.Get("rank").Fail("must be " + std::to_string(rank) + ", where it stands in the array");
  }
  const JsonValue base64 = entry.Get("token_bytes");
  auto bytes = DecodeBase64(base64.String());
  if (!bytes.has_value() || bytes->empty()) base64.Fail(Quote(base64.String()) + " is not base64");
  return *std::move(bytes);
}

void ReadSpecialTokens(JsonValue tokens, uint32_t count, Definition* definition) {
  TokenIndex texts(tokens.Elements().size());
  std::vector<bool> taken(count);
  for (const JsonValue entry : tokens.Elements()) {
    entry.AllowOnly({"rank", "token_str", "is_control"});
    const TokenId id = entry.Get("rank").Integer(0, kTokenLimit);
    const std::string_view text = entry.Get("token_str").String();
    if (id >= count) entry.Get("rank").Fail("is not below config.default_num_special_tokens");
    if (taken[id]) entry.Get("rank").Fail("has the rank of another token, " + std::to_string(id));
    if (text.empty()) entry.Get("token_str").Fail("is empty");
    if (!texts.Add(text, id)) entry.Get("token_str").Fail(Quote(text) + " comes twice");
    taken[id] = true;
    definition->added_tokens.push_back({.id = id, .content = std::string(text), .special = true});
  }
}

}  // namespace

Definition LoadTekken(std::string_view file) {
  const JsonDocument document(file);
  const JsonValue root = document.root();
  // What other inputs than text are made into does not matter here.
  root.AllowOnly({"config", "vocab", "special_tokens", "version", "type", "multimodal", "image", "audio"});
  const JsonValue config = root.Get("config");
  config.AllowOnly(
      {"pattern", "num_vocab_tokens", "default_vocab_size", "default_num_special_tokens", "version"});
  const uint32_t vocab_size = config.Get("default_vocab_size").Integer(0, kTokenLimit);
  const uint32_t specials = config.Get("default_num_special_tokens").Integer(0, vocab_size);
  const JsonValue vocab = root.Get("vocab");
  if (vocab.Elements().size() < vocab_size - specials) {
    vocab.Fail("has " + std::to_string(vocab.Elements().size()) +
               " elements, but config tells of at least " + std::to_string(vocab_size - specials));
  }
  Definition definition;
  definition.tokens.resize(specials);
  uint32_t rank = 0;
  for (const JsonValue entry : vocab.Elements()) {
    std::string token = ReadToken(entry, rank++);
    if (definition.tokens.size() < vocab_size) definition.tokens.push_back(std::move(token));
  }
  CompleteRanks(config.Get("pattern").String(), &definition);
  if (const auto tokens = root.Find("special_tokens")) ReadSpecialTokens(*tokens, specials, &definition);
  return definition;
}

}  // namespace tokenmeter::tokenizer
