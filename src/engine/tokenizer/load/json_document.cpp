#include "tokenizer/load/json_document.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "tokenizer/compile_interrupt.hpp"
#include "tokenizer/load/json_number.hpp"
#include "tokenizer/load/load_error.hpp"

namespace tokenmeter::tokenizer {
namespace {

constexpr uint32_t kDeepest = 128;

bool IsIdentifier(std::string_view key) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !key.empty() && key.size() <= 64 && std::ranges::all_of(key, is_word);
}

}  // namespace

// Takes what nlohmann's parser, which does not recurse either, finds in the text.
class JsonDocument::Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit Reader(JsonDocument* document) : document_(document) {}

  bool null() override { return Add(Kind::kNull, {}); }
  bool boolean(bool value) override { return Add(Kind::kBoolean, {.boolean = value}); }
  bool number_integer(number_integer_t value) override { return Add(Kind::kInteger, {.integer = value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > uint64_t{std::numeric_limits<int64_t>::max()}) {
      return Add(Kind::kReal, {.real = static_cast<double>(value)});
    }
    return Add(Kind::kInteger, {.integer = static_cast<int64_t>(value)});
  }
  bool number_float(number_float_t, const string_t& text) override {
    return Add(Kind::kReal, {.real = ReadJsonNumber(text)});
  }
  bool string(string_t& value) override { return Add(Kind::kString, {.string = Store(value)}); }
  bool binary(binary_t&) override { return false; }  // no JSON text has any

  bool start_array(size_t) override { return Open(Kind::kArray); }
  bool start_object(size_t) override { return Open(Kind::kObject); }
  bool key(string_t& value) override {
    key_ = Store(value);
    return true;
  }
  bool end_array() override { return Close(); }
  bool end_object() override {
    RequireDistinctKeys();
    return Close();
  }

  // `read` counts the bytes up to the one that does not fit.
  bool parse_error(size_t read, const std::string&, const nlohmann::detail::exception&) override {
    Fail(document_->name_.empty() ? "the file" : document_->name_, " is not valid JSON at byte ",
         read - std::min<size_t>(read, 1));
  }

 private:
  Range Store(const std::string& text) {
    const Range range{static_cast<uint32_t>(document_->strings_.size()),
                      static_cast<uint32_t>(text.size())};
    document_->strings_ += text;
    return range;
  }

  bool Add(Kind kind, Scalar scalar) {
    CompileInterrupt::Poll();
    const auto end = static_cast<uint32_t>(document_->nodes_.size() + 1);
    document_->nodes_.push_back({kind, open_, end, key_, scalar});
    key_ = {};
    return true;
  }

  bool Open(Kind kind) {
    Add(kind, {});
    open_ = static_cast<uint32_t>(document_->nodes_.size() - 1);
    if (++depth_ > kDeepest) {
      JsonValue(document_, open_).Fail("is nested more than " + std::to_string(kDeepest) + " levels deep");
    }
    return true;
  }

  bool Close() {
    Node& node = document_->nodes_[open_];
    node.end = static_cast<uint32_t>(document_->nodes_.size());
    open_ = node.parent;
    --depth_;
    return true;
  }

  // Sorted, because a file could make the keys of a hash table collide.
  void RequireDistinctKeys() {
    keys_.clear();
    for (uint32_t i = open_ + 1; i < document_->nodes_.size(); i = document_->nodes_[i].end) {
      keys_.push_back(document_->Text(document_->nodes_[i].key));
    }
    std::ranges::sort(keys_, [](std::string_view left, std::string_view right) {
      CompileInterrupt::Poll();
      return left < right;
    });
    const auto twice = std::ranges::adjacent_find(keys_);
    if (twice != keys_.end()) JsonValue(document_, open_).Fail("has " + Quote(*twice) + " twice");
  }

  JsonDocument* document_;
  uint32_t open_ =
      0;  // the array or object that is being read; of the root its parent, which is never used
  uint32_t depth_ = 0;
  Range key_{};
  std::vector<std::string_view> keys_;
};

JsonDocument::JsonDocument(std::string_view text, std::string_view name) : name_(name) {
  const std::string_view whole = name.empty() ? "the file" : name;
  // Positions are numbers of 32 bits.
  if (text.size() > std::numeric_limits<uint32_t>::max() / 2) tokenizer::Fail(whole, " is too large");
  if (const size_t at = FindInvalidUtf8(text); at != text.npos) {
    tokenizer::Fail(whole, " is not valid UTF-8 at byte ", at);
  }
  strings_.reserve(text.size());  // so that it never moves
  Reader reader(this);
  nlohmann::json::sax_parse(text.data(), text.data() + text.size(), &reader);
}

JsonValue JsonDocument::root() const { return {this, 0}; }

bool JsonValue::Boolean() const {
  if (node().kind != Kind::kBoolean) Fail("must be true or false");
  return node().scalar.boolean;
}

std::string_view JsonValue::String() const {
  if (node().kind != Kind::kString) Fail("must be a string");
  return document_->Text(node().scalar.string);
}

uint32_t JsonValue::Integer(uint32_t least, uint32_t greatest) const {
  if (node().kind != Kind::kInteger || node().scalar.integer < least || node().scalar.integer > greatest) {
    Fail("must be an integer from " + std::to_string(least) + " to " + std::to_string(greatest));
  }
  return static_cast<uint32_t>(node().scalar.integer);
}

double JsonValue::Number() const {
  if (node().kind == Kind::kInteger) return static_cast<double>(node().scalar.integer);
  if (node().kind != Kind::kReal) Fail("must be a number");
  if (!std::isfinite(node().scalar.real)) Fail("is too large");
  return node().scalar.real;
}

JsonValue::Children JsonValue::All() const {
  return {Iterator({document_, index_ + 1}), Iterator({document_, node().end})};
}

JsonValue::Children JsonValue::Elements() const {
  if (!is_array()) Fail("must be an array");
  return All();
}

JsonValue::Children JsonValue::Members() const {
  if (!is_object()) Fail("must be an object");
  return All();
}

size_t JsonValue::Children::size() const {
  size_t count = 0;
  for (Iterator at = begin_; !(at == end_); ++at) ++count;
  return count;
}

std::optional<JsonValue> JsonValue::Find(std::string_view key) const {
  for (const JsonValue member : Members()) {
    if (member.key() == key) return member.is_null() ? std::nullopt : std::optional(member);
  }
  return std::nullopt;
}

JsonValue JsonValue::Get(std::string_view key) const {
  const auto found = Find(key);
  if (!found.has_value()) Fail("has no " + Quote(key));
  return *found;
}

bool JsonValue::BooleanOr(std::string_view key, bool otherwise) const {
  const auto found = Find(key);
  return found.has_value() ? found->Boolean() : otherwise;
}

void JsonValue::AllowOnly(std::initializer_list<std::string_view> keys) const {
  for (const JsonValue member : Members()) {
    if (std::ranges::find(keys, member.key()) == keys.end()) member.Fail("is not supported");
  }
}

std::string JsonValue::Path() const {
  std::vector<JsonValue> values;  // from this one outwards, without the root
  for (JsonValue value = *this; value.index_ != 0; value.index_ = value.node().parent)
    values.push_back(value);
  std::string path = document_->name_;
  for (auto value = values.rbegin(); value != values.rend(); ++value) {
    const JsonValue parent(document_, value->node().parent);
    if (parent.is_array()) {
      size_t position = 0;
      for (uint32_t i = parent.index_ + 1; i != value->index_; i = document_->nodes_[i].end) ++position;
      path += "[" + std::to_string(position) + "]";
    } else if (IsIdentifier(value->key())) {
      path += (path.empty() ? "" : ".") + std::string(value->key());
    } else {
      path += "[" + Quote(value->key()) + "]";
    }
  }
  return path.empty() ? "the file" : path;
}

void JsonValue::Fail(std::string_view what) const { tokenizer::Fail(Path(), " ", what); }

void JsonValue::FailUnsupported() const { Fail(Quote(String()) + " is not supported"); }

}  // namespace tokenmeter::tokenizer
