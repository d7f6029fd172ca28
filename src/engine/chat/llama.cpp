// Llama 3.1 and its successors: the system always speaks; tools are told to the first user.
#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

constexpr std::string_view kToolInstructions =
    "Given the following functions, please respond with a JSON for a function call with its proper "
    "arguments "
    "that best answers the given prompt.\n\n"
    "Respond in the format {\"name\": function name, \"parameters\": dictionary of argument name and its "
    "value}."
    "Do not use variables.\n\n";

void RenderTools(const Rendering& rendering) {
  constexpr int kIndent = 4;
  rendering.prompt->Text(kToolInstructions);
  for (const Tool& tool : rendering.conversation.tools) {
    WriteJson(tool.json, kIndent, rendering.prompt->buffer());
    rendering.prompt->Text("\n\n");
  }
}

void RenderCall(const Rendering& rendering, const Message& message) {
  if (message.calls.size() > 1 || !TextOf(message, "").empty()) {
    rendering.gaps->NoRule(message.place,
                           "The model's chat template has one tool call in a message, and no text.");
  }
  const ToolCall& call = message.calls.front();
  rendering.Fixed(rendering.chat_template.user.before, "assistant");
  rendering.prompt->Text("{\"name\": \"");
  rendering.prompt->Text(call.name);
  rendering.prompt->Text("\", \"parameters\": ");
  rendering.prompt->Text(NormalizedArguments(call));
  rendering.prompt->Text("}");
  rendering.Fixed(rendering.chat_template.user.after);
}

void RenderMessage(const Rendering& rendering, const Message& message, bool with_tools) {
  const Template& chat_template = rendering.chat_template;
  const std::string content = ContentOf(rendering, message);
  if (message.role.empty()) return;
  if (message.role == "tool" || message.role == "ipython") {
    rendering.Fixed(chat_template.tool.before);
    WriteJsonString(content, rendering.prompt->buffer());
    rendering.Fixed(chat_template.tool.after);
  } else if (!message.calls.empty()) {
    RenderCall(rendering, message);
  } else {
    rendering.Fixed(chat_template.user.before, with_tools ? "user" : message.role);
    if (with_tools) RenderTools(rendering);
    rendering.prompt->Text(Trim(content));
    rendering.Fixed(chat_template.user.after);
  }
}

}  // namespace

void RenderLlama31(const Rendering& rendering) {
  const Template& chat_template = rendering.chat_template;
  const std::vector<Message>& messages = rendering.conversation.messages;
  bool tools = !rendering.conversation.tools.empty();
  auto message = messages.begin();

  rendering.Fixed(chat_template.begin);
  rendering.Fixed(chat_template.user.before, "system");
  if (tools) rendering.prompt->Text("Environment: ipython\n");
  rendering.prompt->Text(chat_template.system);
  if (message != messages.end() && message->role == "system") {
    rendering.prompt->Text(Trim(ContentOf(rendering, *message++)));
  }
  rendering.Fixed(chat_template.user.after);
  if (tools && message == messages.end()) CountToolsAsText(rendering);
  for (; message != messages.end(); ++message) {
    RenderMessage(rendering, *message, tools);
    tools = false;
  }
  rendering.Fixed(chat_template.generation);
}

}  // namespace tokenmeter::chat
