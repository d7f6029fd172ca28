#include "tokenizer/load/rank_file.hpp"

#include <algorithm>
#include <charconv>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/load/base64.hpp"
#include "tokenizer/load/load_error.hpp"

namespace tokenmeter::tokenizer {
namespace {

struct Line {
  std::string bytes;
  TokenId rank;
};

Line ReadLine(std::string_view text, size_t number) {
  const size_t space = text.find(' ');
  if (space == text.npos) Fail("line ", number, ": ", Quote(text), " is not base64, a space and a rank");
  const std::string_view base64 = text.substr(0, space);
  const std::string_view rank = text.substr(space + 1);
  Line line{};
  // Whisper's files give a rank to no bytes at all, and write that as padding only.
  if (base64 != "=") {
    auto bytes = DecodeBase64(base64);
    if (!bytes.has_value() || bytes->empty()) Fail("line ", number, ": ", Quote(base64), " is not base64");
    line.bytes = *std::move(bytes);
  }
  const auto [end, error] = std::from_chars(rank.data(), rank.data() + rank.size(), line.rank);
  if (error != std::errc() || end != rank.data() + rank.size() || line.rank >= kTokenLimit) {
    Fail("line ", number, ": ", Quote(rank), " is not a rank from 0 to ", kTokenLimit - 1);
  }
  return line;
}

}  // namespace

std::vector<bool> ReadRankFile(std::string_view file, std::vector<std::string>* tokens) {
  std::vector<bool> taken;
  for (size_t number = 1; !file.empty(); ++number) {
    const size_t length = std::min(file.find('\n'), file.size());
    std::string_view text = file.substr(0, length);
    file.remove_prefix(std::min(length + 1, file.size()));
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (text.empty()) continue;
    CompileInterrupt::Poll();
    Line line = ReadLine(text, number);
    if (line.rank >= taken.size()) {
      taken.resize(line.rank + 1);
      tokens->resize(line.rank + 1);
    }
    if (taken[line.rank]) Fail("line ", number, ": the rank ", line.rank, " comes twice");
    taken[line.rank] = true;
    (*tokens)[line.rank] = std::move(line.bytes);
  }
  return taken;
}

}  // namespace tokenmeter::tokenizer
