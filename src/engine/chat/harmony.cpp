// Harmony, the format of gpt-oss, as the chat template that is published with the models writes it.
#include <unordered_set>

#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

// The date is the day's in truth; whatever it is, it has as many tokens.
constexpr std::string_view kSystem =
    "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
    "Knowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\nReasoning: medium\n\n"
    "# Valid channels: analysis, commentary, final. Channel must be included for every message.";
constexpr std::string_view kToolChannel =
    "\nCalls to these tools must go to the commentary channel: 'functions'.";

using Names = std::unordered_set<std::string_view>;

Names TextsOf(Json array) {
  Names texts;
  for (Json text = array.first(); text; text = array.next(text)) texts.insert(text.text());
  return texts;
}

// Tool definitions as TypeScript types.
class TypeScript {
 public:
  explicit TypeScript(std::string* out) : out_(*out) {}

  void WriteTool(Json function) {
    out_ += "// ";
    out_ += function["description"].text();
    out_ += "\ntype ";
    out_ += function["name"].text();
    const Json parameters = function["parameters"];
    if (!parameters["properties"].has_content()) {
      out_ += " = () => any;\n\n";
      return;
    }
    out_ += " = (_: {\n";
    const Json properties = parameters["properties"];
    const Names required = TextsOf(parameters["required"]);
    for (Json key = properties.first_key(); key; key = properties.next_key(key)) {
      WriteParameter(key, required);
    }
    out_ += "}) => any;\n\n";
  }

 private:
  void WriteParameter(Json key, const Names& required) {
    const Json schema = key.value();
    if (const Json description = schema["description"]; description.has_content()) {
      out_ += "// ";
      out_ += description.text();
      out_ += "\n";
    }
    WriteName(key, required);
    out_ += ": ";
    WriteType(schema, 0);
    WriteDefault(schema);
    out_ += ",\n";
  }

  void WriteName(Json key, const Names& required) {
    out_ += key.text();
    if (!required.contains(key.text())) out_ += "?";
  }

  void WriteDefault(Json schema) {
    const Json value = schema["default"];
    if (!value) return;
    out_ +=
        schema["oneOf"].has_content() && !schema["enum"].has_content() ? "// default: " : ", // default: ";
    if (schema["enum"].has_content() || schema["oneOf"].has_content()) {
      out_ += value.text();
    } else {
      WriteJson(value, 0, &out_);
    }
  }

  void WriteType(Json schema, int depth) {
    if (depth > TM_CHAT_DEEPEST_JSON) throw TooDeep();
    const Json type = schema["type"];
    const std::string_view name = type.text();
    if (name == "array") {
      WriteArray(schema, depth);
    } else if (type.is_array() && type.has_content()) {
      WriteUnion(type, " | ", "");
    } else if (schema["oneOf"].has_content()) {
      WriteVariants(schema["oneOf"], depth);
    } else if (name == "string" && schema["enum"].has_content()) {
      WriteUnion(schema["enum"], "\" | \"", "\"");
    } else if (name == "string") {
      out_ += schema["nullable"].is(TM_JSON_TRUE) ? "string | null" : "string";
    } else if (name == "number" || name == "integer") {
      out_ += "number";
    } else if (name == "boolean") {
      out_ += "boolean";
    } else if (name == "object") {
      WriteObject(schema, depth);
    } else {
      out_ += "any";
    }
  }

  void WriteUnion(Json names, std::string_view between, std::string_view around) {
    out_ += around;
    for (Json name = names.first(); name; name = names.next(name)) {
      out_ += name.text();
      if (names.next(name)) out_ += between;
    }
    out_ += around;
  }

  void WriteArray(Json schema, int depth) {
    constexpr size_t kLongestType = 50;
    const size_t start = out_.size();
    if (schema["items"].has_content()) {
      WriteType(schema["items"], depth + 1);
      if (out_.size() - start > kLongestType) out_.replace(start, std::string::npos, "any");
    } else {
      out_ += "any";
    }
    out_ += "[]";
    if (schema["nullable"].is(TM_JSON_TRUE)) out_ += " | null";
  }

  void WriteVariants(Json variants, int depth) {
    for (Json variant = variants.first(); variant; variant = variants.next(variant)) {
      WriteType(variant, depth + 1);
      if (const Json description = variant["description"]; description.has_content()) {
        out_ += "// ";
        out_ += description.text();
      }
      if (const Json value = variant["default"]) {
        out_ += std::string(20, ' ') + "// default: ";
        WriteJson(value, 0, &out_);
      }
      if (variants.next(variant)) out_ += " | \n";
    }
  }

  void WriteObject(Json schema, int depth) {
    const Json properties = schema["properties"];
    if (!properties.has_content()) {
      out_ += "object";
      return;
    }
    const Names required = TextsOf(schema["required"]);
    out_ += "{\n";
    for (Json key = properties.first_key(); key; key = properties.next_key(key)) {
      WriteName(key, required);
      out_ += ": \n" + std::string(16, ' ');
      WriteType(key.value(), depth + 1);
      if (properties.next_key(key)) out_ += ", ";
    }
    out_ += "}";
  }

  std::string& out_;
};

class Harmony {
 public:
  explicit Harmony(const Rendering& rendering)
      : rendering_(rendering), messages_(rendering.conversation.messages) {}

  void Render() {
    const auto& tools = rendering_.conversation.tools;
    rendering_.Fixed(kSystem);
    if (!tools.empty()) rendering_.prompt->Text(kToolChannel);
    rendering_.Fixed("<|end|>");
    auto message = messages_.begin();
    std::string instructions;
    if (message != messages_.end() && IsDeveloper(*message))
      instructions = ContentOf(rendering_, *message++);
    if (!instructions.empty() || !tools.empty()) RenderDeveloper(instructions);
    for (; message != messages_.end(); ++message) RenderMessage(*message);
    rendering_.Fixed(rendering_.chat_template.generation);
  }

 private:
  static bool IsDeveloper(const Message& message) {
    return message.role == "developer" || message.role == "system";
  }

  void RenderDeveloper(std::string_view instructions) {
    Prompt& prompt = *rendering_.prompt;
    rendering_.Fixed("<|start|>developer<|message|>");
    if (!instructions.empty()) {
      prompt.Text("# Instructions\n\n");
      prompt.Text(instructions);
      prompt.Text("\n\n");
    }
    if (!rendering_.conversation.tools.empty()) {
      prompt.Text("# Tools\n\n## functions\n\nnamespace functions {\n\n");
      for (const Tool& tool : rendering_.conversation.tools) RenderTool(tool);
      prompt.Text("} // namespace functions");
    }
    rendering_.Fixed("<|end|>");
  }

  void RenderTool(const Tool& tool) {
    if (tool.function) {
      TypeScript(rendering_.prompt->buffer()).WriteTool(tool.function);
    } else {
      rendering_.gaps->NoRule(tool.place, "The model's chat template has functions only.");
      WriteJson(tool.json, 0, rendering_.prompt->buffer());
    }
  }

  void RenderMessage(const Message& message) {
    const Template& chat_template = rendering_.chat_template;
    if (message.role == "assistant" && !message.calls.empty()) {
      RenderCall(message);
    } else if (message.role == "user" || message.role == "assistant") {
      const Turn& turn = message.role == "user" ? chat_template.user : chat_template.assistant;
      rendering_.Fixed(turn.before);
      rendering_.prompt->Text(ContentOf(rendering_, message));
      rendering_.Fixed(turn.after);
      if (message.role == "assistant") called_ = {};
    } else if (message.role == "tool" && !called_.empty()) {
      rendering_.Fixed("<|start|>functions.");
      rendering_.prompt->Text(called_);
      rendering_.Fixed(chat_template.tool.before);
      WriteJsonString(ContentOf(rendering_, message), rendering_.prompt->buffer());
      rendering_.Fixed(chat_template.tool.after);
    } else {
      CountMessageAsText(rendering_, message,
                         "The model's chat template has no message of this role here.");
    }
  }

  // The first call; and what was thought before it, until an answer has been given.
  void RenderCall(const Message& message) {
    const ToolCall& call = message.calls.front();
    const std::string content = ContentOf(rendering_, message);
    const std::string_view thought = content.empty() ? message.reasoning : std::string_view(content);
    if (message.calls.size() > 1 || (!content.empty() && !message.reasoning.empty())) {
      rendering_.gaps->NoRule(message.place,
                              "The model's chat template has one tool call in a message, and one thought.");
    }
    if (!thought.empty() && !IsAnswered(message)) {
      rendering_.Fixed("<|start|>assistant<|channel|>analysis<|message|>");
      rendering_.prompt->Text(thought);
      rendering_.Fixed("<|end|>");
    }
    rendering_.Fixed("<|start|>assistant to=functions.");
    rendering_.prompt->Text(call.name);
    rendering_.Fixed("<|channel|>commentary json<|message|>");
    rendering_.prompt->Text(NormalizedArguments(call));
    rendering_.Fixed("<|call|>");
    called_ = call.name;
  }

  bool IsAnswered(const Message& message) {
    if (last_answer_ == nullptr) {
      last_answer_ = &message;
      for (const Message& later : messages_) {
        if (later.role == "assistant" && later.calls.empty()) last_answer_ = &later;
      }
    }
    return last_answer_ > &message;
  }

  const Rendering& rendering_;
  const std::vector<Message>& messages_;
  std::string_view called_;               // the function that was called last
  const Message* last_answer_ = nullptr;  // once it has been looked for
};

}  // namespace

void RenderHarmony(const Rendering& rendering) { Harmony(rendering).Render(); }

}  // namespace tokenmeter::chat
