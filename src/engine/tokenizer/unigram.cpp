#include "tokenizer/unigram.hpp"

#include <algorithm>

#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

void UnigramEncoder::Start() {
  score_ = 0;
  unknown_before_ = false;
}

size_t UnigramEncoder::EncodeBlock(std::string_view text) {
  ways_.clear();
  size_t from = 0;
  for (size_t block = kBlock;; block *= 2) {
    const size_t to = std::min(block, text.size());
    ways_.resize(std::min(to + vocabulary_.longest_token() + 4, text.size()) + 1, {0, 0, kNoToken});
    if (from == 0) ways_[0] = {score_, 0, kNoToken};
    TakeSteps(text, from, to);
    // A step from the middle of the character at `to` was not taken.
    from = to;
    const size_t settled = to == text.size() ? to : SettledByte(to);
    if (settled == 0) continue;
    CollectTokens(text, settled);
    return settled;
  }
}

void UnigramEncoder::TakeSteps(std::string_view text, size_t from, size_t to) {
  const TrieSections& pieces = vocabulary_.header().pieces;
  const std::span<const double> scores = vocabulary_.Scores();
  for (size_t at = from; at < to; ++at) {
    if (at != 0 && ways_[at].length == 0) continue;
    const size_t character = DecodeCharacter(text.data() + at, text.data() + text.size()).length;
    bool is_known = false;
    uint32_t node = 0;
    for (size_t end = at; end < text.size();) {
      node = vocabulary_.TrieStep(pieces, node, static_cast<uint8_t>(text[end++]));
      if (node == 0) break;
      const TokenId token = vocabulary_.TrieValue(pieces, node);
      if (token == kNoToken) continue;
      TakeStep(at, end - at, token, scores[token]);
      is_known = is_known || end - at == character;
    }
    if (!is_known) TakeStep(at, character, kNoToken, vocabulary_.header().unknown_score);
  }
}

void UnigramEncoder::TakeStep(size_t from, size_t length, TokenId token, double score) {
  // SentencePiece keeps 32 bits of a sum, but compares more.
  const double sum = score + ways_[from].score;
  Way& way = ways_[from + length];
  if (way.length != 0 && sum <= way.score) return;
  const bool is_float = vocabulary_.Has(ImageHeader::kFloatScores);
  way = {is_float ? static_cast<float>(sum) : sum, static_cast<uint32_t>(length), token};
}

size_t UnigramEncoder::SettledByte(size_t end) const {
  // Ways to bytes from `end` on start before it: follow all of them back until they meet.
  std::vector<size_t> ends;
  for (size_t at = end; at < ways_.size(); ++at) {
    if (ways_[at].length != 0) ends.push_back(at);
  }
  std::ranges::make_heap(ends);
  while (!ends.empty() && (ends.front() > end || ends.size() > 1)) {
    std::ranges::pop_heap(ends);
    const size_t last = ends.back();
    ends.pop_back();
    if (last == 0) return 0;
    const size_t before = last - ways_[last].length;
    if (std::ranges::find(ends, before) == ends.end()) {
      ends.push_back(before);
      std::ranges::push_heap(ends);
    }
  }
  return ends.empty() ? 0 : ends.front();
}

void UnigramEncoder::CollectTokens(std::string_view text, size_t end) {
  steps_.clear();
  for (size_t at = end; at != 0; at -= ways_[at].length)
    steps_.emplace_back(ways_[at].length, ways_[at].token);
  score_ = ways_[end].score;
  tokens_.clear();
  const char* at = text.data();
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    const auto [length, token] = *step;
    if (token != kNoToken) {
      tokens_.push_back(token);
      unknown_before_ = false;
    } else {
      PutUnknown({at, length});
    }
    at += length;
  }
}

void UnigramEncoder::PutUnknown(std::string_view character) {
  const auto token_of = [this](char byte) { return vocabulary_.ByteToken(static_cast<uint8_t>(byte)); };
  if (vocabulary_.Has(ImageHeader::kByteFallback) &&
      std::ranges::none_of(character, [&](char byte) { return token_of(byte) == kNoToken; })) {
    for (char byte : character) tokens_.push_back(token_of(byte));
    unknown_before_ = false;
    return;
  }
  const bool is_fused = unknown_before_ && vocabulary_.Has(ImageHeader::kFuseUnknown);
  if (!is_fused && vocabulary_.header().unknown != kNoToken)
    tokens_.push_back(vocabulary_.header().unknown);
  unknown_before_ = true;
}

}  // namespace tokenmeter::tokenizer
