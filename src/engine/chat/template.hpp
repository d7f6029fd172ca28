// Chat templates: what a conversation becomes, by the family of its model.
#pragma once

#include <span>
#include <string_view>

#include "chat/conversation.hpp"
#include "chat/image.hpp"
#include "chat/prompt.hpp"

namespace tokenmeter::chat {

struct Template;

// What a template's rule is given and fills in.
struct Rendering {
  const Template& chat_template;
  const Conversation& conversation;
  const ImageRule* images;  // the model's; null where none is published
  Prompt* prompt;
  Gaps* gaps;

  // Text of the template, and its special tokens.
  void Fixed(std::string_view text) const;
  // The same with the message's role where the text has {role}.
  void Fixed(std::string_view text, std::string_view role) const;
};

// What stands before and behind the content of a message.
struct Turn {
  std::string_view before;
  std::string_view after;
};

// The names of special tokens stand in the texts; each is one token of the model's encoding. What `rule`
// does not need is empty.
struct Template {
  std::string_view name;
  void (*rule)(const Rendering&);
  std::span<const std::string_view> specials = {};
  std::string_view begin = {};
  Turn user = {};  // and of all roles that have no turn of their own
  Turn assistant = {};
  Turn tool = {};
  std::string_view generation = {};  // where the answer begins
  std::string_view system = {};      // what the system says by itself
  bool trim = false;                 // the contents of messages
};

// The template of that name; null where there is none.
const Template* FindTemplate(std::string_view name);

// All of them, in a fixed order.
std::span<const Template> Templates();

// The template of the models that an encoding is made for; null where it has none that is known.
const Template* TemplateOfEncoding(std::string_view encoding);

// The rules. Each adds to the prompt and the gaps.
void RenderGpt4(const Rendering&);  // openai.cpp; of OpenAI's APIs, function definitions of ten tokens each
void RenderGpt4o(const Rendering&);        // the same, of seven
void RenderGpt5(const Rendering&);         // the same, of models that think
void RenderGpt35Of0301(const Rendering&);  // the same, with the overhead that its first release had
void RenderTurns(const Rendering&);        // turns.cpp; one turn for each message, and no tools
void RenderLlama31(const Rendering&);      // llama.cpp
void RenderQwen25(const Rendering&);       // qwen.cpp
void RenderQwen3(const Rendering&);
void RenderMistralV1(const Rendering&);  // mistral.cpp
void RenderMistralV3(const Rendering&);
void RenderGemma(const Rendering&);       // turns.cpp
void RenderDeepSeekV3(const Rendering&);  // deepseek.cpp
void RenderHarmony(const Rendering&);     // harmony.cpp

// For the rules of open models. The content of a message: its texts, joined by `separator`. What is no text
// is a gap.
std::string ContentOf(const Rendering& rendering, const Message& message, std::string_view separator = "");

// Without white space at both ends, as Python's strip() has it.
std::string_view Trim(std::string_view text);

// What the template has no rule for: a gap, and its text is counted by itself.
void CountCallsAsText(const Rendering& rendering, const Message& message);
void CountToolsAsText(const Rendering& rendering);
void CountMessageAsText(const Rendering& rendering, const Message& message, const char* problem);

}  // namespace tokenmeter::chat
