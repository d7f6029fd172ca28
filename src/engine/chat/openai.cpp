// OpenAI's APIs. How they write a conversation into the prompt is not published; what it costs is: OpenAI's
// cookbook, "How to count tokens with tiktoken", and for images image.cpp. What a call of a tool costs is
// measured by others: three tokens beside its texts.
#include <string>

#include "chat/template.hpp"

namespace tokenmeter::chat {
namespace {

// Tokens beside those of the texts.
struct Overhead {
  int message;    // for each
  int name;       // for each message that has one
  int function;   // for each definition
  int reply = 3;  // where the answer begins
};

constexpr int kCall = 3;
constexpr int kProperties = 3;  // of a function that has any
constexpr int kProperty = 3;
constexpr int kEnum = -3;
constexpr int kEnumItem = 3;
constexpr int kFunctionsEnd = 12;  // behind the last

// Counts the definition of a function; the schemas within its properties by the same rule, which says
// nothing of them.
class FunctionCounter {
 public:
  explicit FunctionCounter(Prompt* prompt) : prompt_(prompt) {}

  void Count(Json function) {
    CountLine(function["name"].text(), {}, function["description"].text());
    CountProperties(function["parameters"], 0);
  }

 private:
  void CountProperties(Json schema, int depth) {
    if (depth > TM_CHAT_DEEPEST_JSON) throw TooDeep();
    const Json properties = schema["properties"];
    if (!properties.is_object() || !properties.has_content()) return;
    prompt_->AddTokens(kProperties);
    for (Json key = properties.first_key(); key; key = properties.next_key(key)) {
      const Json property = key.value();
      prompt_->AddTokens(kProperty);
      CountEnum(property["enum"]);
      std::string type = ":";
      type += property["type"].text();
      CountLine(key.text(), type, property["description"].text());
      CountProperties(property, depth + 1);
      CountProperties(property["items"], depth + 1);
    }
  }

  void CountEnum(Json items) {
    if (!items.is_array()) return;
    prompt_->AddTokens(kEnum);
    for (Json item = items.first(); item; item = items.next(item)) {
      prompt_->AddTokens(kEnumItem);
      prompt_->WholeText(item.text());
    }
  }

  // name:type:description, without its full stop.
  void CountLine(std::string_view name, std::string_view type, std::string_view description) {
    if (description.ends_with('.')) description.remove_suffix(1);
    prompt_->Break();
    prompt_->Text(name);
    prompt_->Text(type);
    prompt_->Text(":");
    prompt_->Text(description);
    prompt_->Break();
  }

  Prompt* prompt_;
};

void CountImage(const Rendering& rendering, const Part& part) {
  const ImageRule* rule = rendering.images;
  if (rule == nullptr) {
    rendering.gaps->NoRule(part.place, "What an image costs of this model is not published.");
    return;
  }
  if (rule->kind == ImageRule::Kind::kTiles && DetailOfImage(part.json) == "low") {
    rendering.prompt->AddTokens(rule->base);
    return;
  }
  const auto size = SizeOfImage(part.json);
  if (!size) {
    rendering.gaps->ImageSize(part.place, "The size of an image decides what it costs.");
    return;
  }
  // Bills are known to differ from what is published of patches.
  if (rule->kind == ImageRule::Kind::kPatches) rendering.gaps->Estimated();
  rendering.prompt->AddTokens(ImageTokens(*rule, *size));
}

void CountPart(const Rendering& rendering, const Part& part) {
  switch (part.kind) {
    case Part::Kind::kRefusal:
      rendering.gaps->Estimated();
      [[fallthrough]];
    case Part::Kind::kText:
      rendering.prompt->WholeText(part.text);
      return;
    case Part::Kind::kImage:
      CountImage(rendering, part);
      return;
    case Part::Kind::kOther:
      rendering.gaps->NoRule(part.place, "What it costs is not published.");
      return;
  }
}

void CountMessage(const Rendering& rendering, const Overhead& overhead, const Message& message) {
  Prompt& prompt = *rendering.prompt;
  if (!message.role.empty()) {
    prompt.AddTokens(overhead.message);
    prompt.WholeText(message.role);
  }
  for (const Part& part : message.parts) CountPart(rendering, part);
  if (!message.name.empty()) {
    prompt.AddTokens(overhead.name);
    prompt.WholeText(message.name);
  }
  for (const ToolCall& call : message.calls) {
    prompt.AddTokens(kCall);
    prompt.WholeText(call.name);
    if (call.arguments.is_string()) {
      prompt.WholeText(call.arguments.text());
    } else {
      prompt.WholeText(NormalizedArguments(call));
    }
  }
  if (!message.calls.empty() || message.role == "tool" || message.has_other_keys) {
    rendering.gaps->Estimated();
  }
}

void CountTools(const Rendering& rendering, const Overhead& overhead) {
  FunctionCounter counter(rendering.prompt);
  bool any = false;
  for (const Tool& tool : rendering.conversation.tools) {
    if (!tool.function) {
      rendering.gaps->NoRule(tool.place, "It is no function; what other tools cost is not published.");
      rendering.prompt->Break();
      WriteJson(tool.json, 0, rendering.prompt->buffer());
      rendering.prompt->Break();
      continue;
    }
    any = true;
    rendering.prompt->AddTokens(overhead.function);
    counter.Count(tool.function);
  }
  if (any) rendering.prompt->AddTokens(kFunctionsEnd);
  if (!rendering.conversation.tools.empty()) rendering.gaps->Estimated();
}

void Count(const Rendering& rendering, const Overhead& overhead) {
  for (const Message& message : rendering.conversation.messages) CountMessage(rendering, overhead, message);
  CountTools(rendering, overhead);
  rendering.prompt->AddTokens(overhead.reply);
}

}  // namespace

void RenderGpt35Of0301(const Rendering& rendering) { Count(rendering, {4, -1, 10}); }

void RenderGpt4(const Rendering& rendering) { Count(rendering, {3, 1, 10}); }

void RenderGpt4o(const Rendering& rendering) { Count(rendering, {3, 1, 7}); }

// Not published. Bills of o3, o4-mini and gpt-5 show one token less than the rule for GPT-4o has.
void RenderGpt5(const Rendering& rendering) {
  Count(rendering, {3, 1, 7, 2});
  rendering.gaps->Estimated();
}

}  // namespace tokenmeter::chat
