// The table of templates. Sources: the models' published chat templates (chat_template in
// tokenizer_config.json), and for Mistral the templates of mistral-common.
#include "chat/template.hpp"

#include <algorithm>
#include <array>

namespace tokenmeter::chat {
namespace {

constexpr std::array<std::string_view, 2> kChatMlSpecials = {"<|im_start|>", "<|im_end|>"};
constexpr Turn kChatMlTurn = {"<|im_start|>{role}\n", "<|im_end|>\n"};
constexpr std::string_view kChatMlGeneration = "<|im_start|>assistant\n";

constexpr std::array<std::string_view, 4> kLlamaSpecials = {"<|begin_of_text|>", "<|start_header_id|>",
                                                            "<|end_header_id|>", "<|eot_id|>"};
constexpr Turn kLlamaTurn = {"<|start_header_id|>{role}<|end_header_id|>\n\n", "<|eot_id|>"};
constexpr std::string_view kLlamaGeneration = "<|start_header_id|>assistant<|end_header_id|>\n\n";

constexpr std::array<std::string_view, 2> kMistralV1Specials = {"<s>", "</s>"};
constexpr std::array<std::string_view, 9> kMistralSpecials = {
    "<s>",          "</s>",           "[INST]",          "[/INST]",           "[AVAILABLE_TOOLS]",
    "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[/AVAILABLE_TOOLS]"};

constexpr std::array<std::string_view, 3> kGemmaSpecials = {"<bos>", "<start_of_turn>", "<end_of_turn>"};

constexpr std::array<std::string_view, 13> kDeepSeekSpecials = {
    "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>",   "<｜User｜>",
    "<｜Assistant｜>",         "<｜tool▁calls▁begin｜>",  "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",   "<｜tool▁call▁end｜>",     "<｜tool▁outputs▁begin｜>",
    "<｜tool▁outputs▁end｜>",  "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>",
    "<｜tool▁sep｜>"};

constexpr std::array<std::string_view, 5> kHarmonySpecials = {"<|start|>", "<|end|>", "<|message|>",
                                                              "<|channel|>", "<|call|>"};

constexpr Template kTemplates[] = {
    {.name = "gpt-3.5-turbo-0301", .rule = RenderGpt35Of0301},
    {.name = "gpt-4", .rule = RenderGpt4},
    {.name = "gpt-4o", .rule = RenderGpt4o},
    {.name = "gpt-5", .rule = RenderGpt5},
    {.name = "chatml",
     .rule = RenderTurns,
     .specials = kChatMlSpecials,
     .user = kChatMlTurn,
     .generation = kChatMlGeneration},
    {.name = "llama3",
     .rule = RenderTurns,
     .specials = kLlamaSpecials,
     .begin = "<|begin_of_text|>",
     .user = kLlamaTurn,
     .generation = kLlamaGeneration,
     .trim = true},
    {.name = "llama3.1",
     .rule = RenderLlama31,
     .specials = kLlamaSpecials,
     .begin = "<|begin_of_text|>",
     .user = kLlamaTurn,
     .tool = {"<|start_header_id|>ipython<|end_header_id|>\n\n", "<|eot_id|>"},
     .generation = kLlamaGeneration,
     // The template's own date, which is there whatever the day is.
     .system = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n",
     .trim = true},
    {.name = "mistral-v1",
     .rule = RenderMistralV1,
     .specials = kMistralV1Specials,
     .begin = "<s>",
     .user = {"[INST] ", " [/INST]"},
     .assistant = {"", "</s>"}},
    {.name = "mistral-v3",
     .rule = RenderMistralV3,
     .specials = kMistralSpecials,
     .begin = "<s>",
     .user = {"[INST]", "[/INST]"},
     .assistant = {"", "</s>"},
     .tool = {"[TOOL_RESULTS]", "[/TOOL_RESULTS]"}},
    {.name = "gemma",
     .rule = RenderGemma,
     .specials = kGemmaSpecials,
     .begin = "<bos>",
     .user = {"<start_of_turn>user\n", "<end_of_turn>\n"},
     .assistant = {"<start_of_turn>model\n", "<end_of_turn>\n"},
     .generation = "<start_of_turn>model\n",
     .trim = true},
    {.name = "qwen2.5",
     .rule = RenderQwen25,
     .specials = kChatMlSpecials,
     .user = kChatMlTurn,
     .tool = {"\n<tool_response>\n", "\n</tool_response>"},
     .generation = kChatMlGeneration,
     .system = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."},
    {.name = "qwen3",
     .rule = RenderQwen3,
     .specials = kChatMlSpecials,
     .user = kChatMlTurn,
     .tool = {"\n<tool_response>\n", "\n</tool_response>"},
     .generation = kChatMlGeneration},
    {.name = "deepseek-v3",
     .rule = RenderDeepSeekV3,
     .specials = kDeepSeekSpecials,
     .begin = "<｜begin▁of▁sentence｜>",
     .user = {"<｜User｜>", ""},
     .assistant = {"<｜Assistant｜>", "<｜end▁of▁sentence｜>"},
     .tool = {"<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>"},
     .generation = "<｜Assistant｜>"},
    {.name = "harmony",
     .rule = RenderHarmony,
     .specials = kHarmonySpecials,
     .user = {"<|start|>user<|message|>", "<|end|>"},
     .assistant = {"<|start|>assistant<|channel|>final<|message|>", "<|end|>"},
     .tool = {" to=assistant<|channel|>commentary<|message|>", "<|end|>"},
     .generation = "<|start|>assistant"},
};

// What str.isspace() of Python says it of.
constexpr std::array<std::string_view, 29> kSpaces = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\x1c",   "\x1d",   "\x1e",   "\x1f",
    "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

struct EncodingTemplate {
  std::string_view encoding;
  std::string_view name;
};

constexpr EncodingTemplate kEncodingTemplates[] = {
    {"cl100k_base", "gpt-4"}, {"o200k_base", "gpt-4o"}, {"o200k_harmony", "harmony"}};

}  // namespace

std::span<const Template> Templates() { return kTemplates; }

const Template* FindTemplate(std::string_view name) {
  const auto found = std::ranges::find(kTemplates, name, &Template::name);
  return found == std::end(kTemplates) ? nullptr : found;
}

const Template* TemplateOfEncoding(std::string_view encoding) {
  const auto found = std::ranges::find(kEncodingTemplates, encoding, &EncodingTemplate::encoding);
  return found == std::end(kEncodingTemplates) ? nullptr : FindTemplate(found->name);
}

void Rendering::Fixed(std::string_view text) const { prompt->Fixed(text, chat_template.specials); }

void Rendering::Fixed(std::string_view text, std::string_view role) const {
  constexpr std::string_view kRole = "{role}";
  const size_t at = text.find(kRole);
  Fixed(text.substr(0, at));
  if (at == std::string_view::npos) return;
  prompt->Text(role);
  Fixed(text.substr(at + kRole.size()));
}

std::string ContentOf(const Rendering& rendering, const Message& message, std::string_view separator) {
  for (const Part& part : message.parts) {
    if (part.kind == Part::Kind::kText) continue;
    rendering.gaps->NoRule(part.place, part.kind == Part::Kind::kRefusal
                                           ? "The model's chat template has no refusals."
                                           : "Only texts are counted by the model's chat template.");
  }
  if (message.has_other_keys) rendering.gaps->Estimated();
  return TextOf(message, separator);
}

std::string_view Trim(std::string_view text) {
  const auto starts = [&](std::string_view space) { return text.starts_with(space); };
  const auto ends = [&](std::string_view space) { return text.ends_with(space); };
  for (auto space = std::ranges::find_if(kSpaces, starts); space != kSpaces.end();
       space = std::ranges::find_if(kSpaces, starts)) {
    text.remove_prefix(space->size());
  }
  for (auto space = std::ranges::find_if(kSpaces, ends); space != kSpaces.end();
       space = std::ranges::find_if(kSpaces, ends)) {
    text.remove_suffix(space->size());
  }
  return text;
}

void CountCallsAsText(const Rendering& rendering, const Message& message) {
  if (message.calls.empty()) return;
  rendering.gaps->NoRule(message.place, "The model's chat template has no rule for its tool calls.");
  for (const ToolCall& call : message.calls) {
    rendering.prompt->WholeText(call.name);
    rendering.prompt->WholeText(NormalizedArguments(call));
  }
}

void CountToolsAsText(const Rendering& rendering) {
  for (const Tool& tool : rendering.conversation.tools) {
    rendering.gaps->NoRule(tool.place, "The model's chat template has no rule for tool definitions.");
    rendering.prompt->Break();
    WriteJson(tool.json, 0, rendering.prompt->buffer());
    rendering.prompt->Break();
  }
}

void CountMessageAsText(const Rendering& rendering, const Message& message, const char* problem) {
  rendering.gaps->NoRule(message.place, problem);
  rendering.prompt->WholeText(TextOf(message, ""));
}

}  // namespace tokenmeter::chat
