// A conversation as both of OpenAI's APIs write it, read into one form. All views are into the JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat/chat.h"
#include "chat/json.hpp"

namespace tokenmeter::chat {

// Where in the JSON something is: messages[message].field[index].
struct Place {
  static constexpr size_t kNone = static_cast<size_t>(-1);
  const char* root = "messages";
  size_t element = kNone;
  const char* field = nullptr;
  size_t index = kNone;

  std::string ToString() const;
};

// The messages cannot be read. Thrown within the chat rules only; the door turns it into a status.
struct ChatError {
  TmChatStatus status;
  Place place;
  const char* problem;
};

// A part of a message's content.
struct Part {
  enum class Kind { kText, kRefusal, kImage, kOther };
  Kind kind;
  std::string_view text;  // of the first two
  Json json;              // the part itself, of the others
  Place place;
};

struct ToolCall {
  std::string_view id;
  std::string_view name;
  Json arguments;  // JSON as a string, an object, or none
};

struct Message {
  Place place = {};
  std::string_view role = {};  // "tool" also for the responses API's function_call_output
  std::string_view name = {};  // empty: none
  std::string_view tool_call_id = {};
  std::string_view reasoning = {};  // reasoning_content, as open models' servers have it
  bool null_content = false;        // null or missing
  bool has_other_keys = false;      // that may be in the prompt too
  std::vector<Part> parts = {};
  std::vector<ToolCall> calls = {};
};

// A tool definition in either API's form.
struct Tool {
  Json json;      // as it came
  Json function;  // the object with name, description and parameters; none: a tool of another kind
  Place place;
};

struct Conversation {
  std::vector<Message> messages;
  std::vector<Tool> tools;
};

// Throws a ChatError where the messages are none. Tools are taken as they are.
Conversation ReadConversation(Json messages, Json tools);

// The texts of a message's parts, joined.
std::string TextOf(const Message& message, std::string_view separator);

// The arguments of a call as JSON text, normalized (json.hpp); {} where there are none.
std::string NormalizedArguments(const ToolCall& call);

// What there is in a conversation that no rule covers: the first of it is told, all make the count inexact.
class Gaps {
 public:
  void Estimated() { exact_ = false; }
  void NoRule(const Place& place, const char* problem) { Add(TM_CHAT_GAP_NO_RULE, place, problem); }
  void ImageSize(const Place& place, const char* problem) { Add(TM_CHAT_GAP_IMAGE_SIZE, place, problem); }

  bool exact() const { return exact_; }
  TmChatGap gap() const { return gap_; }
  const Place& place() const { return place_; }
  const char* problem() const { return problem_; }

 private:
  void Add(TmChatGap gap, const Place& place, const char* problem);

  bool exact_ = true;
  TmChatGap gap_ = TM_CHAT_NO_GAP;
  Place place_;
  const char* problem_ = nullptr;
};

}  // namespace tokenmeter::chat
