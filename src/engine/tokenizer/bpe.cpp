#include "tokenizer/bpe.hpp"

#include <functional>

namespace tokenmeter::tokenizer {

size_t PieceEncoder::MergeSmall(const char* piece, size_t length, TokenId* tokens) const {
  TokenId merged[kSmallPiece];  // merged[i]: what tokens[i] and tokens[i + 1] merge into
  for (size_t i = 0; i < length; ++i) tokens[i] = vocabulary_.ByteToken(static_cast<uint8_t>(piece[i]));
  for (size_t i = 0; i + 1 < length; ++i) merged[i] = vocabulary_.Merge(tokens[i], tokens[i + 1]);

  size_t count = length;
  while (count > 1) {
    const size_t lowest = std::min_element(merged, merged + count - 1) - merged;
    if (merged[lowest] == kNoToken) break;
    tokens[lowest] = merged[lowest];
    std::copy(tokens + lowest + 2, tokens + count, tokens + lowest + 1);
    std::copy(merged + lowest + 1, merged + count - 1, merged + lowest);
    --count;
    if (lowest > 0) merged[lowest - 1] = vocabulary_.Merge(tokens[lowest - 1], tokens[lowest]);
    if (lowest + 1 < count) merged[lowest] = vocabulary_.Merge(tokens[lowest], tokens[lowest + 1]);
  }
  return count;
}

void PieceEncoder::EncodeWindow(const char* bytes, size_t length, Window* window) {
  const auto end = static_cast<uint32_t>(length);
  // The heap orders candidates by merged token, then by position; those that an earlier merge has made
  // void stay in it, and are known by the node's `merged` no longer being theirs.
  const auto candidate = [](TokenId merged, uint32_t at) { return uint64_t{merged} << 32 | at; };

  nodes_.resize(length);
  heap_.clear();
  for (uint32_t i = 0; i < end; ++i) {
    nodes_[i] = {vocabulary_.ByteToken(static_cast<uint8_t>(bytes[i])), kNoToken, i - 1, i + 1};
  }
  const auto find_merge = [&](uint32_t at) {
    Node& node = nodes_[at];
    node.merged = node.next == end ? kNoToken : vocabulary_.Merge(node.token, nodes_[node.next].token);
    if (node.merged != kNoToken) heap_.push_back(candidate(node.merged, at));
    return node.merged != kNoToken;
  };
  for (uint32_t i = 0; i < end; ++i) find_merge(i);
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());

  while (!heap_.empty()) {
    const uint64_t lowest = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto at = static_cast<uint32_t>(lowest);
    Node& node = nodes_[at];
    if (node.merged != static_cast<TokenId>(lowest >> 32)) continue;

    node.token = node.merged;
    nodes_[node.next].merged = kNoToken;
    node.next = nodes_[node.next].next;
    if (node.next != end) nodes_[node.next].previous = at;
    if (find_merge(at)) std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    if (at != 0 && find_merge(node.previous)) {
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  }

  window->bytes = bytes;
  window->tokens.clear();
  for (uint32_t i = 0; i != end; i = nodes_[i].next) window->tokens.push_back(nodes_[i].token);
}

size_t PieceEncoder::FindOverlap(const Window& window, size_t length, const char* piece_end,
                                 Window* next) {
  // The cut at the window's end disturbs the tokens near it, hardly ever further than this.
  size_t margin = 2 * vocabulary_.longest_token();
  const char* at = window.bytes + length;
  size_t settled = window.tokens.size();
  for (; margin < length; margin *= 2) {
    while (settled > 0 && at > window.bytes + length - margin) {
      at -= vocabulary_.TokenBytes(window.tokens[--settled]).size();
    }
    if (settled == 0) return 0;
    EncodeWindow(at, std::min<size_t>(kWindow, piece_end - at), next);
    if (next->tokens.front() == window.tokens[settled]) return settled;
  }
  return 0;
}

}  // namespace tokenmeter::tokenizer
