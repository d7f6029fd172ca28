#include "tokenizer/compiler.hpp"

#include <algorithm>
#include <charconv>

#include "tokenizer/load/rank_file.hpp"
#include "tokenizer/unicode.hpp"

namespace tokenmeter::tokenizer {
namespace {

// The lines of a text, without comments (#) and empty ones, each split at `separator`.
std::vector<std::vector<std::string_view>> ReadFields(std::string_view text, char separator,
                                                      size_t field_count) {
  std::vector<std::vector<std::string_view>> lines;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    auto& fields = lines.emplace_back();
    while (fields.size() + 1 < field_count) {
      const size_t end = line.find(separator);
      if (end == line.npos) throw CompileError("too few fields in line: " + std::string(line));
      fields.push_back(line.substr(0, end));
      line.remove_prefix(end + 1);
    }
    fields.push_back(line);
  }
  return lines;
}

uint32_t ReadNumber(std::string_view text, int base) {
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw CompileError("not a number: " + std::string(text));
  }
  return number;
}

Pattern ReadPattern(std::string_view name) {
  if (name == "gpt2") return Pattern::kGpt2;
  if (name == "cl100k") return Pattern::kCl100k;
  if (name == "o200k") return Pattern::kO200k;
  throw CompileError("unknown pattern: " + std::string(name));
}

std::string ReplaceId(std::string_view text, TokenId id) {
  static constexpr std::string_view kPlaceholder = "{id}";
  std::string replaced(text);
  if (const size_t at = replaced.find(kPlaceholder); at != replaced.npos) {
    replaced.replace(at, kPlaceholder.size(), std::to_string(id));
  }
  return replaced;
}

CharacterClass ClassOfProperty(std::string_view property, uint32_t code_point) {
  using enum CharacterClass;
  if (property == "Lu" || property == "Lt") return kUpper;
  if (property == "Ll") return kLower;
  if (property == "Lm" || property == "Lo") return kCaseless;
  if (property == "M") return kMark;
  if (property == "N") return kNumber;
  if (property == "P" || property == "S") return kSymbol;
  if (property == "White_Space") return code_point == '\r' || code_point == '\n' ? kNewline : kSpace;
  throw CompileError("unknown property: " + std::string(property));
}

}  // namespace

Tokens ReadTiktoken(std::string_view text) {
  Tokens tokens;
  ReadRankFile(text, &tokens);
  return tokens;
}

std::vector<EncodingDefinition> ReadEncodings(std::string_view vocabulary, std::string_view encodings,
                                              std::string_view special_tokens) {
  std::vector<EncodingDefinition> definitions;
  for (const auto& line : ReadFields(encodings, '\t', 3)) {
    if (line[1] == vocabulary) definitions.push_back({std::string(line[0]), ReadPattern(line[2]), {}});
  }
  for (const auto& line : ReadFields(special_tokens, '\t', 4)) {
    const auto encoding = std::ranges::find(definitions, line[0], &EncodingDefinition::name);
    if (encoding == definitions.end()) continue;
    const TokenId last = ReadNumber(line[2], 10);
    for (TokenId id = ReadNumber(line[1], 10); id <= last; ++id) {
      encoding->special_tokens.push_back({id, ReplaceId(line[3], id)});
    }
  }
  for (EncodingDefinition& encoding : definitions) {
    std::ranges::sort(encoding.special_tokens, {}, &EncodingDefinition::SpecialToken::id);
  }
  return definitions;
}

std::string CompileVocabulary(const Tokens& tokens, const std::vector<EncodingDefinition>& encodings) {
  Definition definition;
  definition.tokens = tokens;
  definition.byte_level = true;
  definition.merge_any = true;
  definition.whole_pieces = true;
  for (int byte = 0; byte < 256; ++byte) {
    if (std::ranges::find(tokens, std::string(1, static_cast<char>(byte))) == tokens.end()) {
      throw CompileError("no token for byte " + std::to_string(byte));
    }
  }
  return CompileImage(definition, {}, encodings);
}

std::string CompileUnicode(std::string_view text) {
  std::vector<CharacterClass> classes(UnicodeImage::kCodePointLimit);
  for (const auto& line : ReadFields(text, '\t', 3)) {
    const uint32_t last = ReadNumber(line[1], 16);
    if (last >= classes.size()) throw CompileError("code point beyond Unicode");
    for (uint32_t c = ReadNumber(line[0], 16); c <= last; ++c) classes[c] = ClassOfProperty(line[2], c);
  }
  return UnicodeImage::Compile(classes);
}

}  // namespace tokenmeter::tokenizer
