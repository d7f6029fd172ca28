// DeepSeek V3, whose published template says once for the whole chat that a first call and a first answer
// of a tool have been.
#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

class DeepSeek {
 public:
  explicit DeepSeek(const Rendering& rendering) : rendering_(rendering) {}

  void Render() {
    RenderSystem();
    for (const Message& message : rendering_.conversation.messages) RenderMessage(message);
    if (tool_spoke_) {
      rendering_.Fixed("<｜tool▁outputs▁end｜>");
    } else {
      rendering_.Fixed(rendering_.chat_template.generation);
    }
    CountToolsAsText(rendering_);
  }

 private:
  void RenderSystem() {
    bool first = true;
    rendering_.Fixed(rendering_.chat_template.begin);
    for (const Message& message : rendering_.conversation.messages) {
      if (message.role != "system") continue;
      if (!first) rendering_.prompt->Text("\n\n");
      first = false;
      rendering_.prompt->Text(ContentOf(rendering_, message));
    }
  }

  void RenderMessage(const Message& message) {
    if (message.role == "system") return;
    if (message.role == "user") {
      tool_spoke_ = false;
      rendering_.Fixed(rendering_.chat_template.user.before);
      rendering_.prompt->Text(ContentOf(rendering_, message));
    } else if (message.role == "assistant" && message.null_content) {
      tool_spoke_ = false;
      for (const ToolCall& call : message.calls) RenderCall(call);
    } else if (message.role == "assistant") {
      RenderAnswer(message);
      CountCallsAsText(rendering_, message);
    } else if (message.role == "tool") {
      RenderToolMessage(message);
    } else {
      CountMessageAsText(rendering_, message, "The model's chat template has no messages of this role.");
    }
  }

  void RenderCall(const ToolCall& call) {
    rendering_.Fixed(any_call_ ? "\n<｜tool▁call▁begin｜>"
                               : "<｜Assistant｜><｜tool▁calls▁begin｜><｜tool▁call▁begin｜>");
    rendering_.Fixed("function<｜tool▁sep｜>");
    rendering_.prompt->Text(call.name);
    rendering_.prompt->Text("\n```json\n");
    rendering_.prompt->Text(call.arguments.is_string() ? std::string(call.arguments.text())
                                                       : NormalizedArguments(call));
    rendering_.Fixed("\n```<｜tool▁call▁end｜>");
    if (any_call_) rendering_.Fixed("<｜tool▁calls▁end｜><｜end▁of▁sentence｜>");
    any_call_ = true;
  }

  void RenderAnswer(const Message& message) {
    rendering_.Fixed(tool_spoke_ ? "<｜tool▁outputs▁end｜>" : rendering_.chat_template.assistant.before);
    rendering_.prompt->Text(ContentOf(rendering_, message));
    rendering_.Fixed(rendering_.chat_template.assistant.after);
    tool_spoke_ = false;
  }

  void RenderToolMessage(const Message& message) {
    rendering_.Fixed(any_output_ ? "\n" : "<｜tool▁outputs▁begin｜>");
    rendering_.Fixed(rendering_.chat_template.tool.before);
    rendering_.prompt->Text(ContentOf(rendering_, message));
    rendering_.Fixed(rendering_.chat_template.tool.after);
    any_output_ = true;
    tool_spoke_ = true;
  }

  const Rendering& rendering_;
  bool any_call_ = false;
  bool any_output_ = false;
  bool tool_spoke_ = false;  // and nobody since
};

}  // namespace

void RenderDeepSeekV3(const Rendering& rendering) { DeepSeek(rendering).Render(); }

}  // namespace tokenmeter::chat
