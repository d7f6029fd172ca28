#include "tokenizer/load/merge_rules.hpp"

#include <algorithm>
#include <vector>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/load/load_error.hpp"

namespace tokenmeter::tokenizer {

std::string MergeReader::Add(std::string_view left, std::string_view right) {
  const auto missing = [](std::string_view text) { return Quote(text) + " is not in the vocabulary"; };
  CompileInterrupt::Poll();
  if (left.empty() || right.empty()) return "an empty token cannot merge";
  const TokenId left_id = index_.Find(left);
  if (left_id == kNoToken) return missing(left);
  const TokenId right_id = index_.Find(right);
  if (right_id == kNoToken) return missing(right);
  const std::string both = std::string(left).append(right);
  const TokenId merged = index_.Find(both);
  if (merged == kNoToken) return missing(both);
  definition_->merges.push_back({left_id, right_id, merged});
  return {};
}

std::string MergeReader::AddLine(std::string_view line) {
  constexpr size_t kLongest = 128;  // bounds the time, which is quadratic
  const size_t space = line.find(' ');
  if (space == line.npos) return Quote(line) + " is not two tokens with a space between them";
  if (line.find(' ', space + 1) == line.npos) return Add(line.substr(0, space), line.substr(space + 1));
  if (line.size() > kLongest) return Quote(line) + " is too long to tell which space is between the tokens";
  bool found = false;
  for (size_t cut = space; cut != line.npos; cut = line.find(' ', cut + 1)) {
    if (!Add(line.substr(0, cut), line.substr(cut + 1)).empty()) continue;
    if (found) return Quote(line) + " is two tokens in more than one way";
    found = true;
  }
  return found ? "" : Quote(line) + " is not two tokens with a space between them";
}

void MergeReader::Finish() {
  std::vector<Definition::MergeRule>& merges = definition_->merges;
  struct Place {
    uint64_t pair;
    size_t index;
    auto operator<=>(const Place&) const = default;
  };
  std::vector<Place> places;
  for (size_t i = 0; i < merges.size(); ++i)
    places.push_back({PairKey(merges[i].left, merges[i].right), i});
  std::ranges::sort(places);
  std::vector<bool> replaced(merges.size());
  for (size_t i = 0; i + 1 < places.size(); ++i) {
    replaced[places[i].index] = places[i].pair == places[i + 1].pair;
  }
  size_t index = 0;
  std::erase_if(merges, [&](const Definition::MergeRule&) { return replaced[index++]; });
}

}  // namespace tokenmeter::tokenizer
