#include "metering/usage_json.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace tokenmeter::metering {
namespace {

using Kind = UsageNode::Kind;

// No usage object lies deeper in what applications store.
constexpr size_t kDeepest = 8;
// Names, numbers and service tiers are shorter.
constexpr size_t kLongestText = 128;
constexpr size_t kMostNames = 512;
// Far more than a usage object has of members with known names.
constexpr size_t kMostNodes = 65536;

char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool SameInAnyCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, ToLower, ToLower);
}

// The library refuses a text for one number that no double can hold, wherever it stands. As strings, which
// may stand for numbers, they are taken: quotes every number of more than 300 characters or with an
// exponent.
std::string QuoteHugeNumbers(std::string_view json) {
  constexpr std::string_view kNumber = "+-.0123456789eE";
  constexpr size_t kHuge = 300;
  std::string quoted;
  quoted.reserve(json.size() + 16);
  for (size_t i = 0; i < json.size();) {
    size_t end = i + 1;
    bool huge = false;
    if (json[i] == '"') {
      while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
      end = std::min(end + 1, json.size());
    } else if (json[i] == '-' || (json[i] >= '0' && json[i] <= '9')) {
      end = std::min(json.find_first_not_of(kNumber, i), json.size());
      huge = end - i > kHuge || json.substr(i, end - i).find_first_of("eE") != json.npos;
    }
    if (huge) quoted += '"';
    quoted += json.substr(i, end - i);
    if (huge) quoted += '"';
    i = end;
  }
  return quoted;
}

}  // namespace

// Takes what nlohmann's parser, which does not recurse, finds in the text.
class UsageDocument::Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  Reader(UsageDocument* document, const std::vector<std::string_view>& names)
      : document_(document), names_(names) {}

  bool has_huge_number() const { return has_huge_number_; }

  bool null() override { return true; }
  bool boolean(bool value) override { return Add(Kind::kBoolean, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override { return Add(Kind::kNumber, std::to_string(value)); }
  bool number_unsigned(number_unsigned_t value) override {
    return Add(Kind::kNumber, std::to_string(value));
  }
  bool number_float(number_float_t, const string_t& text) override { return Add(Kind::kNumber, text); }
  bool string(string_t& value) override { return Add(Kind::kString, value); }
  bool binary(binary_t&) override { return false; }  // no JSON text has any

  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool start_array(size_t) override { return Open(Kind::kArray); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (skipped_ > 0) return true;
    key_ = {};
    const auto found = std::ranges::lower_bound(names_, std::string_view(name));
    if (found == names_.end() || *found != name) return true;
    auto seen = seen_[open_.size() - 1][static_cast<size_t>(found - names_.begin())];
    if (!seen) key_ = *found;
    seen = true;
    return true;
  }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    has_huge_number_ = error.id == kNumberOverflow;
    return false;
  }

 private:
  bool InObject() const { return !open_.empty() && document_->nodes_[open_.back()].kind == Kind::kObject; }

  bool Push(Kind kind, std::string_view text) {
    if (document_->nodes_.size() == kMostNodes) return false;
    const bool has_text = text.size() <= kLongestText;
    if (!has_text) text = {};
    const auto end = static_cast<uint32_t>(document_->nodes_.size() + 1);
    document_->nodes_.push_back({kind, has_text, end, key_, static_cast<uint32_t>(document_->text_.size()),
                                 static_cast<uint32_t>(text.size())});
    document_->text_ += text;
    key_ = {};
    return true;
  }

  // Of scalars, only members of objects are of use.
  bool Add(Kind kind, std::string_view text) {
    return skipped_ > 0 || !InObject() || key_.empty() || Push(kind, text);
  }

  bool Open(Kind kind) {
    const bool wanted = open_.empty() || (InObject() ? !key_.empty() : kind == Kind::kObject);
    if (skipped_ > 0 || !wanted || open_.size() == kDeepest) {
      ++skipped_;
      return true;
    }
    open_.push_back(static_cast<uint32_t>(document_->nodes_.size()));
    seen_[open_.size() - 1].reset();
    return Push(kind, {});
  }

  bool Close() {
    if (skipped_ > 0) {
      --skipped_;
      return true;
    }
    const uint32_t closed = open_.back();
    open_.pop_back();
    auto& nodes = document_->nodes_;
    nodes[closed].end = static_cast<uint32_t>(nodes.size());
    // An element with nothing of use in it.
    if (closed + 1 == nodes.size() && nodes[closed].key.empty() && !open_.empty()) nodes.pop_back();
    return true;
  }

  UsageDocument* document_;
  const std::vector<std::string_view>& names_;
  std::vector<uint32_t> open_;  // the objects and arrays that are being read
  std::bitset<kMostNames> seen_[kDeepest];
  size_t skipped_ = 0;  // how many that are passed over are open
  std::string_view key_;
  bool has_huge_number_ = false;
};

UsageDocument::Status UsageDocument::Read(std::string_view json,
                                          const std::vector<std::string_view>& names) {
  // Positions are numbers of 32 bits.
  if (json.size() > std::numeric_limits<uint32_t>::max() / 2 || names.size() > kMostNames) {
    return Status::kNotJson;
  }
  Reader reader(this, names);
  bool valid = nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
  if (!valid && reader.has_huge_number()) {
    nodes_.clear();
    text_.clear();
    const std::string quoted = QuoteHugeNumbers(json);
    Reader again(this, names);
    valid = nlohmann::json::sax_parse(quoted.begin(), quoted.end(), &again);
  }
  return valid && !nodes_.empty() && root()->kind == Kind::kObject ? Status::kOk : Status::kNotJson;
}

const UsageNode* UsageDocument::Find(const UsageNode* from, std::string_view path) const {
  const UsageNode* first = nullptr;
  Each(from, path, [&](const UsageNode& node) { first = first == nullptr ? &node : first; });
  return first;
}

const UsageNode* UsageDocument::Member(const UsageNode& object, std::string_view name) const {
  if (object.kind != Kind::kObject) return nullptr;
  const UsageNode* const nodes = nodes_.data();
  for (uint32_t i = Index(&object) + 1; i < object.end; i = nodes[i].end) {
    if (nodes[i].key == name) return nodes + i;
  }
  return nullptr;
}

bool UsageDocument::Holds(const UsageNode& object, std::string_view condition) const {
  const size_t equals = condition.find('=');
  const std::string_view value = condition.substr(equals + 1);
  const UsageNode* const member = Member(object, condition.substr(0, equals));
  if (value.empty()) return member == nullptr;
  return member != nullptr && member->has_text && SameInAnyCase(Text(*member), value);
}

const UsageNode* UsageDocument::Walk(const UsageNode* node, std::string_view* path) const {
  while (node != nullptr && !path->empty() && node->kind != Kind::kArray) {
    const std::string_view step = path->substr(0, path->find('/'));
    path->remove_prefix(std::min(step.size() + 1, path->size()));
    if (step.find('=') == step.npos) {
      node = Member(*node, step);
    } else if (!Holds(*node, step)) {
      return nullptr;
    }
  }
  return node;
}

}  // namespace tokenmeter::metering
