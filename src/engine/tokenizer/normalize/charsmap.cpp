#include "tokenizer/normalize/charsmap.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tokenizer/definition.hpp"
#include "tokenizer/utf8.hpp"

namespace tokenmeter::tokenizer {
namespace {

// A unit of the double array. A node is a unit; its child for a byte stands at the node's base, with the
// byte xored, and says that byte. The node's own value, if it has one, stands at the base itself.
class Unit {
 public:
  explicit Unit(uint32_t bits) : bits_(bits) {}
  uint32_t base(uint32_t index) const { return index ^ (bits_ >> 10 << ((bits_ & 1u << 9) >> 6)); }
  bool has_value() const { return (bits_ >> 8 & 1) != 0; }
  bool IsChildFor(uint8_t byte) const { return (bits_ & (1u << 31 | 0xFF)) == byte; }
  uint32_t value() const { return bits_ & 0x7FFFFFFF; }

 private:
  uint32_t bits_;
};

constexpr uint32_t kNoUnit = 0xFFFFFFFF;

struct Trie {
  const uint32_t* units;
  uint32_t count;

  // The child of the node whose base this is.
  uint32_t Child(uint32_t base, uint8_t byte) const {
    const uint32_t index = base ^ byte;
    return index < count && Unit(units[index]).IsChildFor(byte) ? index : kNoUnit;
  }
  uint32_t Base(uint32_t node) const { return Unit(units[node]).base(node); }
  bool HasValue(uint32_t node) const { return Unit(units[node]).has_value() && Base(node) < count; }
  uint32_t Value(uint32_t node) const { return Unit(units[Base(node)]).value(); }
};

struct Header {
  uint64_t left_ascii[2];
  uint64_t unit_count;
};

// Goes once through what can be reached from the root, and makes sure that it ends, and soon. Builders
// share subtrees, so a node may have several parents.
class TrieCheck {
 public:
  TrieCheck(Trie trie, std::string_view values)
      : trie_(trie), values_(values), heights_(trie.count, kUnseen) {}

  void Run() {
    constexpr uint32_t kRoot = 0;
    Enter(kRoot);
    while (!path_.empty()) {
      Step& step = path_.back();
      if (step.next_byte == 256) {
        Leave();
        continue;
      }
      const uint32_t child = trie_.Child(trie_.Base(step.node), static_cast<uint8_t>(step.next_byte++));
      if (child == kNoUnit) continue;
      if (heights_[child] == kUnseen) {
        Enter(child);
      } else if (heights_[child] == kOnPath) {
        throw DefinitionError("precompiled_charsmap: the trie has a cycle");
      } else {
        step.height = std::max(step.height, heights_[child] + 1);
      }
    }
    if (heights_[kRoot] > static_cast<int>(Charsmap::kLongestKey)) {
      throw DefinitionError("precompiled_charsmap: a rule for more than " +
                            std::to_string(Charsmap::kLongestKey) + " bytes");
    }
  }

 private:
  static constexpr int kUnseen = -1;
  static constexpr int kOnPath = -2;

  struct Step {
    uint32_t node;
    int next_byte;
    int height;  // of what was seen below the node
  };

  void Enter(uint32_t node) {
    if (Unit(trie_.units[node]).has_value()) {
      const uint32_t base = trie_.Base(node);
      if (base >= trie_.count) throw DefinitionError("precompiled_charsmap: a value outside the trie");
      const uint32_t value = trie_.Value(node);
      if (value >= values_.size())
        throw DefinitionError("precompiled_charsmap: a replacement outside the file");
      if ((static_cast<uint8_t>(values_[value]) & 0xC0) == 0x80) {
        throw DefinitionError("precompiled_charsmap: a replacement that begins inside a character");
      }
    }
    heights_[node] = kOnPath;
    path_.push_back({node, 1, 0});
  }

  void Leave() {
    const Step done = path_.back();
    path_.pop_back();
    heights_[done.node] = done.height;
    if (!path_.empty()) path_.back().height = std::max(path_.back().height, done.height + 1);
  }

  const Trie trie_;
  const std::string_view values_;
  std::vector<int> heights_;
  std::vector<Step> path_;
};

bool IsLeft(const Trie& trie, uint8_t byte) {
  const uint32_t node = trie.Child(trie.Base(0), byte);
  if (node == kNoUnit) return true;
  if (trie.HasValue(node)) return false;
  for (uint8_t next = 1; next < 0x80; ++next) {
    if (trie.Child(trie.Base(node), next) != kNoUnit) return false;
  }
  return true;
}

void CheckUtf8(std::string_view values) {
  const char* end = values.data() + values.size();
  for (const char* at = values.data(); at < end;) {
    const DecodedCharacter c = DecodeCharacter(at, end);
    if (c.code_point == kInvalidCodePoint || (c.code_point >= 0xD800 && c.code_point < 0xE000)) {
      throw DefinitionError("precompiled_charsmap: a replacement is not UTF-8");
    }
    at += c.length;
  }
}

}  // namespace

std::string CompileCharsmap(std::string_view charsmap) {
  std::vector<uint32_t> units;
  std::string values;
  if (!charsmap.empty()) {
    uint32_t trie_bytes = 0;
    if (charsmap.size() < sizeof trie_bytes) throw DefinitionError("precompiled_charsmap: truncated");
    std::memcpy(&trie_bytes, charsmap.data(), sizeof trie_bytes);
    charsmap.remove_prefix(sizeof trie_bytes);
    if (trie_bytes > charsmap.size()) throw DefinitionError("precompiled_charsmap: truncated");
    if (trie_bytes == 0 || trie_bytes % sizeof(uint32_t) != 0) {
      throw DefinitionError("precompiled_charsmap: the trie is not of whole units");
    }
    units.resize(trie_bytes / sizeof(uint32_t));
    std::memcpy(units.data(), charsmap.data(), trie_bytes);
    values = charsmap.substr(trie_bytes);
    CheckUtf8(values);
  }
  values += '\0';  // ends the last one

  Header header{};
  const Trie trie{units.data(), static_cast<uint32_t>(units.size())};
  if (trie.count != 0) TrieCheck(trie, values).Run();
  for (uint8_t byte = 0; byte < 0x80; ++byte) {
    const bool is_left = trie.count == 0 || byte == 0 || IsLeft(trie, byte);
    header.left_ascii[byte / 64] |= uint64_t{is_left} << byte % 64;
  }
  header.unit_count = trie.count;

  std::string compiled(reinterpret_cast<const char*>(&header), sizeof header);
  compiled.append(reinterpret_cast<const char*>(units.data()), units.size() * sizeof(uint32_t));
  return compiled += values;
}

Charsmap::Charsmap(std::string_view compiled) {
  Header header;
  std::memcpy(&header, compiled.data(), sizeof header);
  std::copy_n(header.left_ascii, 2, left_ascii_);
  units_ = reinterpret_cast<const uint32_t*>(compiled.data() + sizeof header);
  unit_count_ = static_cast<uint32_t>(header.unit_count);
  values_ = compiled.data() + sizeof header + size_t{unit_count_} * sizeof(uint32_t);
}

template <bool first_only>
Charsmap::Match Charsmap::Find(std::string_view text) const {
  Match match;
  if (unit_count_ == 0) return match;
  const Trie trie{units_, unit_count_};
  uint32_t value = 0;
  uint32_t base = trie.Base(0);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    const uint32_t node = byte == 0 ? kNoUnit : trie.Child(base, byte);
    if (node == kNoUnit) break;
    base = trie.Base(node);
    if (!Unit(units_[node]).has_value()) continue;
    match.length = i + 1;
    value = Unit(units_[base]).value();
    if (first_only) break;
  }
  if (match.length != 0) match.value = values_ + value;
  return match;
}

template Charsmap::Match Charsmap::Find<true>(std::string_view text) const;
template Charsmap::Match Charsmap::Find<false>(std::string_view text) const;

}  // namespace tokenmeter::tokenizer
