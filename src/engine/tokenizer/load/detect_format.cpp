// What format a file is of, by magic and structure.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tokenizer/load/load.hpp"

namespace tokenmeter::tokenizer {
namespace {

struct Name {
  Format format;
  std::string_view name;
};

constexpr Name kNames[] = {
    {Format::kHuggingFace, "huggingface"},
    {Format::kTiktoken, "tiktoken"},
    {Format::kSentencePiece, "sentencepiece"},
    {Format::kTekken, "tekken"},
    {Format::kGguf, "gguf"},
};

// Reads JSON up to an outermost member that only one format has.
class MemberFinder : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::optional<Format> format;

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_array(size_t) override { return ++depth_ > 1; }
  bool start_object(size_t) override { return ++depth_ > 0; }
  bool end_array() override { return --depth_ > 0; }
  bool end_object() override { return --depth_ > 0; }
  bool key(string_t& name) override {
    static constexpr std::string_view kHuggingFace[] = {"truncation", "padding",        "added_tokens",
                                                        "normalizer", "post_processor", "pre_tokenizer",
                                                        "decoder",    "model"};
    static constexpr std::string_view kTekken[] = {"config", "vocab", "special_tokens"};
    if (depth_ != 1) return true;
    if (std::ranges::find(kHuggingFace, name) != std::end(kHuggingFace)) format = Format::kHuggingFace;
    if (std::ranges::find(kTekken, name) != std::end(kTekken)) format = Format::kTekken;
    return !format.has_value();
  }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

 private:
  size_t depth_ = 0;
};

std::optional<Format> DetectJson(std::string_view file) {
  MemberFinder finder;
  nlohmann::json::sax_parse(file.data(), file.data() + file.size(), &finder);
  return finder.format;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsBase64(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' || c == '=';
}

bool IsRankLine(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  const size_t space = line.find(' ');
  return space != line.npos && space > 0 && space + 1 < line.size() &&
         std::ranges::all_of(line.substr(0, space), IsBase64) &&
         std::ranges::all_of(line.substr(space + 1), IsDigit);
}

// A field of length 2 or more, which begins with the field 1 that is a string: a piece.
bool IsPiece(std::string_view file) {
  constexpr char kFirstString = 0x0A;
  size_t at = 1;
  while (at < file.size() && at < 5 && (file[at] & 0x80) != 0) ++at;
  return at + 1 < file.size() && file[0] == kFirstString && file[at + 1] == kFirstString;
}

}  // namespace

std::string_view FormatName(Format format) {
  return std::ranges::find(kNames, format, &Name::format)->name;
}

std::optional<Format> FindFormat(std::string_view name) {
  const auto found = std::ranges::find(kNames, name, &Name::name);
  return found != std::end(kNames) ? std::optional(found->format) : std::nullopt;
}

std::optional<Format> DetectFormat(std::string_view file) {
  if (file.starts_with("GGUF")) return Format::kGguf;
  if (IsPiece(file)) return Format::kSentencePiece;
  const size_t start = file.find_first_not_of(" \t\r\n");
  if (start == file.npos) return std::nullopt;
  if (file[start] == '{') return DetectJson(file);
  if (IsRankLine(file.substr(start, file.find('\n', start) - start))) return Format::kTiktoken;
  return std::nullopt;
}

}  // namespace tokenmeter::tokenizer
