#include "chat/json.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace tokenmeter::chat {
namespace {

// The order of keys in tool definitions and JSON schemas; others come after these.
constexpr std::array<std::string_view, 14> kCustomaryKeys = {
    "type",       "function", "name",  "enum",    "items",  "description", "parameters",
    "properties", "required", "title", "default", "strict", "arguments",   "additionalProperties"};

std::vector<std::pair<size_t, Json>> KeysInOrder(Json object) {
  std::vector<std::pair<size_t, Json>> keys;
  for (Json key = object.first_key(); key; key = object.next_key(key)) {
    const auto found = std::ranges::find(kCustomaryKeys, key.text());
    keys.emplace_back(found - kCustomaryKeys.begin(), key);
  }
  std::ranges::stable_sort(keys, {}, &std::pair<size_t, Json>::first);
  return keys;
}

class Writer {
 public:
  Writer(int indent, std::string* out) : indent_(indent), out_(out) {}

  void Write(Json value, int depth) {
    if (depth > TM_CHAT_DEEPEST_JSON) throw TooDeep();
    if (value.is_object()) {
      WriteObject(value, depth);
    } else if (value.is_array()) {
      WriteArray(value, depth);
    } else if (value.is_string()) {
      WriteJsonString(value.text(), out_);
    } else if (value.is(TM_JSON_NUMBER)) {
      out_->append(value.text());
    } else {
      out_->append(value.is(TM_JSON_TRUE) ? "true" : value.is(TM_JSON_FALSE) ? "false" : "null");
    }
  }

 private:
  void WriteObject(Json object, int depth) {
    bool first = true;
    out_->push_back('{');
    for (const auto& [rank, key] : KeysInOrder(object)) {
      Separate(&first, depth);
      WriteJsonString(key.text(), out_);
      out_->append(": ");
      Write(key.value(), depth + 1);
    }
    Close('}', first, depth);
  }

  void WriteArray(Json array, int depth) {
    bool first = true;
    out_->push_back('[');
    for (Json element = array.first(); element; element = array.next(element)) {
      Separate(&first, depth);
      Write(element, depth + 1);
    }
    Close(']', first, depth);
  }

  void Separate(bool* first, int depth) {
    if (!*first) out_->append(indent_ > 0 ? "," : ", ");
    if (indent_ > 0) StartLine(depth + 1);
    *first = false;
  }

  void Close(char bracket, bool empty, int depth) {
    if (indent_ > 0 && !empty) StartLine(depth);
    out_->push_back(bracket);
  }

  void StartLine(int depth) {
    out_->push_back('\n');
    out_->append(static_cast<size_t>(depth) * indent_, ' ');
  }

  int indent_;
  std::string* out_;
};

// The end of the string that starts with the quote at `at`, in valid JSON.
size_t StringEnd(std::string_view json, size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

bool Json::has_content() const {
  if (document_ == nullptr || node().kind == TM_JSON_NULL) return false;
  if (is_string()) return node().length > 0;
  return !(is_array() || is_object()) || node().end > index_ + 1;
}

std::string_view Json::text() const {
  return is_string() || is(TM_JSON_NUMBER) ? std::string_view(node().bytes, node().length)
                                           : std::string_view();
}

Json Json::operator[](std::string_view key) const {
  for (Json found = first_key(); found; found = next_key(found)) {
    if (found.text() == key) return found.value();
  }
  return {};
}

void WriteJson(Json value, int indent, std::string* out) { Writer(indent, out).Write(value, 0); }

void WriteJsonString(std::string_view text, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  static constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kEscapes = "\"\\bfnrt";
  out->push_back('"');
  for (const char c : text) {
    const size_t escape = kEscaped.find(c);
    if (escape != std::string_view::npos) {
      out->push_back('\\');
      out->push_back(kEscapes[escape]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out->append("\\u00");
      out->push_back(kHex[c >> 4]);
      out->push_back(kHex[c & 15]);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

bool IsJson(std::string_view text) { return nlohmann::json::accept(text); }

std::string NormalizeJson(std::string_view text) {
  if (!IsJson(text)) return std::string(text);
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '"') {
      const size_t end = StringEnd(text, at);
      WriteJsonString(nlohmann::json::parse(text.substr(at, end - at)).get_ref<const std::string&>(), &out);
      at = end;
      continue;
    }
    if (c == ',' || c == ':') {
      out.push_back(c);
      out.push_back(' ');
    } else if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
      out.push_back(c);
    }
    ++at;
  }
  return out;
}

}  // namespace tokenmeter::chat
