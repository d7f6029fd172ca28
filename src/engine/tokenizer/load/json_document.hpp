// A JSON text that is read once, as strictly as the loaders need it: all values lie in one array, in the
// order of the text, so that neither reading nor freeing a document recurses; a member that comes twice is
// an error, and every value knows its path, for messages.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tokenmeter::tokenizer {

class JsonValue;

class JsonDocument {
 public:
  // Reads the text. What is not JSON, is nested more than 128 levels deep, or has a member twice is a
  // DefinitionError. `name` is what paths begin with; without it, the names of the outermost members do.
  // Time O(n log n), space O(n).
  explicit JsonDocument(std::string_view text, std::string_view name = {});
  JsonDocument(const JsonDocument&) = delete;
  JsonDocument& operator=(const JsonDocument&) = delete;

  JsonValue root() const;

 private:
  friend class JsonValue;
  class Reader;

  enum class Kind : uint8_t { kNull, kBoolean, kInteger, kReal, kString, kArray, kObject };
  // A part of strings_.
  struct Range {
    uint32_t offset;
    uint32_t length;
  };
  union Scalar {
    int64_t integer;
    bool boolean;
    double real;
    Range string;
  };
  struct Node {
    Kind kind;
    uint32_t parent;
    uint32_t end;  // the node behind this one and all that is in it
    Range key;     // of a member
    Scalar scalar;
  };

  std::string_view Text(Range range) const {
    return std::string_view(strings_).substr(range.offset, range.length);
  }

  std::string name_;
  std::vector<Node> nodes_;
  std::string strings_;
};

// A value of a document, which must outlive it; as cheap to copy as a pointer. What is asked for and is not
// there, or of another type, is a DefinitionError that names the path.
class JsonValue {
 public:
  bool is_null() const { return node().kind == Kind::kNull; }
  bool is_string() const { return node().kind == Kind::kString; }
  bool is_array() const { return node().kind == Kind::kArray; }
  bool is_object() const { return node().kind == Kind::kObject; }

  bool Boolean() const;
  std::string_view String() const;
  // An integer from `least` to `greatest`.
  uint32_t Integer(uint32_t least, uint32_t greatest) const;
  double Number() const;

  // The name of a member.
  std::string_view key() const { return document_->Text(node().key); }

  // The elements of an array, or the members of an object.
  class Iterator;
  class Children;
  Children Elements() const;
  Children Members() const;

  // A member of an object. Null is as good as none. Linear in the number of members.
  std::optional<JsonValue> Find(std::string_view key) const;
  JsonValue Get(std::string_view key) const;
  bool BooleanOr(std::string_view key, bool otherwise) const;

  // Requires an object without other members than these.
  void AllowOnly(std::initializer_list<std::string_view> keys) const;

  // How to find the value: pre_tokenizer.pretokenizers[2].type
  std::string Path() const;

  // Throws a DefinitionError: the path, and what is wrong with it.
  [[noreturn]] void Fail(std::string_view what) const;
  // The same of a string that is not one of those known.
  [[noreturn]] void FailUnsupported() const;

 private:
  friend class JsonDocument;
  using Kind = JsonDocument::Kind;

  JsonValue(const JsonDocument* document, uint32_t index) : document_(document), index_(index) {}

  const JsonDocument::Node& node() const { return document_->nodes_[index_]; }
  Children All() const;

  const JsonDocument* document_;
  uint32_t index_;
};

class JsonValue::Iterator {
 public:
  JsonValue operator*() const { return value_; }
  Iterator& operator++() {
    value_.index_ = value_.node().end;
    return *this;
  }
  bool operator==(const Iterator& other) const { return value_.index_ == other.value_.index_; }

 private:
  friend class JsonValue;
  explicit Iterator(JsonValue value) : value_(value) {}
  JsonValue value_;
};

class JsonValue::Children {
 public:
  Iterator begin() const { return begin_; }
  Iterator end() const { return end_; }
  bool empty() const { return begin_ == end_; }
  // Linear.
  size_t size() const;

 private:
  friend class JsonValue;
  Children(Iterator begin, Iterator end) : begin_(begin), end_(end) {}
  Iterator begin_;
  Iterator end_;
};

}  // namespace tokenmeter::tokenizer
