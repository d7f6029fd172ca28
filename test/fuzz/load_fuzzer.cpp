// A libFuzzer target for one loader, which -DLOADER names. Beside crashes it finds definitions that are not
// what definition.hpp promises.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "tokenizer/load.hpp"
#include "tokenizer/load_error.hpp"

namespace tokenmeter::tokenizer {
namespace {

void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::abort();
}

void CheckIds(const std::vector<TokenId>& ids, const Definition& definition, const char* name) {
  Check(std::ranges::adjacent_find(ids, std::greater_equal<>()) == ids.end(), name);
  Check(ids.empty() || ids.back() < definition.tokens.size(), name);
}

void CheckTokens(const Definition& definition) {
  Check(definition.tokens.size() <= kTokenLimit, "ids are below the limit");
  std::vector<std::string_view> reachable;
  for (TokenId id = 0; id < definition.tokens.size(); ++id) {
    const std::string_view token = definition.tokens[id];
    Check(definition.byte_level || FindInvalidUtf8(token) == token.npos, "tokens are UTF-8");
    if (!token.empty() && !std::ranges::binary_search(definition.unreachable, id))
      reachable.push_back(token);
  }
  std::ranges::sort(reachable);
  Check(std::ranges::adjacent_find(reachable) == reachable.end(), "tokens differ");
}

void CheckModel(const Definition& definition) {
  const size_t count = definition.tokens.size();
  for (const Definition::MergeRule& rule : definition.merges) {
    Check(std::max({rule.left, rule.right, rule.merged}) < count, "merges are of tokens");
    Check(rule.merged != rule.left && rule.merged != rule.right, "merges make new tokens");
  }
  Check(definition.scores.empty() || definition.scores.size() == count, "each token has a score");
  Check(std::ranges::all_of(definition.scores, [](double score) { return std::isfinite(score); }),
        "scores are finite");
  Check(definition.model != ModelKind::kUnigram || !definition.scores.empty(), "unigram has scores");
  Check(definition.model == ModelKind::kBpe || definition.unknown.has_value(),
        "other models have an unknown token");
  Check(!definition.unknown.has_value() || *definition.unknown < count, "unknown is a token");
  Check(definition.byte_tokens.empty() || definition.byte_tokens.size() == 256,
        "byte_tokens are of all bytes");
  for (TokenId id : definition.byte_tokens) Check(id == kNoToken || id < count, "byte_tokens are tokens");
}

void CheckAddedTokens(const Definition& definition) {
  std::vector<TokenId> ids;
  for (const AddedToken& token : definition.added_tokens) {
    Check(!token.content.empty() && FindInvalidUtf8(token.content) == token.content.npos,
          "added tokens are text");
    Check(token.id < kTokenLimit, "added tokens' ids are below the limit");
    ids.push_back(token.id);
  }
  std::ranges::sort(ids);
  Check(std::ranges::adjacent_find(ids) == ids.end(), "added tokens' ids differ");
}

// What goes with the ranks stands behind a zero byte.
[[maybe_unused]] Definition LoadRanks(std::string_view file) {
  const size_t end = std::min(file.find('\0'), file.size());
  return LoadTiktoken(file.substr(0, end), "\\w+", file.substr(std::min(end + 1, file.size())));
}

}  // namespace
}  // namespace tokenmeter::tokenizer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tokenmeter::tokenizer;
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  DetectFormat(file);
  try {
    const Definition definition = LOADER(file);
    CheckIds(definition.unreachable, definition, "unreachable are ids of tokens, in order");
    CheckIds(definition.user_defined, definition, "user_defined are ids of tokens, in order");
    CheckTokens(definition);
    CheckModel(definition);
    CheckAddedTokens(definition);
  } catch (const DefinitionError& error) {
    const std::string_view message = error.what();
    Check(!message.empty() && FindInvalidUtf8(message) == message.npos, "messages are text");
  }
  return 0;
}
