#include "tokenizer/bpe.hpp"

#include <bit>
#include <functional>

namespace tokenmeter::tokenizer {

size_t PieceEncoder::MergeSmall(const char* piece, size_t length, TokenId* tokens) const {
  const auto byte = [piece](size_t i) { return static_cast<uint8_t>(piece[i]); };
  // Each token stands at its first byte; `alive` has a bit for each of these. merged[i] is what the token
  // at i and the next one merge into.
  TokenId merged[kSmallPiece];
  uint64_t alive = ~uint64_t{0} >> (64 - length);
  for (size_t i = 0; i < length; ++i) tokens[i] = vocabulary_.ByteToken(byte(i));
  for (size_t i = 0; i + 1 < length; ++i) merged[i] = vocabulary_.MergeBytes(byte(i), byte(i + 1));
  merged[length - 1] = kNoToken;

  for (;;) {
    const size_t at = std::min_element(merged, merged + length) - merged;
    if (merged[at] == kNoToken) break;
    uint64_t behind = alive & ~uint64_t{1} << at;
    merged[std::countr_zero(behind)] = kNoToken;
    alive ^= behind & -behind;
    behind &= behind - 1;
    tokens[at] = merged[at];
    merged[at] = behind != 0 ? vocabulary_.Merge(tokens[at], tokens[std::countr_zero(behind)]) : kNoToken;
    if (const uint64_t before = alive & ((uint64_t{1} << at) - 1); before != 0) {
      const size_t previous = 63 - std::countl_zero(before);
      merged[previous] = vocabulary_.Merge(tokens[previous], tokens[at]);
    }
  }

  size_t count = 0;
  for (; alive != 0; alive &= alive - 1) tokens[count++] = tokens[std::countr_zero(alive)];
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

size_t PieceEncoder::FindOverlap(const Window& window, size_t length, const char* piece_end, Window* next) {
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
