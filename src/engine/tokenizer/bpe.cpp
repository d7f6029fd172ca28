#include "tokenizer/bpe.hpp"

#include <algorithm>
#include <cstring>
#include <functional>

#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {

// What a skip saves must be worth the search for it: so many large windows.
static constexpr size_t kWorthwhile = 4;
// Merges of one window between two polls of the cancel flag.
static constexpr size_t kPollSteps = 64 * 1024;
// How far behind the window's start repetitions are skipped at once.
static constexpr ptrdiff_t kFarthest = 1024 * 1024;

size_t BpeEncoder::MergeSmallWindows(const Place& place, const char* end, SmallWindow* windows) {
  MergeJob jobs[kSmallWindows];
  MergeResult results[kSmallWindows];
  size_t count = 0;
  for (const char* at = place.at; count < kSmallWindows; at += kStride) {
    const size_t length = std::min<size_t>(MergeJob::kLongest, end - at);
    jobs[count++] = {at, length};
    if (at + length == end) break;
  }
  cpu_path->merge_jobs(vocabulary_, {jobs, count}, MergeWish::kCountsAndStarts, results);
  for (size_t i = 0; i < count; ++i) windows[i] = {jobs[i].bytes, jobs[i].length, results[i].starts};
  return count;
}

size_t BpeEncoder::SharedToken(const SmallWindow& earlier, const SmallWindow& later) {
  for (uint64_t rest = earlier.starts >> kStride & later.starts; rest != 0; rest &= rest - 1) {
    const auto at = static_cast<size_t>(std::countr_zero(rest));
    if (earlier.EndOfToken(kStride + at) == kStride + later.EndOfToken(at)) return at;
  }
  return kNoSharedToken;
}

uint32_t BpeEncoder::AddSymbols(const char* bytes, uint32_t end) {
  std::vector<Node>& nodes = scratch_->nodes;
  nodes.resize(end);
  uint32_t first = end;
  uint32_t previous = kNoNode;
  const auto add = [&](uint32_t at, TokenId token) {
    if (token == kNoToken) return;
    nodes[at] = {token, kNoToken, previous, end};
    (previous == kNoNode ? first : nodes[previous].next) = at;
    previous = at;
  };
  const auto byte_token = [&](uint32_t at) {
    return vocabulary_.ByteToken(static_cast<uint8_t>(bytes[at]));
  };
  const bool of_characters = vocabulary_.Has(ImageHeader::kOfCharacters);
  for (uint32_t at = 0; at < end;) {
    const uint32_t next = of_characters ? at + DecodeCharacter(bytes + at, bytes + end).length : at + 1;
    TokenId token = of_characters ? vocabulary_.FindToken(bytes + at, next - at) : byte_token(at);
    bool by_bytes = of_characters && token == kNoToken && vocabulary_.Has(ImageHeader::kByteFallback);
    for (uint32_t i = at; by_bytes && i < next; ++i) by_bytes = byte_token(i) != kNoToken;
    if (by_bytes) {
      for (; at < next; ++at) add(at, byte_token(at));
      continue;
    }
    add(at, token != kNoToken ? token : vocabulary_.header().unknown);
    at = next;
  }
  return first;
}

bool BpeEncoder::EncodeWindow(const char* bytes, const char* piece_end, size_t length, Window* window) {
  length = std::min<size_t>(length, piece_end - bytes);
  const auto end = static_cast<uint32_t>(length);
  // The heap orders candidates by the merged token's priority, then by position; those that an earlier
  // merge has made void stay in it, and are known by the node's `merged` no longer being of theirs.
  const auto candidate = [this](TokenId merged, uint32_t at) {
    return uint64_t{vocabulary_.PriorityOf(merged)} << 32 | at;
  };

  std::vector<Node>& nodes = scratch_->nodes;
  std::vector<uint64_t>& heap = scratch_->heap;
  heap.clear();
  const uint32_t first = AddSymbols(bytes, end);
  const auto find_merge = [&](uint32_t at) {
    Node& node = nodes[at];
    node.merged = node.next == end ? kNoToken : vocabulary_.Merge(node.token, nodes[node.next].token);
    if (node.merged != kNoToken) heap.push_back(candidate(node.merged, at));
    return node.merged != kNoToken;
  };
  for (uint32_t at = first; at != end; at = nodes[at].next) find_merge(at);
  std::make_heap(heap.begin(), heap.end(), std::greater<>());

  for (size_t steps = 1; !heap.empty(); ++steps) {
    if (steps % kPollSteps == 0 && cancelled_ != nullptr && cancelled_()) return false;
    const uint64_t lowest = heap.front();
    std::pop_heap(heap.begin(), heap.end(), std::greater<>());
    heap.pop_back();
    const auto at = static_cast<uint32_t>(lowest);
    Node& node = nodes[at];
    if (node.merged == kNoToken || candidate(node.merged, at) != lowest) continue;

    node.token = node.merged;
    nodes[node.next].merged = kNoToken;
    node.next = nodes[node.next].next;
    if (node.next != end) nodes[node.next].previous = at;
    if (find_merge(at)) std::push_heap(heap.begin(), heap.end(), std::greater<>());
    if (node.previous != kNoNode && find_merge(node.previous)) {
      std::push_heap(heap.begin(), heap.end(), std::greater<>());
    }
  }

  window->bytes = bytes;
  window->length = length;
  window->tokens.clear();
  for (uint32_t at = first; at != end; at = nodes[at].next) window->tokens.push_back(nodes[at].token);
  return true;
}

void BpeEncoder::FuseUnknown(std::vector<TokenId>* tokens) const {
  if (!vocabulary_.Has(ImageHeader::kFuseUnknown)) return;
  const TokenId unknown = vocabulary_.header().unknown;
  const auto repeated = [unknown](TokenId left, TokenId right) {
    return left == unknown && right == unknown;
  };
  tokens->erase(std::unique(tokens->begin(), tokens->end(), repeated), tokens->end());
}

size_t BpeEncoder::FindOverlap(const Window& window, const char* end) {
  // The cut at the window's end disturbs the tokens near it, hardly ever further than this.
  size_t margin = 2 * vocabulary_.longest_token();
  const char* const window_end = window.bytes + window.length;
  const char* at = window_end;
  size_t settled = window.tokens.size();
  for (; margin < window.length; margin *= 2) {
    while (settled > 0 && at > window_end - margin) at -= LengthOf(window.tokens[--settled]);
    if (settled == 0) return 0;
    if (!EncodeWindow(at, end, kLargeWindow, &scratch_->next)) return 0;
    if (scratch_->next.tokens.front() == window.tokens[settled]) return settled;
  }
  return 0;
}

bool BpeEncoder::RepeatsItself(const char* at, const char* end) {
  static constexpr size_t kLongestPeriod = 8;
  if (static_cast<size_t>(end - at) < kWorthwhile * kLargeWindow) return false;
  for (size_t period = 1; period <= kLongestPeriod; ++period) {
    if (std::memcmp(at, at + period, kLargeWindow) == 0) return true;
  }
  return false;
}

BpeEncoder::Cycle BpeEncoder::FindCycle(const Window& window, const char* end) {
  // Tokens near the window's edges may be disturbed.
  const size_t margin = window.length / 4;
  if (static_cast<size_t>(end - window.bytes) < kWorthwhile * window.length) return {};

  // The period of the bytes: their length without their longest border (what they begin and end with).
  const char* const text = window.bytes;
  std::vector<uint32_t>& borders = scratch_->borders;
  borders.assign(window.length + 1, 0);
  uint32_t border = 0;
  for (size_t i = 1; i < window.length; ++i) {
    while (border > 0 && text[i] != text[border]) border = borders[border];
    border += text[i] == text[border];
    borders[i + 1] = border;
  }
  const size_t period = window.length - border;
  if (period > margin) return {};
  // Not too far at once: the cancel flag is polled in between.
  const char* const farthest = end - text > kFarthest ? text + kFarthest : end;
  const char* repeats_until = text + window.length;
  while (repeats_until < farthest && *repeats_until == repeats_until[-static_cast<ptrdiff_t>(period)]) {
    ++repeats_until;
  }

  // Two places a number of periods apart at which the same token starts.
  const char* start = text;
  for (size_t first = 0; start < text + window.length - margin; start += LengthOf(window.tokens[first++])) {
    if (start < text + margin) continue;
    const char* again = start;
    for (size_t next = first; again < text + window.length - margin;
         again += LengthOf(window.tokens[next++])) {
      const auto distance = static_cast<size_t>(again - start);
      if (distance == 0 || distance % period != 0 || window.tokens[next] != window.tokens[first]) continue;
      const auto room = repeats_until - start - static_cast<ptrdiff_t>(window.length);
      if (room < static_cast<ptrdiff_t>(distance)) return {};
      const size_t times = static_cast<size_t>(room) / distance;
      return {first, next - first, times, start + times * distance};
    }
  }
  return {};
}

}  // namespace tokenmeter::tokenizer
