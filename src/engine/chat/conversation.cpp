#include "chat/conversation.hpp"

#include <algorithm>
#include <array>

namespace tokenmeter::chat {
namespace {

constexpr std::array<std::string_view, 3> kReasoningKeys = {"reasoning_content", "reasoning", "thinking"};

constexpr std::array<std::string_view, 8> kReadKeys = {
    "role", "content", "name", "tool_calls", "function_call", "tool_call_id", "refusal", "audio"};

// Keys that are about a message and not in the prompt.
constexpr std::array<std::string_view, 6> kMetadataKeys = {"type",          "id",         "status", "index",
                                                           "cache_control", "annotations"};

template <size_t size>
bool Contains(const std::array<std::string_view, size>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

[[noreturn]] void Fail(const Place& place, const char* problem) {
  throw ChatError{TM_CHAT_BAD_MESSAGE, place, problem};
}

Place Within(Place place, const char* field, size_t index = Place::kNone) {
  place.field = field;
  place.index = index;
  return place;
}

Part ReadPart(Json json, const Place& place) {
  using Kind = Part::Kind;
  if (json.is_string()) return {Kind::kText, json.text(), json, place};
  if (!json.is_object()) Fail(place, "A part of a message's content is a string or an object.");
  const std::string_view type = json["type"].text();
  if (type == "image_url" || type == "input_image") return {Kind::kImage, {}, json, place};
  if (type == "refusal") return {Kind::kRefusal, json["refusal"].text(), json, place};
  if (const Json text = json["text"]; text.is_string()) return {Kind::kText, text.text(), json, place};
  return {Kind::kOther, {}, json, place};
}

void ReadContent(Json content, const char* field, Message* message) {
  const Place place = Within(message->place, field);
  if (content.is_string()) {
    message->parts.push_back({Part::Kind::kText, content.text(), content, place});
  } else if (content.is_array()) {
    size_t index = 0;
    for (Json part = content.first(); part; part = content.next(part)) {
      message->parts.push_back(ReadPart(part, Within(place, field, index++)));
    }
  } else if (!content || content.is(TM_JSON_NULL)) {
    message->null_content = true;
  } else {
    Fail(place, "The content of a message is a string, a list of parts, or null.");
  }
}

// What is no call of a function is one without a name, and a part that no rule covers.
void AddCall(Json id, Json function, const Place& place, Message* message) {
  if (!function["name"].is_string()) {
    message->calls.push_back({id.text(), {}, function});
    message->parts.push_back({Part::Kind::kOther, {}, function, place});
    return;
  }
  const Json arguments = function["arguments"];
  message->calls.push_back({id.text(), function["name"].text(), arguments ? arguments : function["input"]});
}

void ReadCalls(Json json, Message* message) {
  const Json calls = json["tool_calls"];
  size_t index = 0;
  for (Json call = calls.first(); call; call = calls.next(call)) {
    const Json function = call["function"];
    const Json custom = call["custom"];
    AddCall(call["id"],
            function ? function
            : custom ? custom
                     : call,
            Within(message->place, "tool_calls", index++), message);
  }
  if (calls.has_content() && !calls.is_array()) {
    AddCall({}, calls, Within(message->place, "tool_calls"), message);
  }
  if (const Json call = json["function_call"]; call.has_content()) {
    AddCall({}, call, Within(message->place, "function_call"), message);
  }
}

void ReadOtherKeys(Json json, Message* message) {
  for (Json key = json.first_key(); key; key = json.next_key(key)) {
    if (!key.value().has_content()) continue;
    if (!Contains(kReadKeys, key.text()) && !Contains(kReasoningKeys, key.text()) &&
        !Contains(kMetadataKeys, key.text())) {
      message->has_other_keys = true;
    }
  }
}

Message ReadMessage(Json json, const Place& place) {
  Message message{.place = place};
  const Json role = json["role"];
  if (!role.is_string()) Fail(place, "A message has a role.");
  message.role = role.text();
  message.name = json["name"].text();
  message.tool_call_id = json["tool_call_id"].text();
  for (const std::string_view key : kReasoningKeys) {
    if (message.reasoning.empty()) message.reasoning = json[key].text();
  }
  ReadContent(json["content"], "content", &message);
  if (const Json refusal = json["refusal"]; refusal.has_content()) {
    message.parts.push_back({Part::Kind::kRefusal, refusal.text(), refusal, Within(place, "refusal")});
  }
  if (const Json audio = json["audio"]; audio.has_content()) {
    message.parts.push_back({Part::Kind::kOther, {}, audio, Within(place, "audio")});
  }
  ReadCalls(json, &message);
  ReadOtherKeys(json, &message);
  return message;
}

// An item of the responses API that is no message. A function call belongs to the assistant's message
// before it.
void ReadItem(Json item, const Place& place, std::vector<Message>* messages) {
  const std::string_view type = item["type"].text();
  if (type == "function_call" || type == "custom_tool_call") {
    if (messages->empty() || messages->back().role != "assistant") {
      messages->push_back({.place = place, .role = "assistant", .null_content = true});
    }
    AddCall(item["call_id"], item, place, &messages->back());
  } else if (type == "function_call_output" || type == "custom_tool_call_output") {
    Message message{.place = place, .role = "tool", .tool_call_id = item["call_id"].text()};
    ReadContent(item["output"], "output", &message);
    messages->push_back(std::move(message));
  } else {
    Message message{.place = place};
    message.parts.push_back({Part::Kind::kOther, {}, item, place});
    messages->push_back(std::move(message));
  }
}

Tool ReadTool(Json json, const Place& place) {
  const Json nested = json["function"];
  const std::string_view type = json["type"].text();
  const Json function = nested ? nested : type.empty() || type == "function" ? json : Json();
  return {json, function["name"].is_string() ? function : Json(), place};
}

}  // namespace

std::string Place::ToString() const {
  std::string path = root;
  if (element != kNone) path += "[" + std::to_string(element) + "]";
  if (field != nullptr) path += std::string(".") + field;
  if (index != kNone) path += "[" + std::to_string(index) + "]";
  return path;
}

void Gaps::Add(TmChatGap gap, const Place& place, const char* problem) {
  exact_ = false;
  if (gap_ != TM_CHAT_NO_GAP) return;
  gap_ = gap;
  place_ = place;
  problem_ = problem;
}

Conversation ReadConversation(Json messages, Json tools) {
  Conversation conversation;
  if (messages.is_string()) {
    Message message{.role = "user"};
    ReadContent(messages, nullptr, &message);
    conversation.messages.push_back(std::move(message));
  } else if (!messages.is_array()) {
    throw ChatError{TM_CHAT_NO_MESSAGES, {}, nullptr};
  }
  size_t index = 0;
  for (Json json = messages.first(); json; json = messages.next(json)) {
    const Place place{.element = index++};
    if (!json.is_object()) Fail(place, "A message is an object.");
    const std::string_view type = json["type"].text();
    if (!json["role"] && !type.empty() && type != "message") {
      ReadItem(json, place, &conversation.messages);
    } else {
      conversation.messages.push_back(ReadMessage(json, place));
    }
  }
  index = 0;
  for (Json json = tools.first(); json; json = tools.next(json)) {
    conversation.tools.push_back(ReadTool(json, {.root = "tools", .element = index++}));
  }
  if (tools.has_content() && !tools.is_array()) {
    conversation.tools.push_back({tools, {}, {.root = "tools"}});
  }
  return conversation;
}

std::string TextOf(const Message& message, std::string_view separator) {
  std::string text;
  for (const Part& part : message.parts) {
    if (part.text.empty()) continue;
    if (!text.empty()) text += separator;
    text += part.text;
  }
  return text;
}

std::string NormalizedArguments(const ToolCall& call) {
  if (call.arguments.is_string()) return NormalizeJson(call.arguments.text());
  std::string text;
  if (call.arguments.has_content()) WriteJson(call.arguments, 0, &text);
  return text.empty() ? "{}" : text;
}

}  // namespace tokenmeter::chat
