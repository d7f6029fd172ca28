// Which patterns have built-in scanners.
#include "tokenizer/expression.hpp"
#include "tokenizer/expression_tree.hpp"

namespace tokenmeter::tokenizer {
namespace {

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define UPPER R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define LOWER R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CASED_WORDS(suffix) \
  R"([^\r\n\p{L}\p{N}]?)" UPPER "*" LOWER "+" suffix R"(|[^\r\n\p{L}\p{N}]?)" UPPER "+" LOWER "*" suffix
#define SPACES R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"

struct Published {
  Pattern pattern;
  std::string_view expression;
};

// As published; in all of them every character is part of a match.
constexpr Published kPublished[] = {
    {Pattern::kGpt2, R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {Pattern::kCl100k,
     CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)" SPACES},
    {Pattern::kO200k, CASED_WORDS(CONTRACTIONS "?") R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" SPACES},
    {Pattern::kQwen2, CONTRACTIONS R"(|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)" SPACES},
    {Pattern::kTekken, CASED_WORDS("") R"(|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*)" SPACES},
};

constexpr std::string_view kDeepSeekSequence[] = {
    R"(\p{N}{1,3})",
    R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+)"
    R"(| ?[\p{P}\p{S}]+[\r\n]*)" SPACES,
};

}  // namespace

std::optional<Pattern> KnownPattern(std::string_view pattern, Dialect dialect) {
  const ExpressionNode tree = ParseExpression(pattern, dialect);
  for (const Published& known : kPublished) {
    if (tree == ParseExpression(known.expression, Dialect::kOniguruma)) return known.pattern;
  }
  return std::nullopt;
}

bool IsDeepSeekSequence(std::string_view first, std::string_view second, std::string_view third) {
  const auto is = [](std::string_view pattern, std::string_view known) {
    return ParseExpression(pattern, Dialect::kOniguruma) == ParseExpression(known, Dialect::kOniguruma);
  };
  return is(first, kDeepSeekSequence[0]) && is(second, kDeepSeekSequence[1]) &&
         is(third, kDeepSeekSequence[2]);
}

}  // namespace tokenmeter::tokenizer
