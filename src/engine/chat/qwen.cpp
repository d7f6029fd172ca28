// Qwen 2.5 and 3: ChatML with tools.
#include <algorithm>

#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

constexpr std::string_view kBeforeTools =
    "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
    "You are provided with function signatures within <tools></tools> XML tags:\n<tools>";
constexpr std::string_view kBehindTools =
    "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
    "<tool_call></tool_call> XML tags:\n<tool_call>\n"
    "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>";

constexpr std::string_view kThink = "<think>";
constexpr std::string_view kEndOfThink = "</think>";

// The first turn, with the tools, where there is something to say. Returns whether the first message is in
// it.
bool RenderSystem(const Rendering& rendering) {
  const Conversation& conversation = rendering.conversation;
  const Template& chat_template = rendering.chat_template;
  const bool given = !conversation.messages.empty() && conversation.messages.front().role == "system";
  const bool tools = !conversation.tools.empty();
  if (!given && !tools && chat_template.system.empty()) return false;
  const std::string system =
      given ? ContentOf(rendering, conversation.messages.front()) : std::string(chat_template.system);
  rendering.Fixed(chat_template.user.before, "system");
  rendering.prompt->Text(system);
  if (tools) {
    if (given || !chat_template.system.empty()) rendering.prompt->Text("\n\n");
    rendering.prompt->Text(kBeforeTools);
    for (const Tool& tool : conversation.tools) {
      rendering.prompt->Text("\n");
      WriteJson(tool.json, 0, rendering.prompt->buffer());
    }
    rendering.prompt->Text(kBehindTools);
  }
  rendering.Fixed(chat_template.user.after);
  return given;
}

void RenderCall(const Rendering& rendering, const ToolCall& call) {
  rendering.prompt->Text("<tool_call>\n{\"name\": \"");
  rendering.prompt->Text(call.name);
  rendering.prompt->Text("\", \"arguments\": ");
  rendering.prompt->Text(NormalizedArguments(call));
  rendering.prompt->Text("}\n</tool_call>");
}

// Answers of tools that come together are one turn of the user.
void RenderToolMessage(const Rendering& rendering, const Message& message) {
  const Template& chat_template = rendering.chat_template;
  const Message* const first = &rendering.conversation.messages.front();
  const Message* const last = &rendering.conversation.messages.back();
  if (&message == first || (&message)[-1].role != "tool") rendering.Fixed("<|im_start|>user");
  rendering.prompt->Text(chat_template.tool.before);
  rendering.prompt->Text(ContentOf(rendering, message));
  rendering.prompt->Text(chat_template.tool.after);
  if (&message == last || (&message)[1].role != "tool") rendering.Fixed(chat_template.user.after);
}

void RenderAssistant25(const Rendering& rendering, const Message& message) {
  const std::string content = ContentOf(rendering, message);
  rendering.Fixed("<|im_start|>assistant");
  if (message.calls.empty() || !content.empty()) {
    rendering.prompt->Text("\n");
    rendering.prompt->Text(content);
  }
  for (const ToolCall& call : message.calls) {
    rendering.prompt->Text("\n");
    RenderCall(rendering, call);
  }
  rendering.Fixed(rendering.chat_template.user.after);
}

std::string_view TrimLineFeeds(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of('\n'), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of('\n') + 1);
}

std::string_view WithoutFirstLineFeeds(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of('\n'), text.size()));
}

// What an assistant thought, and said; thoughts may stand in the content.
struct Thought {
  std::string_view reasoning;
  std::string_view content;
};

Thought SplitThought(const Message& message, std::string_view content) {
  if (!message.reasoning.empty()) return {message.reasoning, content};
  const size_t first_end = content.find(kEndOfThink);
  if (first_end == std::string_view::npos) return {{}, content};
  std::string_view reasoning = content.substr(0, first_end);
  if (const size_t begin = reasoning.rfind(kThink); begin != std::string_view::npos) {
    reasoning.remove_prefix(begin + kThink.size());
  }
  return {TrimLineFeeds(reasoning),
          WithoutFirstLineFeeds(content.substr(content.rfind(kEndOfThink) + kEndOfThink.size()))};
}

// The last message that a user wrote: thoughts before it are left out.
const Message* LastQuery(const std::vector<Message>& messages) {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    const std::string content = TextOf(*message, "");
    const bool of_tool = content.starts_with("<tool_response>") && content.ends_with("</tool_response>");
    if (message->role == "user" && !of_tool) return &*message;
  }
  return &messages.back();
}

void RenderAssistant3(const Rendering& rendering, const Message& message, const Message* last_query) {
  const std::string content = ContentOf(rendering, message);
  const bool last = &message == &rendering.conversation.messages.back();
  const Thought thought = SplitThought(message, content);
  rendering.Fixed(rendering.chat_template.user.before, message.role);
  if (&message > last_query && (last || !thought.reasoning.empty())) {
    rendering.prompt->Text("<think>\n");
    rendering.prompt->Text(TrimLineFeeds(thought.reasoning));
    rendering.prompt->Text("\n</think>\n\n");
    rendering.prompt->Text(WithoutFirstLineFeeds(thought.content));
  } else {
    rendering.prompt->Text(thought.content);
  }
  for (const ToolCall& call : message.calls) {
    const bool first = &call == &message.calls.front();
    if (!first || !thought.content.empty()) rendering.prompt->Text("\n");
    RenderCall(rendering, call);
  }
  rendering.Fixed(rendering.chat_template.user.after);
}

template <typename RenderAssistant>
void Render(const Rendering& rendering, RenderAssistant render_assistant) {
  const std::vector<Message>& messages = rendering.conversation.messages;
  const bool first_is_done = RenderSystem(rendering);
  for (auto message = messages.begin() + first_is_done; message != messages.end(); ++message) {
    if (message->role == "assistant") {
      render_assistant(*message);
    } else if (message->role == "tool") {
      RenderToolMessage(rendering, *message);
    } else if (message->role == "user" || message->role == "system") {
      rendering.Fixed(rendering.chat_template.user.before, message->role);
      rendering.prompt->Text(ContentOf(rendering, *message));
      rendering.Fixed(rendering.chat_template.user.after);
    } else {
      CountMessageAsText(rendering, *message, "The model's chat template has no messages of this role.");
    }
  }
  rendering.Fixed(rendering.chat_template.generation);
}

}  // namespace

void RenderQwen25(const Rendering& rendering) {
  Render(rendering, [&](const Message& message) { RenderAssistant25(rendering, message); });
}

void RenderQwen3(const Rendering& rendering) {
  const std::vector<Message>& messages = rendering.conversation.messages;
  const Message* last_query = messages.empty() ? nullptr : LastQuery(messages);
  Render(rendering, [&](const Message& message) { RenderAssistant3(rendering, message, last_query); });
}

}  // namespace tokenmeter::chat
