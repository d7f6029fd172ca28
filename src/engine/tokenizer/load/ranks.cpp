#include "tokenizer/load/ranks.hpp"

#include "tokenizer/load/load_error.hpp"
#include "tokenizer/token_index.hpp"

namespace tokenmeter::tokenizer {

void CompleteRanks(std::string_view pattern, Definition* definition) {
  TokenIndex index(definition->tokens.size());
  for (TokenId id = 0; id < definition->tokens.size(); ++id) {
    const std::string& token = definition->tokens[id];
    if (!token.empty() && !index.Add(token, id)) {
      Fail("the tokens ", index.Find(token), " and ", id, " have the same bytes, ", Quote(token));
    }
  }
  for (int byte = 0; byte < 256; ++byte) {
    const char bytes[] = {static_cast<char>(byte)};
    if (index.Find(std::string_view(bytes, 1)) == kNoToken) {
      Fail("the single byte ", byte, " is not among the tokens, but all 256 must be");
    }
  }
  if (FindInvalidUtf8(pattern) != pattern.npos) Fail("the pattern is not valid UTF-8");
  if (pattern.empty()) Fail("the pattern is empty");
  definition->model = ModelKind::kBpe;
  definition->byte_level = true;
  definition->merge_any = true;
  definition->whole_pieces = true;
  // Only matches are pieces: what is between them is dropped.
  definition->splitter.push_back({.kind = SplitStep::Kind::kRegex,
                                  .pattern = std::string(pattern),
                                  .dialect = Dialect::kFancyRegex,
                                  .behavior = SplitStep::Behavior::kRemoved,
                                  .invert = true});
}

}  // namespace tokenmeter::tokenizer
