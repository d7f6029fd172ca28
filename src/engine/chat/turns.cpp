// Templates of one turn for each message, and without tools: ChatML, Llama 3, Gemma.
#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

constexpr const char* kNoToolMessages = "The model's chat template has no messages of tools.";

}  // namespace

void RenderTurns(const Rendering& rendering) {
  const Template& chat_template = rendering.chat_template;
  rendering.Fixed(chat_template.begin);
  for (const Message& message : rendering.conversation.messages) {
    if (message.role == "tool" || message.role.empty()) {
      CountMessageAsText(rendering, message, kNoToolMessages);
      continue;
    }
    const std::string content = ContentOf(rendering, message);
    rendering.Fixed(chat_template.user.before, message.role);
    rendering.prompt->Text(chat_template.trim ? Trim(content) : content);
    rendering.Fixed(chat_template.user.after);
    CountCallsAsText(rendering, message);
  }
  rendering.Fixed(chat_template.generation);
  CountToolsAsText(rendering);
}

// The system's message stands before the content of the first turn.
void RenderGemma(const Rendering& rendering) {
  const Template& chat_template = rendering.chat_template;
  std::string system;
  rendering.Fixed(chat_template.begin);
  for (const Message& message : rendering.conversation.messages) {
    const bool first = &message == &rendering.conversation.messages.front();
    if (message.role == "system" && first) {
      system = ContentOf(rendering, message) + "\n\n";
      continue;
    }
    if (message.role != "user" && message.role != "assistant") {
      CountMessageAsText(rendering, message,
                         "The model's chat template has no messages of this role here.");
      continue;
    }
    const Turn& turn = message.role == "user" ? chat_template.user : chat_template.assistant;
    rendering.Fixed(turn.before);
    rendering.prompt->Text(system);
    system.clear();
    rendering.prompt->Text(Trim(ContentOf(rendering, message)));
    rendering.Fixed(turn.after);
    CountCallsAsText(rendering, message);
  }
  rendering.Fixed(chat_template.generation);
  CountToolsAsText(rendering);
}

}  // namespace tokenmeter::chat
