// JSON as the door gets it, and as prompts have it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "chat/chat.h"

namespace tokenmeter::chat {

// A value in a flat document, or none.
class Json {
 public:
  Json() = default;
  Json(const TmJsonNode* document, size_t index) : document_(document), index_(index) {}

  explicit operator bool() const { return document_ != nullptr; }
  bool is(TmJsonKind kind) const { return document_ != nullptr && node().kind == kind; }
  bool is_string() const { return is(TM_JSON_STRING); }
  bool is_array() const { return is(TM_JSON_ARRAY); }
  bool is_object() const { return is(TM_JSON_OBJECT); }
  // Neither missing nor null, nor an empty string, array or object.
  bool has_content() const;

  // The text of a string or number; empty of all else.
  std::string_view text() const;

  // The value of a key of an object; none where it has none, or is no object. O(members).
  Json operator[](std::string_view key) const;

  // The elements of an array: for (Json e = array.first(); e; e = array.next(e)). Of anything else none.
  Json first() const { return is_array() ? At(index_ + 1) : Json(); }
  Json next(Json element) const { return At(element.node().end); }

  // The keys of an object likewise, and their values.
  Json first_key() const { return is_object() ? At(index_ + 1) : Json(); }
  Json next_key(Json key) const { return At(key.value().node().end); }
  Json value() const { return Json(document_, index_ + 1); }

 private:
  const TmJsonNode& node() const { return document_[index_]; }
  Json At(size_t index) const { return index < node().end ? Json(document_, index) : Json(); }

  const TmJsonNode* document_ = nullptr;
  size_t index_ = 0;
};

// Thrown where JSON that becomes part of a prompt is nested more than TM_CHAT_DEEPEST_JSON levels.
struct TooDeep {};

// Writes a value as Python's json.dumps(ensure_ascii=False) does, which is what chat templates use: ", "
// and
// ": " between, with `indent` > 0 on lines of their own. Keys come in the order in which tool definitions
// are customarily written, since the server's jsonb does not keep the order they came in.
void WriteJson(Json value, int indent, std::string* out);

// Writes a string with quotes and escapes.
void WriteJsonString(std::string_view text, std::string* out);

// Whether a text is a JSON document.
bool IsJson(std::string_view text);

// A JSON text as json.dumps(json.loads(text)) gives it, but for numbers, which stay as they are written;
// the text itself where it is no JSON.
std::string NormalizeJson(std::string_view text);

}  // namespace tokenmeter::chat
